//! The one loop: read, decide, append. Whoever was faster is read, and it is decided again.

use crate::{
    App,
    append::{Pending, Unwritten},
    command::Asked,
    domain::{Role, Session, UsedCodes, User},
    failure::Failure,
    history::{Read, SignIns},
    ids::Ids,
};
use events::{Fact, Position, RoleName, SessionId, StreamName, UserId, Version};
use service::problem::Code;
use store::{
    log::{Appended, Guard},
    vault::Scope,
};

/// How often a command is decided again before its caller is asked to come back later.
const MAX_TRIES: usize = 8;

/// What commands decide about: it has a stream, and is read from it.
pub(crate) trait Aggregate: Sized {
    /// What names it.
    type Key: Clone;

    /// Whether people see its stream's version as its `ETag`, and may hold a command to it.
    const HAS_ETAG: bool;

    /// Its stream.
    fn stream(key: &Self::Key) -> StreamName;

    /// Whose keys seal what these facts say.
    fn person(key: &Self::Key, facts: &[Fact]) -> Option<UserId>;

    /// Reads it.
    async fn read(app: &App, key: &Self::Key, ids: &Ids) -> Result<Read<Self>, Failure>;

    /// Appends what was decided.
    async fn append(
        app: &App,
        asked: &Asked,
        _key: &Self::Key,
        _before: &Read<Self>,
        pending: Pending<'_>,
    ) -> Result<Appended, Unwritten> {
        app.append(asked, pending).await
    }
}

/// What a command led to.
#[derive(Debug)]
pub(crate) struct Decided<T> {
    /// As it was when this was decided; after it, when this was its second try.
    pub(crate) before: Read<T>,
    /// What was appended just now.
    pub(crate) facts: Vec<Fact>,
    /// Where.
    pub(crate) positions: Vec<Position>,
}

impl<T> Decided<T> {
    /// Of the stream, after the command.
    pub(crate) fn version(&self) -> Version {
        Version(self.before.version.0 + self.facts.len() as u64)
    }

    /// Of the stream's last record: a query that has come so far reflects the command.
    pub(crate) fn position(&self) -> Position {
        self.positions.last().copied().unwrap_or(self.before.position)
    }
}

impl App {
    /// Decides about something by a pure rule, and appends what it says, if anything. Durable on return.
    pub(crate) async fn decide<T: Aggregate, E: Into<Failure>>(
        &self,
        asked: &Asked,
        key: T::Key,
        rule: impl Fn(&T) -> Result<Vec<Fact>, E>,
    ) -> Result<Decided<T>, Failure> {
        let first = T::read(self, &key, &asked.ids).await?;
        self.decide_from(first, asked, key, rule).await
    }

    /// The same for whoever has read it already: it is read again only when somebody was faster since.
    pub(crate) async fn decide_from<T: Aggregate, E: Into<Failure>>(
        &self,
        first: Read<T>,
        asked: &Asked,
        key: T::Key,
        rule: impl Fn(&T) -> Result<Vec<Fact>, E>,
    ) -> Result<Decided<T>, Failure> {
        let (stream, mut read) = (T::stream(&key), Some(first));
        let standing = asked.standing.as_ref();
        let mut guards = standing.map(|standing| standing.guards.clone()).unwrap_or_default();
        for _ in 0..MAX_TRIES {
            let before = match read.take() {
                Some(first) => first,
                None => T::read(self, &key, &asked.ids).await?,
            };
            if before.done {
                return Ok(Decided { before, facts: vec![], positions: vec![] });
            }
            if T::HAS_ETAG {
                asked.must_match(before.version)?;
            }
            // What was said on this very stream since whoever asks was looked at: no guard tells of the stream that is
            // appended to.
            let moved = |guard: &Guard| guard.stream == stream && guard.version != before.version;
            if let Some(standing) = standing
                && guards.iter().any(moved)
            {
                guards = self.still_stands(standing).await?;
            }
            let facts = rule(&before.state).map_err(Into::into)?;
            if facts.is_empty() {
                return Ok(Decided { before, facts, positions: vec![] });
            }
            let person = T::person(&key, &facts);
            let pending = Pending {
                stream: &stream,
                after: before.version,
                person,
                keys: before.keys.clone(),
                facts: &facts,
                guards: &guards,
            };
            match T::append(self, asked, &key, &before, pending).await {
                Ok(appended) => return Ok(Decided { before, facts, positions: appended.positions }),
                Err(Unwritten::Stale) => {}
                Err(Unwritten::Moved) => {
                    if let Some(standing) = standing {
                        guards = self.still_stands(standing).await?;
                    }
                }
                Err(Unwritten::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::new(Code::Contended))
    }
}

impl Aggregate for User {
    type Key = UserId;
    const HAS_ETAG: bool = true;

    fn stream(id: &UserId) -> StreamName {
        StreamName::user(*id)
    }

    fn person(id: &UserId, _: &[Fact]) -> Option<UserId> {
        Some(*id)
    }

    async fn read(app: &App, id: &UserId, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.user(*id, Some(Scope::Profiles), Some(ids)).await
    }

    async fn append(
        app: &App,
        asked: &Asked,
        id: &UserId,
        before: &Read<Self>,
        pending: Pending<'_>,
    ) -> Result<Appended, Unwritten> {
        app.append_keeping_an_admin(asked, *id, before, pending).await
    }
}

impl Aggregate for Session {
    type Key = SessionId;
    const HAS_ETAG: bool = false;

    fn stream(id: &SessionId) -> StreamName {
        StreamName::session(*id)
    }

    fn person(_: &SessionId, facts: &[Fact]) -> Option<UserId> {
        facts.iter().find_map(Fact::session_owner)
    }

    async fn read(app: &App, id: &SessionId, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.session(*id, Some(ids)).await
    }
}

impl Aggregate for Role {
    type Key = RoleName;
    const HAS_ETAG: bool = true;

    fn stream(name: &RoleName) -> StreamName {
        StreamName::role(name)
    }

    fn person(_: &RoleName, _: &[Fact]) -> Option<UserId> {
        None
    }

    async fn read(app: &App, name: &RoleName, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.role(name, Some(ids)).await
    }
}

impl Aggregate for SignIns {
    type Key = UserId;
    const HAS_ETAG: bool = false;

    fn stream(id: &UserId) -> StreamName {
        StreamName::sign_in(*id)
    }

    fn person(id: &UserId, _: &[Fact]) -> Option<UserId> {
        Some(*id)
    }

    async fn read(app: &App, id: &UserId, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.sign_ins(*id, ids).await
    }
}

impl Aggregate for UsedCodes {
    type Key = UserId;
    const HAS_ETAG: bool = false;

    fn stream(id: &UserId) -> StreamName {
        StreamName::factor(*id)
    }

    fn person(_: &UserId, _: &[Fact]) -> Option<UserId> {
        None
    }

    async fn read(app: &App, id: &UserId, ids: &Ids) -> Result<Read<Self>, Failure> {
        app.used_codes(*id, ids).await
    }
}
