//! What the log says, read to decide.

use crate::{
    App,
    domain::{Happened, LiveSession, Retention, Role, ServiceAccount, Session, UsedCodes, User},
    failure::Failure,
    ids::Ids,
};
use events::{
    EventId, Fact, Month, Position, Profile, RoleName, SealContext, ServiceAccountId, SessionId, StreamName,
    UserId, Version,
};
use std::{borrow::Cow, sync::Arc};
use store::{
    log::Stored,
    vault::{Scope, Sealer, VaultError},
};

/// How far back a second try looks for what the first one said: more than is said on any stream, of which the last record
/// says all, for as long as a command may be tried again.
const SAID_SINCE: u64 = 5_000;

/// Something as its stream says it is.
#[derive(Debug, Clone)]
pub(crate) struct Read<T> {
    pub(crate) state: T,
    /// Of the stream's last record; 0 when there is none.
    pub(crate) version: Version,
    /// Of the same.
    pub(crate) position: Position,
    /// Of the same.
    pub(crate) id: Option<EventId>,
    /// This very command has done its part already: it was tried before, and this is what it led to.
    pub(crate) done: bool,
    /// The keys that it was opened with, which seal what is said about it next.
    pub(crate) keys: Option<Arc<Sealer>>,
}

/// What was last said of an account's failed sign-ins, if anything.
#[derive(Debug)]
pub(crate) struct SignIns(pub(crate) Option<Fact>);

/// A record and the fact in it.
type Told = (Stored, Fact);

impl App {
    /// Somebody, from the whole of their stream, with the personal values that `scope` has keys for; without one they
    /// stay sealed. When the command with these `ids` was done already, they are as they were right after it, so that
    /// its second try answers as the first did.
    pub(crate) async fn user(
        &self,
        id: UserId,
        scope: Option<Scope>,
        ids: Option<&Ids>,
    ) -> Result<Read<User>, Failure> {
        let mut stored = self.log.read_stream(&StreamName::user(id), Version::NONE).await?;
        let done = cut_behind(&mut stored, ids);
        let keys = match scope {
            Some(_) => self.keys_of(id, self.clock.now().month()).await?,
            None => None,
        };
        let told = told(stored, keys.as_deref().zip(scope))?;
        let user = User::fold(told.iter().map(happened))?;
        Ok(Read { keys, ..read(told.last(), user, done) })
    }

    /// Somebody's keys, while they have any.
    pub(crate) async fn keys_of(&self, id: UserId, month: Month) -> Result<Option<Arc<Sealer>>, Failure> {
        match self.vault.sealer(id, month).await {
            Ok(keys) => Ok(Some(Arc::new(keys))),
            Err(VaultError::PersonErased(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What must not be forgotten yet, and which months were; cut like somebody's stream for a second try.
    pub(crate) async fn retention(&self, ids: Option<&Ids>) -> Result<Read<Retention>, Failure> {
        let mut stored = self.log.read_stream(&StreamName::retention(), Version::NONE).await?;
        let done = cut_behind(&mut stored, ids);
        let told = told(stored, None)?;
        let retention = Retention::fold(told.iter().map(happened))?;
        Ok(read(told.last(), retention, done))
    }

    /// Somebody who was read already, as they are now. Nearly always nothing was said about them since: then they are as
    /// they were, and there is nothing to open. Who was erased since has a record that says so, written before their
    /// keys are destroyed.
    pub(crate) async fn user_since<'a>(
        &self,
        id: UserId,
        scope: Scope,
        before: &'a Read<User>,
    ) -> Result<Cow<'a, User>, Failure> {
        let since = self.log.read_stream(&StreamName::user(id), before.version).await?;
        Ok(match since.is_empty() {
            true => Cow::Borrowed(&before.state),
            false => Cow::Owned(self.user(id, Some(scope), None).await?.state),
        })
    }

    /// A sign-in, from the last record of its stream.
    pub(crate) async fn session(&self, id: SessionId, ids: Option<&Ids>) -> Result<Read<Session>, Failure> {
        let last = self.last(&StreamName::session(id)).await?;
        let session = Session::read(id, last.as_ref().map(happened))?;
        Ok(read_last(last.as_ref(), session, ids))
    }

    /// A sign-in as it was when it started, and where that stands.
    pub(crate) async fn session_start(
        &self,
        id: SessionId,
    ) -> Result<Option<(LiveSession, Position)>, Failure> {
        let mut stored = self.log.read_stream(&StreamName::session(id), Version::NONE).await?;
        stored.truncate(1);
        let first = told(stored, None)?.pop();
        match Session::read(id, first.as_ref().map(happened))? {
            Session::Live(session) => Ok(Some((session, session.started_position))),
            Session::Unknown | Session::Ended { .. } => Ok(None),
        }
    }

    /// Whose session this is; `None` when it never started.
    pub(crate) async fn session_owner(&self, id: SessionId) -> Result<Option<UserId>, Failure> {
        Ok(match self.session(id, None).await?.state {
            Session::Live(session) => Some(session.user_id),
            Session::Ended { user_id } => Some(user_id),
            Session::Unknown => None,
        })
    }

    /// How somebody is known.
    pub(crate) async fn profile(&self, id: UserId) -> Result<Option<Profile>, Failure> {
        let user = self.user(id, Some(Scope::Profiles), None).await?;
        Ok(user.state.person().and_then(|person| person.profile.clone()))
    }

    /// The address that somebody has, or had when they were erased, while the key of their profile lives.
    pub(crate) async fn address_of(&self, id: UserId) -> Result<Option<String>, Failure> {
        let stored = self.log.read_stream(&StreamName::user(id), Version::NONE).await?;
        let keys = self.keys_of(id, self.clock.now().month()).await?;
        let told = told(stored, keys.as_deref().zip(Some(Scope::Profiles)))?;
        Ok(told.iter().rev().find_map(|(_, fact)| profile_in(fact)).map(|profile| profile.email.clone()))
    }

    /// Roles by name, as they are now.
    pub(crate) async fn roles(&self, names: Vec<RoleName>) -> Result<Vec<(RoleName, Role)>, Failure> {
        let mut roles = Vec::with_capacity(names.len());
        for name in names {
            let role = self.role(&name, None).await?.state;
            roles.push((name, role));
        }
        Ok(roles)
    }

    /// A role, from the last record of its stream; for a second try, from the last one of the first.
    pub(crate) async fn role(&self, name: &RoleName, ids: Option<&Ids>) -> Result<Read<Role>, Failure> {
        let (last, done) = self.last_or_own(&StreamName::role(name), ids).await?;
        let role = Role::read(name, last.as_ref().map(happened))?;
        Ok(read(last.as_ref(), role, done))
    }

    /// What was last said of somebody's failed sign-ins; for a second try, what the first one said.
    pub(crate) async fn sign_ins(&self, id: UserId, ids: &Ids) -> Result<Read<SignIns>, Failure> {
        let (last, done) = self.last_or_own(&StreamName::sign_in(id), Some(ids)).await?;
        let fact = last.as_ref().map(|(_, fact)| fact.clone());
        Ok(read(last.as_ref(), SignIns(fact), done))
    }

    /// A service account, from the whole of its stream.
    pub(crate) async fn service_account(
        &self,
        id: ServiceAccountId,
        ids: Option<&Ids>,
    ) -> Result<Read<ServiceAccount>, Failure> {
        let stored = self.log.read_stream(&StreamName::service(id), Version::NONE).await?;
        let done = ids.is_some_and(|ids| stored.iter().any(|stored| stored.record.id == ids.event(0)));
        let told = told(stored, None)?;
        let account = ServiceAccount::fold(told.iter().map(happened))?;
        Ok(read(told.last(), account, done))
    }

    /// What is used up of somebody's second factor, from the last record of its stream.
    pub(crate) async fn used_codes(&self, id: UserId, ids: &Ids) -> Result<Read<UsedCodes>, Failure> {
        let last = self.last(&StreamName::factor(id)).await?;
        let used = UsedCodes::read(last.as_ref().map(happened).as_ref())?;
        Ok(read_last(last.as_ref(), used, Some(ids)))
    }

    /// A stream's last record, or the one by which the command with these `ids` has done its part; and whether it has.
    /// Others may have spoken since, so only a second try has to look behind the last.
    async fn last_or_own(
        &self,
        stream: &StreamName,
        ids: Option<&Ids>,
    ) -> Result<(Option<Told>, bool), Failure> {
        let last = self.last(stream).await?;
        let version = last.as_ref().map_or(Version::NONE, |(stored, _)| stored.record.version);
        if version == Version::NONE || !ids.is_some_and(Ids::are_known) {
            return Ok((last, false));
        }
        let behind = Version(version.0.saturating_sub(SAID_SINCE));
        let mut stored = self.log.read_stream(stream, behind).await?;
        let done = cut_behind(&mut stored, ids);
        let last = stored.pop().into_iter().collect();
        Ok((told(last, None)?.pop(), done))
    }

    /// A stream's last record. Its personal values stay sealed: nothing that is decided from one needs them.
    pub(crate) async fn last(&self, stream: &StreamName) -> Result<Option<Told>, Failure> {
        let Some(stored) = self.log.read_last(stream).await? else { return Ok(None) };
        let fact = stored.record.fact(|_, _| None)?;
        Ok(Some((stored, fact)))
    }
}

/// What records say, with the personal values that these keys open.
fn told(stored: Vec<Stored>, keys: Option<(&Sealer, Scope)>) -> Result<Vec<Told>, Failure> {
    let open = |context: &SealContext<'_>, sealed: &[u8]| {
        let (keys, scope) = keys?;
        keys.open(scope, context, sealed)
    };
    let told = |stored: Stored| stored.record.fact(open).map(|fact| (stored, fact));
    Ok(stored.into_iter().map(told).collect::<Result<_, _>>()?)
}

/// Whether the command with these ids has done its part in a stream already; then what comes after that is cut off.
fn cut_behind(stored: &mut Vec<Stored>, ids: Option<&Ids>) -> bool {
    let own = |n: usize, stored: &Stored| ids.is_some_and(|ids| stored.record.id == ids.event(n));
    let Some(first) = stored.iter().position(|stored| own(0, stored)) else { return false };
    let count = stored[first..].iter().enumerate().take_while(|(n, stored)| own(*n, stored)).count();
    stored.truncate(first + count);
    true
}

fn profile_in(fact: &Fact) -> Option<&Profile> {
    if let Fact::UserRegistered(fact) | Fact::UserImported(fact) = fact {
        return fact.profile.open();
    }
    if let Fact::ProfileChanged(fact) = fact {
        return fact.profile.open();
    }
    if let Fact::EmailChanged(fact) = fact {
        return fact.profile.open();
    }
    None
}

fn happened((stored, fact): &Told) -> Happened<'_> {
    Happened { position: stored.position, version: stored.record.version, at: stored.record.time, fact }
}

pub(crate) fn read_last<T>(last: Option<&Told>, state: T, ids: Option<&Ids>) -> Read<T> {
    let own = |(stored, _): &Told| ids.is_some_and(|ids| stored.record.id == ids.event(0));
    read(last, state, last.is_some_and(own))
}

fn read<T>(last: Option<&Told>, state: T, done: bool) -> Read<T> {
    let version = last.map_or(Version::NONE, |(stored, _)| stored.record.version);
    let position = last.map_or(Position::START, |(stored, _)| stored.position);
    Read { state, version, position, id: last.map(|(stored, _)| stored.record.id), done, keys: None }
}
