//! Who asks. Read from the log, so that a right that was taken away is gone for the very next command.

use crate::{App, failure::Failure};
use events::{Permission, RoleName, permissions_of};
use http::HeaderMap;
use service::{
    caller::{Caller, bearer},
    problem::{Code, Problem},
    token::Claims,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl App {
    /// Whoever signed the request with an access token, if their session still stands.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Failure> {
        let now = self.clock.now();
        let refused = || Failure::new(Code::InvalidToken);
        let claims = self.claims(bearer(headers)?)?;
        let session = self.session(claims.sid, None).await?;
        let user = self.user(claims.sub, None, None).await?;
        let live = session.state.standing(&user.state, now).filter(|live| live.user_id == claims.sub);
        let (Some(live), Some(person)) = (live, user.state.person()) else { return Err(refused()) };
        Ok(Caller {
            user_id: live.user_id,
            session_id: live.id,
            session_position: live.started_position,
            permissions: self.permissions(&person.roles).await?,
        })
    }

    /// What an access token says, if it holds. Whether its session still stands is not asked.
    pub(crate) fn claims(&self, token: &str) -> Result<Arc<Claims>, Failure> {
        Ok(self.verifier.verify(token, self.clock.now()).map_err(Problem::from)?)
    }

    /// All that these roles permit together.
    async fn permissions(&self, roles: &BTreeSet<RoleName>) -> Result<BTreeSet<Permission>, Failure> {
        let mut defined = BTreeMap::new();
        for name in roles.iter().filter(|name| name.built_in().is_none()) {
            defined.insert(name, self.role(name, None).await?.state.permissions());
        }
        Ok(permissions_of(roles, |name| defined.get(name).cloned().flatten()))
    }
}
