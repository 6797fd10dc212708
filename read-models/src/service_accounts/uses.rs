//! When keys were last used. On streams of their own, so in a table of their own: rows are the same in whatever order the
//! streams are folded, also when the account is gone.

use crate::{
    Happened, ReadModelsError, Unfoldable,
    columns::signed,
    insert::{Values, Write, insert, write},
    transaction::Tx,
};
use events::{Fact, KeyId};
use std::collections::BTreeMap;
use uuid::Uuid;

const WRITE: Write = write!(
    "insert into key_uses (key_id, account_id, used_at_us, position)",
    "$1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]",
    "on conflict (key_id) do update set
        account_id = excluded.account_id, used_at_us = excluded.used_at_us, position = excluded.position
    where key_uses.position < excluded.position"
);

/// The uses of one batch, the last of each key. None of them needs loading.
#[derive(Debug, Default)]
pub(crate) struct KeyUses {
    rows: BTreeMap<KeyId, Columns>,
}

/// A row as it stands in the table.
#[derive(Debug)]
struct Columns {
    key_id: Uuid,
    account_id: Uuid,
    used_at_us: i64,
    position: i64,
}

impl Columns {
    /// In the order of the statement.
    fn push(values: &mut Values<'_>, row: &Self) {
        values
            .push_bind(row.key_id)
            .push_bind(row.account_id)
            .push_bind(row.used_at_us)
            .push_bind(row.position);
    }
}

impl KeyUses {
    pub(crate) fn apply(&mut self, id: KeyId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        let Fact::KeyUsed(fact) = happened.fact else { return Err(happened.out_of_place()) };
        let row = Columns {
            key_id: id.0,
            account_id: fact.account_id.0,
            used_at_us: happened.at.micros(),
            position: signed(happened.position.0),
        };
        self.rows.insert(id, row);
        Ok(())
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        let rows: Vec<Columns> = self.rows.into_values().collect();
        if rows.is_empty() {
            return Ok(());
        }
        match tx {
            Tx::Sqlite(sqlite) => {
                insert(sqlite, &WRITE, &rows, Columns::push).await?;
            }
            Tx::Postgres(postgres) => {
                sqlx::query(WRITE.postgres)
                    .bind(rows.iter().map(|row| row.key_id).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.account_id).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.used_at_us).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
                    .execute(&mut **postgres)
                    .await?;
            }
        }
        Ok(())
    }
}
