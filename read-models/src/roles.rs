//! Roles that were defined, and what they permit. Built-in roles are in no table: `events::BuiltInRole` has them.

use crate::{
    Happened, ReadModels, ReadModelsError, Shown, Unfoldable,
    columns::{self, json, shown, signed},
    insert::{Values, Write, insert, write},
    open::reading,
    transaction::Tx,
};
use events::{Fact, Permission, RoleName, Timestamp, Version};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};

/// A role as it was last defined. A role that was removed has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Its name.
    pub name: RoleName,
    /// All that it permits.
    pub permissions: BTreeSet<Permission>,
    /// The version of its stream.
    pub version: Version,
    /// When it was last defined.
    pub defined_at: Timestamp,
}

const TABLE: &str = "roles";

const SHOWN: &str = "
    select c.position as shown_at, r.* from checkpoint c left join (
        select 1 as there, name, permissions, version, defined_at_us from roles order by name limit 1000
    ) r on true
    order by name";

const WRITE: Write = write!(
    "insert into roles (name, permissions, version, defined_at_us)",
    "$1::text[], $2::text[], $3::bigint[], $4::bigint[]",
    "on conflict (name) do update set
        permissions = excluded.permissions, version = excluded.version, defined_at_us = excluded.defined_at_us"
);

const REMOVE_POSTGRES: &str = "delete from roles where name = any($1)";
const REMOVE_SQLITE: &str = "delete from roles where name in (select value from json_each($1))";

impl RoleRow {
    /// Takes in one more fact of the role's stream. What does not fit leaves the row as it was.
    ///
    /// Each definition is whole, so it needs no row to be there.
    pub fn apply(row: &mut Option<Self>, role: &RoleName, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        match happened.fact {
            Fact::RoleDefined(fact) if fact.role == *role => {
                *row = Some(Self {
                    name: role.clone(),
                    permissions: fact.permissions.clone(),
                    version: happened.version,
                    defined_at: happened.at,
                });
                Ok(())
            }
            Fact::RoleRemoved(fact) if fact.role == *role => {
                *row = None;
                Ok(())
            }
            Fact::RoleDefined(_)
            | Fact::RoleRemoved(_)
            | Fact::UserRegistered(_)
            | Fact::UserImported(_)
            | Fact::ProfileChanged(_)
            | Fact::PictureChanged(_)
            | Fact::PictureRemoved
            | Fact::PasswordChanged(_)
            | Fact::PasswordRehashed(_)
            | Fact::RoleGranted(_)
            | Fact::RoleRevoked(_)
            | Fact::UserSuspended(_)
            | Fact::UserReinstated
            | Fact::SessionsRevoked(_)
            | Fact::UserDeleted
            | Fact::UserErased
            | Fact::TotpEnrolled(_)
            | Fact::TotpConfirmed(_)
            | Fact::RecoveryCodesIssued(_)
            | Fact::SecondFactorRemoved
            | Fact::SecondFactorUsed(_)
            | Fact::SessionReauthenticated(_)
            | Fact::SignInFailed(_)
            | Fact::LockedOut(_)
            | Fact::LockoutLifted
            | Fact::EmailVerified
            | Fact::EmailChangeRequested(_)
            | Fact::EmailChanged(_)
            | Fact::UserInvited
            | Fact::PasswordResetRequested(_)
            | Fact::VerificationRequested(_)
            | Fact::AddressTaken(_)
            | Fact::SessionStarted(_)
            | Fact::SessionRefreshed(_)
            | Fact::SessionRevoked(_)
            | Fact::SessionReplayDetected(_)
            | Fact::UserHoldPlaced(_)
            | Fact::UserHoldLifted
            | Fact::HoldPlaced(_)
            | Fact::HoldLifted(_)
            | Fact::NetworkEnded(_)
            | Fact::AuditExported(_)
            | Fact::ServiceAccountCreated(_)
            | Fact::ServiceAccountRemoved
            | Fact::KeyIssued(_)
            | Fact::KeyRevoked(_)
            | Fact::KeyUsed(_) => Err(happened.out_of_place()),
        }
    }
}

impl ReadModels {
    /// All defined roles, by name; at most 1,000.
    pub async fn roles(&self) -> Result<Shown<Vec<RoleRow>>, ReadModelsError> {
        reading!(self, |pool| shown::<Columns, RoleRow, _>(&sqlx::query(SHOWN).fetch_all(pool).await?))
    }
}

/// The roles of one batch. None of them needs loading.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    rows: BTreeMap<RoleName, Option<RoleRow>>,
}

impl Roles {
    pub(crate) fn apply(&mut self, role: RoleName, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        let mut row = None;
        RoleRow::apply(&mut row, &role, happened)?;
        self.rows.insert(role, row);
        Ok(())
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        let (mut defined, mut removed) = (Vec::new(), Vec::new());
        for (name, row) in self.rows {
            match row {
                Some(row) => defined.push(Columns::try_from(row)?),
                None => removed.push(name.as_str().to_owned()),
            }
        }
        if !removed.is_empty() {
            remove(tx, &removed).await?;
        }
        if !defined.is_empty() {
            write(tx, &defined).await?;
        }
        Ok(())
    }
}

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
struct Columns {
    name: String,
    permissions: String,
    version: i64,
    defined_at_us: i64,
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(&row.name)
            .push_bind(&row.permissions)
            .push_bind(row.version)
            .push_bind(row.defined_at_us);
    }
}

async fn write(tx: &mut Tx, rows: &[Columns]) -> Result<(), ReadModelsError> {
    match tx {
        Tx::Sqlite(sqlite) => {
            insert(sqlite, &WRITE, rows, Columns::push).await?;
        }
        Tx::Postgres(postgres) => {
            sqlx::query(WRITE.postgres)
                .bind(rows.iter().map(|row| &row.name).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| &row.permissions).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.version).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.defined_at_us).collect::<Vec<_>>())
                .execute(&mut **postgres)
                .await?;
        }
    }
    Ok(())
}

async fn remove(tx: &mut Tx, names: &[String]) -> Result<(), ReadModelsError> {
    match tx {
        Tx::Sqlite(sqlite) => {
            sqlx::query(REMOVE_SQLITE).bind(json(names)?).execute(&mut **sqlite).await?;
        }
        Tx::Postgres(postgres) => {
            sqlx::query(REMOVE_POSTGRES).bind(names).execute(&mut **postgres).await?;
        }
    }
    Ok(())
}

impl TryFrom<RoleRow> for Columns {
    type Error = ReadModelsError;

    fn try_from(row: RoleRow) -> Result<Self, ReadModelsError> {
        Ok(Self {
            name: row.name.as_str().to_owned(),
            permissions: json(&row.permissions)?,
            version: signed(row.version.0),
            defined_at_us: row.defined_at.micros(),
        })
    }
}

impl TryFrom<Columns> for RoleRow {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            name: row.name.parse().map_err(|_| columns::corrupt(TABLE, &row.name))?,
            permissions: columns::list(TABLE, &row.permissions)?,
            version: columns::version(TABLE, row.version)?,
            defined_at: columns::time(row.defined_at_us),
        })
    }
}
