//! Who may still do what, known without a look-up: loaded at start, then told by the feed.

mod standing;

use events::{Fact, Position, StreamName, Timestamp};
use read_models::{ChangedPerson, ReadModels, ReadModelsError, RevokedSessions, UserStatus};
use service::{Caller, Code, Problem, token::Claims};
use standing::{Revoked, Standing};
use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

/// No access token lives longer, whatever the configuration of whoever signs them.
const LONGEST_TOKEN: Duration = Duration::from_secs(60 * 60);
/// Clocks differ, and verifiers are lenient.
const LENIENCY: Duration = Duration::from_secs(2 * 60);

/// What was taken away or given while some access token may still say otherwise.
#[derive(Debug)]
pub(crate) struct Access(RwLock<Standing>);

impl Access {
    /// Loads what the read models know, and the position up to which they know it. What they know beyond it comes
    /// again by the feed and changes nothing.
    pub(crate) async fn load(
        read_models: &ReadModels,
        access_ttl: Duration,
        now: Timestamp,
    ) -> Result<(Self, Position), ReadModelsError> {
        let changed = read_models.revocations().await?;
        let roles = read_models.roles().await?;
        let mut standing = Standing::new(access_ttl.max(LONGEST_TOKEN) + LENIENCY);
        for ended in changed.value.sessions {
            standing.end_session(ended.session_id, now);
        }
        for person in changed.value.people {
            load_person(&mut standing, person, now);
        }
        for role in roles.value {
            standing.define_role(roles.position, role.name, role.permissions);
        }
        Ok((Self(RwLock::new(standing)), changed.position))
    }

    /// Takes in what happened.
    pub(crate) fn apply(&self, position: Position, stream: &StreamName, fact: &Fact, now: Timestamp) {
        let mut standing = self.0.write().unwrap_or_else(PoisonError::into_inner);
        standing.apply(position, stream, fact, now);
    }

    /// Refuses (401) whose session ended or who may not act any more.
    pub(crate) fn admit(&self, claims: &Claims) -> Result<(), Problem> {
        let standing = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match standing.admits(claims.sub, claims.sid, claims.pos) {
            true => Ok(()),
            false => Err(Problem::new(Code::InvalidToken)),
        }
    }

    /// Who asks, with the permissions of this moment.
    pub(crate) fn caller(&self, claims: &Claims) -> Caller {
        let standing = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let roles = standing.roles(claims.sub, &claims.roles);
        Caller {
            user_id: claims.sub,
            session_id: claims.sid,
            session_position: claims.pos,
            permissions: standing.permissions(&roles),
        }
    }

    /// How many changes are remembered.
    pub(crate) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn load_person(standing: &mut Standing, person: ChangedPerson, now: Timestamp) {
    if person.status != UserStatus::Active {
        standing.block(person.user_id, now);
    }
    if let Some(RevokedSessions { before, except }) = person.revoked {
        standing.revoke_sessions(person.user_id, Revoked { before, except }, now);
    }
    standing.set_roles(person.user_id, person.roles, now);
}
