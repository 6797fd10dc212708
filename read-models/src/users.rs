//! People: who they are, and whether they may sign in.

use crate::{Happened, Projected, ReadModels, ReadModelsError, Shown, Unfoldable};
use events::{RoleName, Timestamp, UserId, Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The person.
    pub user_id: UserId,
    /// The address; none once erased.
    pub email: Option<String>,
    /// The name to show, when the person gave one; none once erased.
    pub display_name: Option<String>,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// Whether the person may sign in.
    pub status: UserStatus,
    /// All roles.
    pub roles: BTreeSet<RoleName>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything on the person's stream last happened.
    pub updated_at: Timestamp,
    /// When the person last signed in. Questions fill it in from the sessions; a fold of the person's own stream
    /// leaves it empty.
    pub last_login_at: Option<Timestamp>,
    /// The version of the person's stream.
    pub version: Version,
}

/// Whether a person may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// They may.
    Active,
    /// Not until reinstated.
    Suspended,
    /// Not any more; what is known about them still is.
    Deleted,
    /// Their keys were destroyed.
    Erased,
}

impl UserStatus {
    /// As it stands in bodies and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UserStatus::Active => "active",
            UserStatus::Suspended => "suspended",
            UserStatus::Deleted => "deleted",
            UserStatus::Erased => "erased",
        }
    }

    /// The status that is written like this, if there is one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Deleted, Self::Erased].into_iter().find(|s| s.as_str() == text)
    }
}

/// Which people to list. What is absent restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Only whose address or name holds this text, whatever the case of its letters.
    pub q: Option<String>,
    /// Only with this status.
    pub status: Option<UserStatus>,
    /// Only with this role.
    pub role: Option<RoleName>,
}

/// In which order to list people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSort {
    /// The oldest account first.
    OldestFirst,
    /// The newest account first.
    #[default]
    NewestFirst,
    /// By address, byte by byte; who has none comes last.
    Email,
}

/// A place in a list of people: the one who was shown last. It is good for the order that it was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKey {
    /// In the orders by age.
    Created(Timestamp, UserId),
    /// In the order by address.
    Email(Option<String>, UserId),
}

impl UserRow {
    /// The person after one more fact of their stream.
    pub fn apply(row: Option<Self>, id: UserId, happened: &Happened<'_>) -> Result<Self, Unfoldable> {
        let _ = (row, id, happened);
        unimplemented!()
    }

    /// The person after these facts of their stream, for reads as of an earlier moment. Stops, like the tables do, at
    /// the first fact that cannot be read or folded.
    pub fn fold<'a>(id: UserId, stream: impl IntoIterator<Item = &'a Projected>) -> Option<Self> {
        let _ = (id, stream.into_iter());
        unimplemented!()
    }

    /// This person's place in a list.
    #[must_use]
    pub fn key(&self, sort: UserSort) -> UserKey {
        match sort {
            UserSort::OldestFirst | UserSort::NewestFirst => UserKey::Created(self.created_at, self.user_id),
            UserSort::Email => UserKey::Email(self.email.clone(), self.user_id),
        }
    }
}

impl ReadModels {
    /// One person.
    pub async fn user(&self, id: UserId) -> Result<Shown<Option<UserRow>>, ReadModelsError> {
        let _ = id;
        unimplemented!()
    }

    /// People, from the one after `after` on.
    pub async fn users(
        &self,
        filter: &UserFilter,
        sort: UserSort,
        after: Option<&UserKey>,
        limit: usize,
    ) -> Result<Shown<Vec<UserRow>>, ReadModelsError> {
        let _ = (filter, sort, after, limit);
        unimplemented!()
    }
}
