//! Service accounts as the log says they are, kept until the feed sees a record about them.
//!
//! The log is asked and not the tables: a key that was issued a moment ago works at once, and one that was revoked does
//! not, as soon as the feed is there. What is read is kept only if the feed saw nothing about any account while it was
//! read; a record that is appended after the reading comes by the feed, and ends what was kept.

use crate::{
    app::App,
    failure::Failure,
    note::{Note, write_down},
};
use events::{EventId, Fact, KeyUsed, ServiceAccountId, StreamName, Version};
use read_models::{Happened, KeyRow, ServiceAccountRow};
use service::{
    Code, Principal, Problem, ServiceCaller,
    api_key::{ApiKey, UsedToday},
    extract::RequestInfo,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use store::log::{Log, Stored};
use tracing::warn;

/// How many accounts are kept. Whoever invents ids fills this and no more.
const MOST: usize = 10_000;

/// An account whose keys hold; none when there is none, or it cannot be read here.
type Known = Arc<Option<ServiceAccountRow>>;

/// The accounts that are known.
#[derive(Debug, Default)]
pub(crate) struct Services {
    known: Mutex<Accounts>,
    used_today: UsedToday,
}

#[derive(Debug, Default)]
struct Accounts {
    rows: HashMap<ServiceAccountId, Known>,
    /// How many records about accounts the feed has seen.
    touched: u64,
}

impl Services {
    /// A record about this account was followed.
    pub(crate) fn touch(&self, id: ServiceAccountId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.touched += 1;
        known.rows.remove(&id);
    }

    /// The service account that an API key is of, if it holds now.
    pub(crate) async fn admit(
        &self,
        app: &App,
        text: &str,
        info: &RequestInfo,
    ) -> Result<ServiceCaller, Failure> {
        let refused = || Problem::new(Code::InvalidToken);
        let presented = ApiKey::read(text).ok_or_else(refused)?;
        let account = self.account(app.log(), presented.account).await?;
        let now = app.clock().now();
        let holds = |key: &&KeyRow| {
            key.id == presented.id && now < key.expires_at && presented.proves(&key.secret_hash)
        };
        let key =
            (*account).as_ref().and_then(|account| account.keys.iter().find(holds)).ok_or_else(refused)?;
        let permissions = key.permissions.clone();
        let caller = ServiceCaller { account_id: presented.account, key_id: presented.id, permissions };
        self.note_use(app, &caller, info).await?;
        Ok(caller)
    }

    async fn account(&self, log: &Log, id: ServiceAccountId) -> Result<Known, Failure> {
        let touched = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(account) = known.rows.get(&id) {
                return Ok(Arc::clone(account));
            }
            known.touched
        };
        let account = Arc::new(read(log, id).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.touched == touched {
            if known.rows.len() >= MOST {
                known.rows.clear();
            }
            known.rows.insert(id, Arc::clone(&account));
        }
        Ok(account)
    }

    /// Writes down that a key is used, unless that stands there for today. Of many that use it at once one does.
    async fn note_use(&self, app: &App, caller: &ServiceCaller, info: &RequestInfo) -> Result<(), Failure> {
        let (key, now) = (caller.key_id, app.clock().now());
        if self.used_today.knows(key, now.day()) {
            return Ok(());
        }
        let stream = StreamName::key_use(key);
        let last = app.log().read_last(&stream).await?;
        let after = last.as_ref().map_or(Version::NONE, |last| last.record.version);
        if last.is_none_or(|last| last.record.time.day() < now.day()) {
            let id = EventId(app.entropy().uuid_v7(now));
            let fact = Fact::KeyUsed(KeyUsed { account_id: caller.account_id });
            let context = info.context(Principal::Service(caller.clone()).actor());
            // When somebody else was faster it stands there all the same.
            write_down(app, context, Note { id, stream, after, fact }).await?;
        }
        self.used_today.note(key, now.day());
        Ok(())
    }
}

/// The account that the log tells of. One that a newer version wrote what we cannot read about has no keys here.
async fn read(log: &Log, id: ServiceAccountId) -> Result<Option<ServiceAccountRow>, Failure> {
    let stored = log.read_stream(&StreamName::service(id), Version::NONE).await?;
    let facts: Result<Vec<Fact>, _> = stored.iter().map(|stored| stored.record.fact(|_, _| None)).collect();
    let facts = match facts {
        Ok(facts) => facts,
        Err(error) => {
            warn!(account.id = %id, %error, "a service account cannot be read, so its keys do not hold");
            return Ok(None);
        }
    };
    let happened = stored.iter().zip(&facts).map(|(Stored { position, record }, fact)| Happened {
        position: *position,
        version: record.version,
        at: record.time,
        fact,
    });
    let folded = ServiceAccountRow::fold(id, happened);
    Ok(folded.unwrap_or_else(|error| {
        warn!(account.id = %id, %error, "a service account contradicts itself, so its keys do not hold");
        None
    }))
}
