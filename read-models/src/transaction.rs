//! One transaction on whichever engine it is.

use crate::{ReadModels, ReadModelsError, open::Engine};
use sqlx::{Postgres, Sqlite, Transaction};

/// What all models of a batch are written in.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one body with the connection of whichever engine it is.
macro_rules! within {
    ($tx:expr, |$connection:ident| $body:expr) => {
        match $tx {
            $crate::transaction::Tx::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::transaction::Tx::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}
pub(crate) use within;

impl Tx {
    pub(crate) async fn begin(models: &ReadModels) -> Result<Self, ReadModelsError> {
        Ok(match &models.engine {
            // Immediate: a transaction that reads first and then finds another writer could only fail.
            Engine::Sqlite(sqlite) => Tx::Sqlite(sqlite.writer.begin_with("begin immediate").await?),
            Engine::Postgres(postgres) => Tx::Postgres(postgres.writer.begin().await?),
        })
    }

    pub(crate) async fn commit(self) -> Result<(), ReadModelsError> {
        match self {
            Tx::Sqlite(transaction) => transaction.commit().await?,
            Tx::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
