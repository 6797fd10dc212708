//! The keys of people and of months.
//!
//! A person's two keys lie in two tables, because grants differ: who shows people may read the one and never the
//! other. Keys are loaded for each command and each batch, and never kept beyond: a key that was destroyed a moment ago
//! opens nothing.

use super::{
    Keyring, Sealer, Vault, VaultError,
    engine::{Engine, on_engine},
    master::{Secret32, random_secret},
    master_keys::while_keys_change,
};
use events::{Group, KeyName, Month, Timestamp, UserId};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Which keys a keyring may load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Profiles and network facts: for services that show people.
    Profiles,
    /// Credentials too: for the command side alone.
    All,
}

// A person who was erased does not come back under the same id.
const CREATE_PROFILE: &str = "
    insert into profile_keys (user_id, wrapped, created_at_us, wrapped_by)
    select $1, $2, $3, $4
    where not exists (select 1 from erasures where user_id = $1 and finished_at_us is not null)
    on conflict (user_id) do nothing";
const CREATE_CREDENTIAL: &str = "
    insert into credential_keys (user_id, wrapped, created_at_us, wrapped_by)
    select $1, $2, $3, $4
    where not exists (select 1 from erasures where user_id = $1 and finished_at_us is not null)
    on conflict (user_id) do nothing";

const FIND_PERSON: &str = "
    select profile_keys.wrapped, credential_keys.wrapped,
        (select month_keys.wrapped from month_keys where month = $2)
    from profile_keys join credential_keys on credential_keys.user_id = profile_keys.user_id
    where profile_keys.user_id = $1";
type Person = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);

const FIND_MONTH: &str = "select wrapped from month_keys where month = $1";
const CREATE_MONTH: &str =
    "insert into month_keys (month, wrapped, wrapped_by) values ($1, $2, $3) on conflict (month) do nothing";

const MONTHS: &str = "select month from month_keys order by month";
const DESTROY_MONTH: &str = "delete from month_keys where month = $1";

impl Vault {
    /// The months that have a key, the oldest first.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn months(&self) -> Result<Vec<Month>, VaultError> {
        let names: Vec<String> = on_engine!(self, store => {
            sqlx::query_scalar(MONTHS).fetch_all(&store.readers).await?
        });
        let month = |name: String| name.parse().map_err(|_| VaultError::Corrupt("a key is not a month's"));
        names.into_iter().map(month).collect()
    }

    /// Destroys a month's key, for good, and with it all network facts of the month. Saying it twice changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn destroy_month(&self, month: Month) -> Result<(), VaultError> {
        on_engine!(self, store => {
            sqlx::query(DESTROY_MONTH).bind(month.to_string()).execute(&store.writer).await?;
        });
        self.forget_pages().await
    }

    /// Makes a person's keys when they have none. Saying it twice, or at once, changes nothing; an erased person's
    /// keys are not made again.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn create_person(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        while_keys_change!(self.try_create_person(user, now))
    }

    async fn try_create_person(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        let wrapping = self.wrapping().await?;
        let profile = wrapping.wrap(&profile_label(user), &*random_secret()?)?;
        let credential = wrapping.wrap(&credential_label(user), &*random_secret()?)?;
        let (id, now, by) = (user.0, now.micros(), wrapping.generation);
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            for (create, wrapped) in [(CREATE_PROFILE, profile), (CREATE_CREDENTIAL, credential)] {
                let query = sqlx::query(create).bind(id).bind(wrapped).bind(now).bind(by);
                query.execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }

    /// Loads a person's keys to seal with, and the month's, which is made when it is missing.
    ///
    /// # Errors
    /// [`VaultError::PersonErased`] when the person has no keys, or no longer.
    pub async fn sealer(&self, user: UserId, month: Month) -> Result<Sealer, VaultError> {
        let (id, name) = (user.0, month.to_string());
        let found: Option<Person> = on_engine!(self, store => {
            sqlx::query_as(FIND_PERSON).bind(id).bind(&name).fetch_optional(&store.readers).await?
        });
        let (profile, credential, month_key) = found.ok_or(VaultError::PersonErased(user))?;
        Ok(Sealer {
            user,
            profile: self.unwrapped(&profile_label(user), &profile).await?,
            credential: self.unwrapped(&credential_label(user), &credential).await?,
            month,
            month_key: match month_key {
                Some(wrapped) => self.unwrapped(&month_label(&name), &wrapped).await?,
                None => while_keys_change!(self.create_month(&name))?,
            },
        })
    }

    async fn create_month(&self, month: &str) -> Result<Secret32, VaultError> {
        let label = month_label(month);
        let wrapping = self.wrapping().await?;
        let wrapped = wrapping.wrap(&label, &*random_secret()?)?;
        // Somebody else may be faster; what is there afterwards is the key.
        let kept: Vec<u8> = on_engine!(self, store => {
            let query = sqlx::query(CREATE_MONTH).bind(month).bind(wrapped).bind(wrapping.generation);
            query.execute(&store.writer).await?;
            sqlx::query_scalar(FIND_MONTH).bind(month).fetch_one(&store.writer).await?
        });
        self.unwrapped(&label, &kept).await
    }

    /// Loads the keys of a whole batch of records, with one query. Keys that are gone, or not in scope, are not on the
    /// ring.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a key is there but cannot be unwrapped.
    pub async fn keyring(&self, keys: &[KeyName], scope: Scope) -> Result<Keyring, VaultError> {
        let mut ring = Keyring::default();
        for (kind, name, wrapped) in self.load(&Wanted::of(keys, scope)).await? {
            match kind {
                PROFILE => {
                    let user = user_named(&name)?;
                    ring.profiles.insert(user, self.unwrapped(&profile_label(user), &wrapped).await?);
                }
                CREDENTIAL => {
                    let user = user_named(&name)?;
                    ring.credentials.insert(user, self.unwrapped(&credential_label(user), &wrapped).await?);
                }
                _ => {
                    let key = self.unwrapped(&month_label(&name), &wrapped).await?;
                    let month = name.parse().map_err(|_| VaultError::Corrupt("a key is not a month's"))?;
                    ring.months.insert(month, key);
                }
            }
        }
        Ok(ring)
    }

    /// One question, whatever is wanted: what each costs is the way there and back, not the rows.
    async fn load(&self, wanted: &Wanted) -> Result<Vec<Row>, VaultError> {
        let Wanted { profiles, credentials, months } = wanted;
        if profiles.is_empty() && credentials.is_empty() && months.is_empty() {
            return Ok(Vec::new());
        }
        // Who may not read credentials' keys does not name their table either.
        let find = if credentials.is_empty() { SHOWN } else { ALL };
        Ok(match self.engine() {
            Engine::Sqlite(store) => {
                let hex = |ids: &BTreeSet<Uuid>| {
                    let ids = ids.iter().map(|id| id.as_simple().to_string());
                    serde_json::Value::from_iter(ids).to_string()
                };
                let months = serde_json::Value::from_iter(months.iter().cloned()).to_string();
                let query = sqlx::query_as(find.sqlite).bind(hex(profiles)).bind(months);
                let query = if credentials.is_empty() { query } else { query.bind(hex(credentials)) };
                query.fetch_all(&store.readers).await?
            }
            Engine::Postgres(store) => {
                let ids = |ids: &BTreeSet<Uuid>| ids.iter().copied().collect::<Vec<_>>();
                let months: Vec<_> = months.iter().cloned().collect();
                let query = sqlx::query_as(find.postgres).bind(ids(profiles)).bind(months);
                let query = if credentials.is_empty() { query } else { query.bind(ids(credentials)) };
                query.fetch_all(&store.readers).await?
            }
        })
    }

    pub(super) async fn unwrapped(&self, label: &str, wrapped: &[u8]) -> Result<Secret32, VaultError> {
        match self.master().unwrap_key(label, wrapped) {
            Some(key) => Ok(key),
            None => Err(self.unopened().await),
        }
    }
}

/// Which keys a batch of records needs.
struct Wanted {
    profiles: BTreeSet<Uuid>,
    credentials: BTreeSet<Uuid>,
    months: BTreeSet<String>,
}

impl Wanted {
    fn of(keys: &[KeyName], scope: Scope) -> Self {
        let people = |wanted: &[Group]| -> BTreeSet<Uuid> {
            keys.iter().filter(|key| wanted.contains(&key.group)).map(|key| key.person.0).collect()
        };
        Self {
            profiles: people(&[Group::Profile, Group::Network]),
            credentials: match scope {
                Scope::Profiles => BTreeSet::new(),
                Scope::All => people(&[Group::Credential]),
            },
            months: keys.iter().filter_map(|key| key.month).map(|month| month.to_string()).collect(),
        }
    }
}

/// What kind of key it is, the name of what it is a key of, and the key.
type Row = (i32, String, Vec<u8>);
const PROFILE: i32 = 1;
const CREDENTIAL: i32 = 2;

/// Keys found at once: PostgreSQL takes arrays, SQLite JSON arrays, with ids in hexadecimal.
#[derive(Clone, Copy)]
struct Find {
    sqlite: &'static str,
    postgres: &'static str,
}
const SHOWN: Find = Find {
    sqlite: "
        select 1, hex(user_id), wrapped from profile_keys where user_id in (select unhex(value) from json_each($1))
        union all
        select 3, month, wrapped from month_keys where month in (select value from json_each($2))",
    postgres: "
        select 1, user_id::text, wrapped from profile_keys where user_id = any($1)
        union all
        select 3, month, wrapped from month_keys where month = any($2)",
};
const ALL: Find = Find {
    sqlite: "
        select 1, hex(user_id), wrapped from profile_keys where user_id in (select unhex(value) from json_each($1))
        union all
        select 3, month, wrapped from month_keys where month in (select value from json_each($2))
        union all
        select 2, hex(user_id), wrapped from credential_keys where user_id in (select unhex(value) from json_each($3))",
    postgres: "
        select 1, user_id::text, wrapped from profile_keys where user_id = any($1)
        union all
        select 3, month, wrapped from month_keys where month = any($2)
        union all
        select 2, user_id::text, wrapped from credential_keys where user_id = any($3)",
};

fn user_named(id: &str) -> Result<UserId, VaultError> {
    Uuid::try_parse(id).map(UserId).map_err(|_| VaultError::Corrupt("a key is not somebody's"))
}

pub(super) fn profile_label(user: UserId) -> String {
    format!("profile key\n{user}")
}

pub(super) fn credential_label(user: UserId) -> String {
    format!("credential key\n{user}")
}

pub(super) fn month_label(month: &str) -> String {
    format!("month key\n{month}")
}
