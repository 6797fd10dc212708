//! Questions about service accounts and their keys.

use super::{ServiceAccountRow, table::Columns};
use crate::{
    ReadModels, ReadModelsError, Shown,
    columns::{self, shown, signed},
    open::reading,
};
use events::{KeyId, ServiceAccountId, Timestamp};
use sqlx::{FromRow, QueryBuilder};
use std::collections::BTreeMap;
use uuid::Uuid;

const SHOWN: &str = "
    select c.position as shown_at, a.* from checkpoint c left join (
        select 1 as there, account_id, name, permissions, keys, created_at_us, version from service_accounts
        where true";
const IN_ORDER: &str = " order by account_id limit ";
const SHOWN_END: &str = ") a on true order by account_id";

const USES: &str = "
    select c.position as shown_at, u.* from checkpoint c left join (
        select 1 as there, key_id, used_at_us from key_uses where account_id = $1 limit 1000
    ) u on true";

impl ReadModels {
    /// Service accounts in the order in which they were created, beginning behind `after`.
    pub async fn service_accounts(
        &self,
        after: Option<ServiceAccountId>,
        limit: usize,
    ) -> Result<Shown<Vec<ServiceAccountRow>>, ReadModelsError> {
        reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            if let Some(after) = after {
                query.push(" and account_id > ").push_bind(after.0);
            }
            query.push(IN_ORDER).push_bind(signed(limit as u64)).push(SHOWN_END);
            shown::<Columns, ServiceAccountRow, _>(&query.build().fetch_all(pool).await?)
        })
    }

    /// One service account.
    pub async fn service_account(
        &self,
        id: ServiceAccountId,
    ) -> Result<Shown<Option<ServiceAccountRow>>, ReadModelsError> {
        let found = reading!(self, |pool| {
            let mut query = QueryBuilder::new(SHOWN);
            query.push(" and account_id = ").push_bind(id.0).push(SHOWN_END);
            shown::<Columns, ServiceAccountRow, _>(&query.build().fetch_all(pool).await?)
        })?;
        Ok(found.only())
    }

    /// When the keys of an account were last used, those that ever were.
    pub async fn key_uses(
        &self,
        account: ServiceAccountId,
    ) -> Result<Shown<BTreeMap<KeyId, Timestamp>>, ReadModelsError> {
        let found: Shown<Vec<(KeyId, Timestamp)>> = reading!(self, |pool| {
            shown::<Use, (KeyId, Timestamp), _>(&sqlx::query(USES).bind(account.0).fetch_all(pool).await?)
        })?;
        Ok(Shown { position: found.position, value: found.value.into_iter().collect() })
    }
}

#[derive(Debug, FromRow)]
struct Use {
    key_id: Uuid,
    used_at_us: i64,
}

impl TryFrom<Use> for (KeyId, Timestamp) {
    type Error = ReadModelsError;

    fn try_from(row: Use) -> Result<Self, ReadModelsError> {
        Ok((KeyId(row.key_id), columns::time(row.used_at_us)))
    }
}
