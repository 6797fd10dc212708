//! Who may still do what, known without a look-up: loaded at start, then told by the feed.

mod standing;

use crate::services::Services;
use events::{Category, Fact, Position, StreamName, Timestamp, Version};
use read_models::{ChangedPerson, ReadModels, ReadModelsError, RevokedSessions, UserStatus};
use service::{Caller, Code, Config, Problem, config::SecondFactorDemand, token::Claims};
use standing::{Denied, Revoked, Standing};
use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use store::log::{Log, LogError, Stored};

/// No access token lives longer, whatever the configuration of whoever signs them.
const LONGEST_TOKEN: Duration = Duration::from_secs(60 * 60);
/// Clocks differ, and verifiers are lenient.
const LENIENCY: Duration = Duration::from_secs(2 * 60);

/// Why it is not known who may still do what.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    ReadModels(#[from] ReadModelsError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What was taken away or given while some access token may still say otherwise.
#[derive(Debug)]
pub(crate) struct Access {
    standing: RwLock<Standing>,
    services: Services,
    second_factor: SecondFactorDemand,
}

impl Access {
    /// Loads what the read models know, and the position up to which they know it. What they know beyond it comes
    /// again by the feed and changes nothing.
    ///
    /// Of streams that are parked the read models know the beginning only. These are read from the log, as the feed
    /// would have. They are asked for first: a stream that is parked later comes by the feed.
    pub(crate) async fn load(
        log: &Log,
        read_models: &ReadModels,
        config: &Config,
        now: Timestamp,
    ) -> Result<(Self, Position), LoadError> {
        let parked = read_models.parked_streams().await?;
        let changed = read_models.revocations().await?;
        let roles = read_models.roles().await?;
        let mut standing = Standing::new(config.access_ttl.max(LONGEST_TOKEN) + LENIENCY);
        for ended in changed.value.sessions {
            standing.end_session(ended.session_id, now);
        }
        for person in changed.value.people {
            load_person(&mut standing, person, now);
        }
        // What the tables say of a role counts as of now, so it would outweigh what is read of a parked one.
        let waiting: BTreeSet<_> = parked.value.iter().collect();
        for role in roles.value {
            if waiting.contains(&StreamName::role(&role.name)) {
                continue;
            }
            standing.define_role(roles.position, role.name, role.permissions);
        }
        let position = parked.position.min(changed.position);
        for stream in &parked.value {
            let told = log.read_stream(stream, Version::NONE).await?;
            for Stored { record, position, .. } in told.iter().filter(|stored| stored.position <= position) {
                match record.fact(|_, _| None) {
                    Ok(fact) => standing.apply(*position, stream, &fact, now),
                    Err(_) => _ = standing.deny(*position, stream, now),
                }
            }
        }
        let second_factor = config.second_factor.clone();
        Ok((Self { standing: RwLock::new(standing), services: Services::default(), second_factor }, position))
    }

    /// Takes in what happened.
    pub(crate) fn apply(&self, position: Position, stream: &StreamName, fact: &Fact, now: Timestamp) {
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        standing.apply(position, stream, fact, now);
        self.touch(stream);
    }

    fn touch(&self, stream: &StreamName) {
        if let Category::Service(account) = stream.category() {
            self.services.touch(account);
        }
    }

    /// The service accounts and their keys.
    pub(crate) const fn services(&self) -> &Services {
        &self.services
    }

    /// Takes in that something happened which cannot be read here.
    pub(crate) fn deny(&self, position: Position, stream: &StreamName, now: Timestamp) -> Denied {
        self.touch(stream);
        self.standing.write().unwrap_or_else(PoisonError::into_inner).deny(position, stream, now)
    }

    /// Refuses (401) whose session ended or who may not act any more.
    pub(crate) fn admit(&self, claims: &Claims) -> Result<(), Problem> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        match standing.admits(claims.sub, claims.sid, claims.pos) {
            true => Ok(()),
            false => Err(Problem::new(Code::InvalidToken)),
        }
    }

    /// Who asks, with the permissions of this moment, and what is demanded of them.
    pub(crate) fn caller(&self, claims: &Claims) -> Caller {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let roles = standing.roles(claims.sub, &claims.roles);
        Caller {
            user_id: claims.sub,
            session_id: claims.sid,
            session_position: claims.pos,
            auth_time: claims.auth_time,
            second_factor: claims.has_second_factor(),
            second_factor_demanded: self.second_factor.is_made_of(&roles),
            permissions: standing.permissions(&roles),
        }
    }

    /// How many changes are remembered.
    pub(crate) fn len(&self) -> usize {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).len()
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
