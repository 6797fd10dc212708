//! Who asks. Read from the log, so that a right that was taken away is gone for the very next command.

use crate::{App, domain::LiveSession, failure::Failure, history::Read};
use events::{Permission, RoleName, SessionId, StreamName, UserId, permissions_of};
use http::{Extensions, HeaderMap, Method};
use service::{
    api_key::ApiKey,
    caller::{Caller, Principal, bearer},
    extract::RequestInfo,
    problem::Code,
    token::Claims,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::log::Guard;

/// Whoever asks, and the streams that this was read from: what they ask for is done only while these stand where they
/// stood, so that no command lands in the log behind the fact that took its right away.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) by: Principal,
    pub(crate) guards: Vec<Guard>,
}

/// A session that stands, with all that its person may do and whether a second factor is demanded of them.
struct Holder {
    live: LiveSession,
    permissions: BTreeSet<Permission>,
    second_factor_demanded: bool,
    guards: Vec<Guard>,
}

impl App {
    /// Whoever signed the request: a person with an access token, if their session still stands, or a program with an
    /// API key, if it still holds.
    pub(crate) async fn standing(
        &self,
        method: &Method,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Standing, Failure> {
        // A key is sent by a program, and never by a browser of its own accord.
        if let Ok(key) = bearer(headers)
            && ApiKey::is_meant_by(key)
        {
            let info = RequestInfo::of(extensions, headers);
            let (caller, guard) = self.service(key, &info).await?;
            return Ok(Standing { by: Principal::Service(caller), guards: vec![guard] });
        }
        let claims = self.claims(self.browsers.access_token(method, headers)?).await?;
        let Holder { live, permissions, second_factor_demanded, guards } =
            self.session_holder(claims.sub, claims.sid).await?;
        let caller = Caller {
            user_id: live.user_id,
            session_id: live.id,
            session_position: live.started_position,
            auth_time: claims.auth_time,
            second_factor: claims.has_second_factor(),
            second_factor_demanded,
            permissions,
        };
        Ok(Standing { by: Principal::Person(caller), guards })
    }

    /// The guards of now, for whoever was known already and something was said about since: they must still be there, and
    /// may nothing less than what they were admitted with, and nothing may be demanded of them that was not.
    pub(crate) async fn still_stands(&self, known: &Standing) -> Result<Vec<Guard>, Failure> {
        let (permissions, newly_demanded, guards) = match &known.by {
            Principal::Person(caller) => {
                let holder = self.session_holder(caller.user_id, caller.session_id).await?;
                let newly = holder.second_factor_demanded && !caller.second_factor_demanded;
                (holder.permissions, newly && !caller.second_factor, holder.guards)
            }
            Principal::Service(caller) => {
                let (permissions, guards) = self.key_holder(caller.account_id, caller.key_id).await?;
                (permissions, false, guards)
            }
        };
        match permissions.is_superset(known.by.permissions()) && !newly_demanded {
            true => Ok(guards),
            // Whether they may still do this is for their next try to find out.
            false => Err(Failure::new(Code::Contended)),
        }
    }

    async fn session_holder(&self, id: UserId, session: SessionId) -> Result<Holder, Failure> {
        let read = self.session(session, None).await?;
        let user = self.user(id, None, None).await?;
        let live = read.state.standing(&user.state, self.clock.now(), self.config.session_idle_ttl);
        let live = live.filter(|live| live.user_id == id);
        let (Some(live), Some(person)) = (live, user.state.person()) else {
            return Err(Failure::new(Code::InvalidToken));
        };
        let mut guards = vec![guard(StreamName::session(session), &read), guard(StreamName::user(id), &user)];
        let permissions = self.permitted(&person.roles, &mut guards).await?;
        let second_factor_demanded = self.config.second_factor.is_made_of(&person.roles);
        Ok(Holder { live: *live, permissions, second_factor_demanded, guards })
    }

    /// Refuses a person who proved who they are too long ago for what matters most. A program proves nothing anew: what
    /// its key permits is its bound.
    pub(crate) fn must_be_fresh(&self, by: &Principal) -> Result<(), Failure> {
        match by {
            Principal::Person(caller) => Ok(caller.must_be_fresh(self.clock.now(), self.config.fresh_auth)?),
            Principal::Service(_) => Ok(()),
        }
    }

    /// What an access token says, if it holds. Whether its session still stands is not asked.
    pub(crate) async fn claims(&self, token: &str) -> Result<Arc<Claims>, Failure> {
        self.token_keys.verify(token).await
    }

    /// All that these roles permit together.
    pub(crate) async fn permissions(
        &self,
        roles: &BTreeSet<RoleName>,
    ) -> Result<BTreeSet<Permission>, Failure> {
        self.permitted(roles, &mut Vec::new()).await
    }

    async fn permitted(
        &self,
        roles: &BTreeSet<RoleName>,
        guards: &mut Vec<Guard>,
    ) -> Result<BTreeSet<Permission>, Failure> {
        let mut defined = BTreeMap::new();
        for name in roles.iter().filter(|name| name.built_in().is_none()) {
            let role = self.role(name, None).await?;
            guards.push(guard(StreamName::role(name), &role));
            defined.insert(name, role.state.permissions());
        }
        Ok(permissions_of(roles, |name| defined.get(name).cloned().flatten()))
    }
}

pub(crate) fn guard<T>(stream: StreamName, read: &Read<T>) -> Guard {
    Guard { stream, version: read.version }
}
