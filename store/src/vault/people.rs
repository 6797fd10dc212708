//! The keys of people and of months.
//!
//! A person's two keys lie in two tables, because grants differ: who shows people may read the one and never the
//! other. Keys are loaded for each use and never cached: a key that was destroyed a moment ago opens nothing.

use super::{
    Keyring, Sealer, Vault, VaultError,
    engine::{Engine, on_engine},
    master::{Secret32, random_secret},
};
use events::{Group, KeyName, Month, Timestamp, UserId};
use std::collections::{BTreeSet, HashMap};
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
    insert into profile_keys (user_id, wrapped, created_at_us)
    select $1, $2, $3
    where not exists (select 1 from erasures where user_id = $1 and finished_at_us is not null)
    on conflict (user_id) do nothing";
const CREATE_CREDENTIAL: &str = "
    insert into credential_keys (user_id, wrapped, created_at_us)
    select $1, $2, $3
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
    "insert into month_keys (month, wrapped) values ($1, $2) on conflict (month) do nothing";

impl Vault {
    /// Makes a person's keys when they have none. Saying it twice, or at once, changes nothing; an erased person's
    /// keys are not made again.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn create_person(&self, user: UserId, now: Timestamp) -> Result<(), VaultError> {
        let profile = self.master().wrap(&profile_label(user), &*random_secret()?)?;
        let credential = self.master().wrap(&credential_label(user), &*random_secret()?)?;
        let (id, now) = (user.0, now.micros());
        on_engine!(self, store => {
            let mut tx = store.begin().await?;
            sqlx::query(CREATE_PROFILE).bind(id).bind(profile).bind(now).execute(&mut *tx).await?;
            sqlx::query(CREATE_CREDENTIAL).bind(id).bind(credential).bind(now).execute(&mut *tx).await?;
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
            profile: self.unwrapped(&profile_label(user), &profile)?,
            credential: self.unwrapped(&credential_label(user), &credential)?,
            month,
            month_key: match month_key {
                Some(wrapped) => self.unwrapped(&month_label(&name), &wrapped)?,
                None => self.create_month(&name).await?,
            },
        })
    }

    async fn create_month(&self, month: &str) -> Result<Secret32, VaultError> {
        let label = month_label(month);
        let wrapped = self.master().wrap(&label, &*random_secret()?)?;
        // Somebody else may be faster; what is there afterwards is the key.
        let kept: Vec<u8> = on_engine!(self, store => {
            sqlx::query(CREATE_MONTH).bind(month).bind(wrapped).execute(&store.writer).await?;
            sqlx::query_scalar(FIND_MONTH).bind(month).fetch_one(&store.writer).await?
        });
        self.unwrapped(&label, &kept)
    }

    /// Loads the keys of a whole batch of records, with one query a table. Keys that are gone, or not in scope, are
    /// not on the ring.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a key is there but cannot be unwrapped.
    pub async fn keyring(&self, keys: &[KeyName], scope: Scope) -> Result<Keyring, VaultError> {
        let people = |wanted: &[Group]| -> BTreeSet<Uuid> {
            keys.iter().filter(|key| wanted.contains(&key.group)).map(|key| key.person.0).collect()
        };
        let credentials = match scope {
            Scope::Profiles => BTreeSet::new(),
            Scope::All => people(&[Group::Credential]),
        };
        Ok(Keyring {
            profiles: self
                .load_people(PROFILES, people(&[Group::Profile, Group::Network]), profile_label)
                .await?,
            credentials: self.load_people(CREDENTIALS, credentials, credential_label).await?,
            months: self.load_months(keys.iter().filter_map(|key| key.month).collect()).await?,
        })
    }

    async fn load_people(
        &self,
        find: Find,
        people: BTreeSet<Uuid>,
        label: impl Fn(UserId) -> String,
    ) -> Result<HashMap<UserId, Secret32>, VaultError> {
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(Uuid, Vec<u8>)> = match self.engine() {
            Engine::Sqlite(store) => {
                let ids: Vec<_> = people.iter().map(|id| id.as_simple().to_string()).collect();
                let ids = serde_json::Value::from(ids).to_string();
                sqlx::query_as(find.sqlite).bind(ids).fetch_all(&store.readers).await?
            }
            Engine::Postgres(store) => {
                let ids: Vec<_> = people.into_iter().collect();
                sqlx::query_as(find.postgres).bind(ids).fetch_all(&store.readers).await?
            }
        };
        let unwrapped = |(id, wrapped): (Uuid, Vec<u8>)| {
            let user = UserId(id);
            Ok((user, self.unwrapped(&label(user), &wrapped)?))
        };
        rows.into_iter().map(unwrapped).collect()
    }

    async fn load_months(&self, months: BTreeSet<Month>) -> Result<HashMap<Month, Secret32>, VaultError> {
        let mut loaded = HashMap::new();
        // A batch of records spans a month or two, so that one query each is one or two queries.
        for month in months {
            let name = month.to_string();
            let wrapped: Option<Vec<u8>> = on_engine!(self, store => {
                sqlx::query_scalar(FIND_MONTH).bind(&name).fetch_optional(&store.readers).await?
            });
            if let Some(wrapped) = wrapped {
                loaded.insert(month, self.unwrapped(&month_label(&name), &wrapped)?);
            }
        }
        Ok(loaded)
    }

    fn unwrapped(&self, label: &str, wrapped: &[u8]) -> Result<Secret32, VaultError> {
        let corrupt = VaultError::Corrupt("a key is not wrapped by the master key for what it is kept as");
        self.master().unwrap_key(label, wrapped).ok_or(corrupt)
    }
}

/// How many keys are found at once: PostgreSQL takes an array, SQLite a JSON array of hexadecimal ids.
#[derive(Clone, Copy)]
struct Find {
    sqlite: &'static str,
    postgres: &'static str,
}
const PROFILES: Find = Find {
    sqlite: "select user_id, wrapped from profile_keys
        where user_id in (select unhex(value) from json_each($1))",
    postgres: "select user_id, wrapped from profile_keys where user_id = any($1)",
};
const CREDENTIALS: Find = Find {
    sqlite: "select user_id, wrapped from credential_keys
        where user_id in (select unhex(value) from json_each($1))",
    postgres: "select user_id, wrapped from credential_keys where user_id = any($1)",
};

fn profile_label(user: UserId) -> String {
    format!("profile key\n{user}")
}

fn credential_label(user: UserId) -> String {
    format!("credential key\n{user}")
}

fn month_label(month: &str) -> String {
    format!("month key\n{month}")
}
