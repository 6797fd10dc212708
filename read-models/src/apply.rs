//! A batch of facts into every model at once: one transaction for all rows and the checkpoint.

use crate::{
    ParkedStream, Projected, ReadModels, ReadModelsError, Unfoldable,
    audit::Audit,
    checkpoint::advance,
    parked,
    roles::Roles,
    service_accounts::{KeyUses, ServiceAccounts},
    sessions::{Ending, Sessions, Touched},
    transaction::Tx,
    users::Users,
};
use events::{Category, Fact, LogId, Position, StreamName, UserId, Version};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Why a batch was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The tables are not where the caller thought: somebody else moved them on, or flipped them.
    #[error("read models are not at the position that the batch follows")]
    Fenced,
    /// The tables show another log.
    #[error("read models show log {shown}")]
    OtherLog {
        /// The log that they show.
        shown: LogId,
    },
    /// The tables do not answer.
    #[error(transparent)]
    Broken(#[from] ReadModelsError),
}

impl ReadModels {
    /// Folds a batch into every model and moves the checkpoint from `from` to the batch's last position, all of it or
    /// nothing. The batch MUST be what the log holds right after `from`, in order. An empty batch changes nothing.
    ///
    /// A fact that cannot be read or folded parks its stream: the rest goes on, and nothing of the stream is shown
    /// further until [`ReadModels::retry`].
    ///
    /// Erasing somebody, or a month's network facts, also ends the tables from before the last flip, which would show them still.
    ///
    /// # Errors
    /// [`ApplyError::Fenced`] when the tables are not at `from`: read the checkpoint and go on from there.
    pub async fn apply(&self, from: Position, log: LogId, events: &[Projected]) -> Result<(), ApplyError> {
        let Some(last) = events.last() else { return Ok(()) };
        debug_assert!(follow_each_other(from, events), "a batch out of order");
        let newest = events.iter().map(|projected| projected.record.time).max().unwrap_or_default();
        let mut tx = Tx::begin(self).await?;
        let any_parked = advance(&mut tx, log, from, last.position, newest).await?;
        let parked = match any_parked {
            true => parked::load(&mut tx, &streams(events)).await?,
            false => HashMap::new(),
        };
        let mut batch = Batch::load(&mut tx, events, parked).await?;
        events.iter().for_each(|projected| batch.take(projected));
        batch.write(&mut tx).await?;
        self.commit(tx, events).await?;
        self.applied.send_replace(last.position);
        Ok(())
    }

    /// Commits what these events led to, and where they erase, leaves nothing of it elsewhere.
    pub(crate) async fn commit(&self, mut tx: Tx, events: &[Projected]) -> Result<(), ReadModelsError> {
        let erases = events
            .iter()
            .any(|projected| matches!(projected.fact, Ok(Fact::UserErased | Fact::NetworkEnded(_))));
        if erases {
            self.forget_previous(&mut tx).await?;
        }
        tx.commit().await?;
        if erases {
            self.empty_wal().await?;
        }
        Ok(())
    }
}

/// All models' part in one batch: what it touches is loaded, folded in memory, and written back.
#[derive(Debug)]
pub(crate) struct Batch {
    users: Users,
    sessions: Sessions,
    roles: Roles,
    service_accounts: ServiceAccounts,
    key_uses: KeyUses,
    audit: Audit,
    parked: HashMap<StreamName, ParkedStream>,
}

impl Batch {
    pub(crate) async fn load(
        tx: &mut Tx,
        events: &[Projected],
        parked: HashMap<StreamName, ParkedStream>,
    ) -> Result<Self, ReadModelsError> {
        let touches = Touches::of(events);
        Ok(Self {
            users: Users::load(tx, &touches.users).await?,
            sessions: Sessions::load(tx, &touches.sessions).await?,
            roles: Roles::default(),
            service_accounts: ServiceAccounts::load(tx, &touches.service_accounts).await?,
            key_uses: KeyUses::default(),
            audit: Audit::default(),
            parked,
        })
    }

    /// Takes in one event: it is listed, and folded unless its stream waits.
    pub(crate) fn take(&mut self, projected: &Projected) {
        self.audit.list(projected);
        if let Some(parked) = self.parked.get_mut(&projected.record.stream) {
            parked.waiting += 1;
            return;
        }
        let folded = match &projected.fact {
            Ok(fact) => self.fold(projected, fact).map_err(|unfoldable| unfoldable.to_string()),
            Err(unreadable) => Err(unreadable.clone()),
        };
        if let Err(reason) = folded {
            let parked = ParkedStream::because(projected, &reason);
            self.parked.insert(parked.stream.clone(), parked);
        }
    }

    fn fold(&mut self, projected: &Projected, fact: &Fact) -> Result<(), Unfoldable> {
        let happened = projected.happening(fact);
        match projected.record.stream.category() {
            Category::User(user) => {
                self.users.apply(user, &happened)?;
                if let Some(ending) = Ending::of(user, &happened) {
                    self.sessions.end(ending);
                }
                Ok(())
            }
            Category::Session(session) => self.sessions.apply(session, &happened),
            Category::Retention => {
                if let Fact::NetworkEnded(ended) = fact {
                    self.sessions.end_network(ended.month);
                }
                Ok(())
            }
            Category::Role(role) => self.roles.apply(role, &happened),
            Category::Service(account) => self.service_accounts.apply(account, &happened),
            Category::KeyUse(key) => self.key_uses.apply(key, &happened),
            Category::SignIn(_)
            | Category::Factor(_)
            | Category::Mail(_)
            | Category::Export
            | Category::Unknown => Ok(()),
        }
    }

    /// The stream, if it waits.
    pub(crate) fn parked(&self, stream: &StreamName) -> Option<&ParkedStream> {
        self.parked.get(stream)
    }

    /// These events are in the list already; they are listed again as they are known now.
    pub(crate) async fn relist(&self, tx: &mut Tx, events: &[Projected]) -> Result<(), ReadModelsError> {
        Audit::strike(tx, events).await
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ReadModelsError> {
        self.users.write(tx).await?;
        self.sessions.write(tx).await?;
        self.roles.write(tx).await?;
        self.service_accounts.write(tx).await?;
        self.key_uses.write(tx).await?;
        self.audit.write(tx).await?;
        parked::write(tx, &self.parked.values().collect::<Vec<_>>()).await
    }
}

/// The rows that a batch needs to see before it can be folded.
#[derive(Debug, Default)]
struct Touches {
    users: Vec<Uuid>,
    sessions: Touched,
    service_accounts: Vec<Uuid>,
}

impl Touches {
    fn of(events: &[Projected]) -> Self {
        let (mut users, mut sessions, mut service_accounts) =
            (Needs::default(), Needs::default(), Needs::default());
        let mut owners = HashSet::new();
        let mut endings = Vec::new();
        for projected in events {
            let Ok(fact) = &projected.fact else { continue };
            match projected.record.stream.category() {
                Category::User(user) => {
                    users.note(user.0, projected.record.version == Version::NONE.next());
                    if let Some(ending) = Ending::of(user, &projected.happening(fact)) {
                        owners.insert(user.0);
                        endings.push(ending);
                    }
                }
                Category::Session(session) => {
                    sessions.note(session.0, says_all(fact));
                    owners.extend(fact.session_owner().map(|UserId(owner)| owner));
                }
                Category::Service(account) => {
                    service_accounts.note(account.0, projected.record.version == Version::NONE.next());
                }
                Category::SignIn(_)
                | Category::Mail(_)
                | Category::Factor(_)
                | Category::Role(_)
                | Category::KeyUse(_)
                | Category::Export
                | Category::Retention
                | Category::Unknown => {}
            }
        }
        let owners = owners.into_iter().collect();
        Self {
            users: users.missing,
            sessions: Touched { sessions: sessions.missing, owners, endings },
            service_accounts: service_accounts.missing,
        }
    }
}

/// Whether this fact makes a session's row without the one before it.
const fn says_all(fact: &Fact) -> bool {
    matches!(fact, Fact::SessionStarted(_) | Fact::SessionRefreshed(_) | Fact::SessionReauthenticated(_))
}

/// Rows by whether the first that a batch says of them is enough to make them.
#[derive(Debug, Default)]
struct Needs {
    seen: HashSet<Uuid>,
    missing: Vec<Uuid>,
}

impl Needs {
    fn note(&mut self, id: Uuid, complete: bool) {
        if self.seen.insert(id) && !complete {
            self.missing.push(id);
        }
    }
}

fn streams(events: &[Projected]) -> Vec<&str> {
    let streams: HashSet<&str> = events.iter().map(|projected| projected.record.stream.as_str()).collect();
    streams.into_iter().collect()
}

/// Whether a position is missing cannot be seen here: not every log's are next by next. The log itself looks for gaps.
fn follow_each_other(from: Position, events: &[Projected]) -> bool {
    let before = std::iter::once(from).chain(events.iter().map(|projected| projected.position));
    events.iter().zip(before).all(|(projected, before)| projected.position > before)
}
