//! How service accounts are kept: their rows of one batch, loaded, folded, written back at once.

use super::ServiceAccountRow;
use crate::{
    Happened, ReadModelsError, Unfoldable,
    columns::{self, hex_ids, json, signed},
    insert::{Values, Write, insert, write},
    transaction::Tx,
};
use events::ServiceAccountId;
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

const TABLE: &str = "service_accounts";

const LOAD_POSTGRES: &str = "
    select account_id, name, permissions, keys, created_at_us, version
    from service_accounts where account_id = any($1)";

const LOAD_SQLITE: &str = "
    select account_id, name, permissions, keys, created_at_us, version
    from service_accounts where account_id in (select unhex(value) from json_each($1))";

const WRITE: Write = write!(
    "insert into service_accounts (account_id, name, permissions, keys, created_at_us, version)",
    "$1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]",
    "on conflict (account_id) do update set keys = excluded.keys, version = excluded.version"
);

const REMOVE_POSTGRES: &str = "delete from service_accounts where account_id = any($1)";
const REMOVE_SQLITE: &str =
    "delete from service_accounts where account_id in (select unhex(value) from json_each($1))";

/// A row as it stands in the table.
#[derive(Debug, FromRow)]
pub(super) struct Columns {
    account_id: Uuid,
    name: String,
    permissions: String,
    keys: String,
    created_at_us: i64,
    version: i64,
}

/// The service accounts of one batch.
#[derive(Debug, Default)]
pub(crate) struct ServiceAccounts {
    rows: HashMap<ServiceAccountId, Option<ServiceAccountRow>>,
}

impl ServiceAccounts {
    /// Loads the rows that facts of this batch change. Those of accounts that come to be in it need no loading.
    pub(crate) async fn load(tx: &mut Tx, ids: &[Uuid]) -> Result<Self, ReadModelsError> {
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let found: Vec<Columns> = match tx {
            Tx::Sqlite(sqlite) => {
                sqlx::query_as(LOAD_SQLITE).bind(hex_ids(ids)?).fetch_all(&mut **sqlite).await?
            }
            Tx::Postgres(postgres) => {
                sqlx::query_as(LOAD_POSTGRES).bind(ids).fetch_all(&mut **postgres).await?
            }
        };
        let rows = found.into_iter().map(|row| {
            let row = ServiceAccountRow::try_from(row)?;
            Ok((row.id, Some(row)))
        });
        Ok(Self { rows: rows.collect::<Result<_, ReadModelsError>>()? })
    }

    pub(crate) fn apply(&mut self, id: ServiceAccountId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        ServiceAccountRow::apply(self.rows.entry(id).or_default(), id, happened)
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        let (mut there, mut removed) = (Vec::new(), Vec::new());
        for (id, row) in self.rows {
            match row {
                Some(row) => there.push(Columns::try_from(row)?),
                None => removed.push(id.0),
            }
        }
        if !removed.is_empty() {
            remove(tx, &removed).await?;
        }
        if !there.is_empty() {
            write(tx, &there).await?;
        }
        Ok(())
    }
}

async fn write(tx: &mut Tx, rows: &[Columns]) -> Result<(), ReadModelsError> {
    match tx {
        Tx::Sqlite(sqlite) => {
            insert(sqlite, &WRITE, rows, Columns::push).await?;
        }
        Tx::Postgres(postgres) => {
            sqlx::query(WRITE.postgres)
                .bind(rows.iter().map(|row| row.account_id).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| &row.name).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| &row.permissions).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| &row.keys).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.created_at_us).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.version).collect::<Vec<_>>())
                .execute(&mut **postgres)
                .await?;
        }
    }
    Ok(())
}

async fn remove(tx: &mut Tx, ids: &[Uuid]) -> Result<(), ReadModelsError> {
    match tx {
        Tx::Sqlite(sqlite) => {
            sqlx::query(REMOVE_SQLITE).bind(hex_ids(ids)?).execute(&mut **sqlite).await?;
        }
        Tx::Postgres(postgres) => {
            sqlx::query(REMOVE_POSTGRES).bind(ids).execute(&mut **postgres).await?;
        }
    }
    Ok(())
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(row.account_id)
            .push_bind(&row.name)
            .push_bind(&row.permissions)
            .push_bind(&row.keys)
            .push_bind(row.created_at_us)
            .push_bind(row.version);
    }
}

impl TryFrom<ServiceAccountRow> for Columns {
    type Error = ReadModelsError;

    fn try_from(row: ServiceAccountRow) -> Result<Self, ReadModelsError> {
        Ok(Self {
            account_id: row.id.0,
            name: row.name,
            permissions: json(&row.permissions)?,
            keys: json(&row.keys)?,
            created_at_us: row.created_at.micros(),
            version: signed(row.version.0),
        })
    }
}

impl TryFrom<Columns> for ServiceAccountRow {
    type Error = ReadModelsError;

    fn try_from(row: Columns) -> Result<Self, ReadModelsError> {
        Ok(Self {
            id: ServiceAccountId(row.account_id),
            name: row.name,
            permissions: columns::list(TABLE, &row.permissions)?,
            created_at: columns::time(row.created_at_us),
            keys: columns::list(TABLE, &row.keys)?,
            version: columns::version(TABLE, row.version)?,
        })
    }
}
