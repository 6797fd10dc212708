//! Replacing the master key: everything is wrapped again, a few rows at a time, while everybody works.
//!
//! Each row is swapped only if it is still as it was read, so that whoever erases somebody at that moment wins. A row is
//! readable before and after, since both keys are at hand; who is cut off in between leaves rows of both kinds, and the next
//! pass takes those that are left. What keeps a key from being thrown away too soon is no count but the list: a
//! key that any row refers to cannot be taken off it, and once it is off, no row can refer to it.

use super::{
    MasterKeyId, Vault, VaultError,
    engine::{let_others, on_engine},
    index_keys::index_label,
    master_keys::{self, Wrapping},
    people::{credential_label, month_label, profile_label},
    server_keys::server_label,
    signing_keys::signing_label,
};
use events::UserId;
use std::collections::BTreeMap;
use tokio::time::Instant;
use uuid::Uuid;

/// Rows of one transaction: whoever wants one of them waits no longer than for these.
const PAGE: usize = 100;

/// How much is wrapped by one master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyUse {
    /// Its name; `None` for what was wrapped before keys had names.
    pub id: Option<MasterKeyId>,
    /// How many keys it wraps.
    pub rows: u64,
    /// Whether it wraps what is new.
    pub wraps: bool,
}

/// What one pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    /// So many keys are wrapped by the newest master key now that were not.
    pub rows: u64,
    /// So many could not be unwrapped by any master key at hand, and are as they were.
    pub unopened: u64,
}

/// The statements of one table.
struct Table {
    page: &'static str,
    write: &'static str,
    count: &'static str,
}

macro_rules! table {
    ($table:literal, $key:literal) => {
        Table {
            page: concat!(
                "select ",
                $key,
                ", wrapped from ",
                $table,
                " where ",
                $key,
                " > $1 ",
                "and wrapped_by is distinct from $2 order by ",
                $key,
                " limit $3"
            ),
            write: concat!(
                "update ",
                $table,
                " set wrapped = $3, wrapped_by = $4 where ",
                $key,
                " = $1 and wrapped = $2"
            ),
            count: concat!("select wrapped_by, count(*) from ", $table, " group by wrapped_by"),
        }
    };
}

const PROFILES: Table = table!("profile_keys", "user_id");
const CREDENTIALS: Table = table!("credential_keys", "user_id");
const MONTHS: Table = table!("month_keys", "month");
const SERVER: Table = table!("server_keys", "purpose");
const SIGNING: Table = table!("signing_keys", "kid");
const INDEX: Table = table!("index_keys", "generation");
const TABLES: [&Table; 6] = [&PROFILES, &CREDENTIALS, &MONTHS, &SERVER, &SIGNING, &INDEX];

const RETIRE: &str = "delete from master_keys where generation < $1";

/// Wraps a table's rows again, page by page, in the order of their keys.
macro_rules! rewrap {
    ($vault:expr, $wrapping:expr, $table:expr, $first:expr, $label:expr, $tell:expr) => {{
        let (mut after, mut done) = ($first, Rewrapped::default());
        loop {
            let began = Instant::now();
            let rows = on_engine!($vault, store => {
                let mut tx = store.begin().await?;
                let query = sqlx::query_as($table.page).bind(&after).bind($wrapping.generation);
                let rows: Vec<(_, Vec<u8>)> = query.bind(PAGE as i64).fetch_all(&mut *tx).await?;
                for (key, wrapped) in &rows {
                    let label = $label(key);
                    let Some(secret) = $vault.master().unwrap(&label, wrapped) else {
                        done.unopened += 1;
                        continue;
                    };
                    let query = sqlx::query($table.write).bind(key).bind(wrapped);
                    let query = query.bind($wrapping.wrap(&label, &secret)?).bind($wrapping.generation);
                    done.rows += query.execute(&mut *tx).await?.rows_affected();
                }
                tx.commit().await?;
                rows
            });
            $tell(rows.len() as u64);
            let full = rows.len() == PAGE;
            match rows.into_iter().next_back() {
                Some((last, _)) if full => after = last,
                Some(_) | None => break done,
            }
            let_others(began.elapsed()).await;
        }
    }};
}

impl Vault {
    /// What the master keys on the vault's list wrap, the newest first.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn master_key_uses(&self) -> Result<Vec<MasterKeyUse>, VaultError> {
        let listed = master_keys::listed(self.engine()).await?;
        let mut counts: BTreeMap<Option<i64>, u64> = BTreeMap::new();
        for table in TABLES {
            let rows: Vec<(Option<i64>, i64)> = on_engine!(self, store => {
                sqlx::query_as(table.count).fetch_all(&store.readers).await?
            });
            for (generation, rows) in rows {
                *counts.entry(generation).or_default() += rows.unsigned_abs();
            }
        }
        let newest = listed.first().map(|(generation, _)| *generation);
        let mut uses: Vec<_> = listed
            .into_iter()
            .map(|(generation, id)| MasterKeyUse {
                id: Some(id),
                rows: counts.get(&Some(generation)).copied().unwrap_or(0),
                wraps: Some(generation) == newest,
            })
            .collect();
        if let Some(rows) = counts.get(&None) {
            uses.push(MasterKeyUse { id: None, rows: *rows, wraps: false });
        }
        Ok(uses)
    }

    /// From now on the first master key at hand wraps what is new, in every process; its name. Nothing changes when it
    /// does already, or when it is one that another has replaced, or is replacing.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn wrap_by_first_master_key(&self) -> Result<MasterKeyId, VaultError> {
        let first = self.master().first().ok_or(VaultError::WrongMasterKey)?.id();
        let listed = master_keys::listed(self.engine()).await?;
        if listed.iter().all(|(_, id)| *id != first) {
            let newest = listed.first().map_or(0, |(generation, _)| *generation);
            master_keys::add(self.engine(), newest + 1, &first).await?;
        }
        let newest = master_keys::listed(self.engine()).await?.into_iter().next();
        Ok(newest.ok_or(VaultError::NoServerKeys)?.1)
    }

    /// Wraps everything by the newest master key that was not, and tells how many rows each step looked at. To be said again
    /// until [`Vault::retire_master_keys`] is content.
    ///
    /// # Errors
    /// [`VaultError::Broken`]; what was wrapped again stays so.
    pub async fn rewrap(&self, mut tell: impl FnMut(u64)) -> Result<Rewrapped, VaultError> {
        let by: &Wrapping = &self.wrapping().await?;
        let of_person = |label: fn(UserId) -> String| move |id: &Uuid| label(UserId(*id));
        let named = |label: fn(&str) -> String| move |name: &String| label(name);
        let done = [
            rewrap!(self, by, SERVER, String::new(), named(server_label), tell),
            rewrap!(self, by, SIGNING, String::new(), named(signing_label), tell),
            rewrap!(self, by, INDEX, 0_i64, |generation: &i64| index_label(*generation), tell),
            rewrap!(self, by, MONTHS, String::new(), named(month_label), tell),
            rewrap!(self, by, PROFILES, Uuid::nil(), of_person(profile_label), tell),
            rewrap!(self, by, CREDENTIALS, Uuid::nil(), of_person(credential_label), tell),
        ];
        self.forget_pages().await?;
        Ok(done.into_iter().fold(Rewrapped::default(), |sum, pass| Rewrapped {
            rows: sum.rows + pass.rows,
            unopened: sum.unopened + pass.unopened,
        }))
    }

    /// Takes all master keys but the newest off the list, unless anything is wrapped by them still; whether they are off.
    /// From then on nobody can wrap by them.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn retire_master_keys(&self) -> Result<bool, VaultError> {
        let left = self.master_key_uses().await?;
        if left.iter().any(|key| !key.wraps && key.rows > 0) {
            return Ok(false);
        }
        let newest = self.wrapping().await?.generation;
        let retired = on_engine!(self, store => {
            sqlx::query(RETIRE).bind(newest).execute(&store.writer).await.map(drop)
        });
        match retired.map_err(VaultError::from) {
            // Somebody wrapped by one of them at this very moment.
            Err(error) if error.is_of_a_retired_key() => Ok(false),
            retired => retired.map(|()| true),
        }
    }
}
