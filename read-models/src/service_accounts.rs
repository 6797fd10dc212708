//! Service accounts, each with its keys, and when these were last used.

mod list;
mod table;
mod uses;

pub(crate) use table::ServiceAccounts;
pub(crate) use uses::KeyUses;

use crate::{Happened, Unfoldable};
use events::{Fact, KeyId, Permission, SecretHash, ServiceAccountId, Timestamp, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One service account. One that was removed has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccountRow {
    /// Its id.
    pub id: ServiceAccountId,
    /// What people call it.
    pub name: String,
    /// The most that its keys may permit.
    pub permissions: BTreeSet<Permission>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its keys that were not revoked, in the order in which they were issued.
    pub keys: Vec<KeyRow>,
    /// The version of its stream.
    pub version: Version,
}

/// One key of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it no longer holds.
    pub expires_at: Timestamp,
    /// What proves its secret.
    pub secret_hash: SecretHash,
}

impl ServiceAccountRow {
    /// The account that these facts tell of, in stream order from the first; none before it was created and after it was
    /// removed.
    pub fn fold<'a>(
        id: ServiceAccountId,
        history: impl IntoIterator<Item = Happened<'a>>,
    ) -> Result<Option<Self>, Unfoldable> {
        let mut row = None;
        for happened in history {
            Self::apply(&mut row, id, &happened)?;
        }
        Ok(row)
    }

    /// Takes in one more fact of the account's stream. What does not fit leaves the row as it was.
    pub fn apply(
        row: &mut Option<Self>,
        id: ServiceAccountId,
        happened: &Happened<'_>,
    ) -> Result<(), Unfoldable> {
        if let (None, Fact::ServiceAccountCreated(fact)) = (&*row, happened.fact) {
            *row = Some(Self {
                id,
                name: crate::columns::text(&fact.name),
                permissions: fact.permissions.clone(),
                created_at: happened.at,
                keys: Vec::new(),
                version: happened.version,
            });
            return Ok(());
        }
        let Some(account) = row else { return Err(happened.out_of_place()) };
        happened.follows(account.version)?;
        if let Fact::ServiceAccountRemoved = happened.fact {
            *row = None;
            return Ok(());
        }
        account.change(happened)?;
        account.version = happened.version;
        Ok(())
    }

    fn change(&mut self, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        if let Fact::KeyIssued(fact) = happened.fact {
            self.keys.push(KeyRow {
                id: fact.key_id,
                name: crate::columns::text(&fact.name),
                permissions: fact.permissions.clone(),
                issued_at: happened.at,
                expires_at: fact.expires_at,
                secret_hash: fact.secret_hash,
            });
            return Ok(());
        }
        if let Fact::KeyRevoked(fact) = happened.fact {
            self.keys.retain(|key| key.id != fact.key_id);
            return Ok(());
        }
        Err(happened.out_of_place())
    }
}
