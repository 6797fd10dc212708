//! What the log says, read to decide.

use crate::{
    App,
    domain::{Happened, LiveSession, Role, Session, User},
    failure::Failure,
    ids::Ids,
};
use events::{
    EventId, Fact, Group, Position, Profile, RoleName, SealContext, SessionId, StreamName, UserId, Version,
};
use std::borrow::Cow;
use store::{log::Stored, vault::Scope};

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
}

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
        let own = |n: usize, stored: &Stored| ids.is_some_and(|ids| stored.record.id == ids.event(n));
        let first = stored.iter().position(|stored| own(0, stored));
        if let Some(first) = first {
            let count = stored[first..].iter().enumerate().take_while(|(n, stored)| own(*n, stored)).count();
            stored.truncate(first + count);
        }
        let told = self.told(stored, scope).await?;
        let user = User::fold(told.iter().map(happened))?;
        Ok(read(told.last(), user, first.is_some()))
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
        let first = self.told(stored, None).await?.pop();
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
        let told = self.told(stored, Some(Scope::Profiles)).await?;
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

    /// A role, from the last record of its stream.
    pub(crate) async fn role(&self, name: &RoleName, ids: Option<&Ids>) -> Result<Read<Role>, Failure> {
        let last = self.last(&StreamName::role(name)).await?;
        let role = Role::read(name, last.as_ref().map(happened))?;
        Ok(read_last(last.as_ref(), role, ids))
    }

    /// A stream's last record. Its personal values stay sealed: nothing that is decided from one needs them.
    pub(crate) async fn last(&self, stream: &StreamName) -> Result<Option<Told>, Failure> {
        let Some(stored) = self.log.read_last(stream).await? else { return Ok(None) };
        let fact = stored.record.fact(|_, _| None)?;
        Ok(Some((stored, fact)))
    }

    async fn told(&self, stored: Vec<Stored>, scope: Option<Scope>) -> Result<Vec<Told>, Failure> {
        let keyring = match scope {
            Some(scope) => {
                let keys = stored.iter().flat_map(|stored| stored.record.keys());
                // From where somebody came decides nothing: what is not needed is not looked up.
                let needed: Vec<_> = keys.filter(|key| key.group != Group::Network).collect();
                Some(self.vault.keyring(&needed, scope).await?)
            }
            None => None,
        };
        let open = |context: &SealContext<'_>, sealed: &[u8]| keyring.as_ref()?.open(context, sealed);
        let told = |stored: Stored| stored.record.fact(open).map(|fact| (stored, fact));
        Ok(stored.into_iter().map(told).collect::<Result<_, _>>()?)
    }
}

fn profile_in(fact: &Fact) -> Option<&Profile> {
    if let Fact::UserRegistered(fact) = fact {
        return fact.profile.open();
    }
    if let Fact::ProfileChanged(fact) = fact {
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
    Read { state, version, position, id: last.map(|(stored, _)| stored.record.id), done }
}
