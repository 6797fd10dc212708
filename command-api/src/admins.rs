//! That somebody is always left who can administer Evident.
//!
//! The vault lists who can; the log says who is. A person is taken off the list before the fact that ends their being
//! an admin is appended, and the vault refuses to take the last one off, so that of two who remove each other one is
//! refused. Afterwards the list is set to what the log says, with the stream's version, so that the last one wins.

use crate::{
    App,
    append::{Pending, Unwritten},
    command::Asked,
    domain::{Happened, Refusal, User},
    failure::Failure,
    history::Read,
};
use events::{BuiltInRole, Fact, Position, Timestamp, UserId};
use store::log::Appended;

impl App {
    /// As [`App::append`], for the stream of a person who may be an admin, before or after.
    pub(crate) async fn append_keeping_an_admin(
        &self,
        asked: &Asked,
        id: UserId,
        before: &Read<User>,
        pending: Pending<'_>,
    ) -> Result<Appended, Unwritten> {
        let (was, is) = (is_admin(&before.state), will_be_admin(before, pending.facts, asked.ids.at())?);
        if was && !is && !self.vault.withdraw_admin(id, before.version).await? {
            return Err(Failure::from(Refusal::LastAdmin).into());
        }
        let appended = self.append(asked, pending).await;
        match (&appended, was == is) {
            (Ok(appended), false) => self.vault.record_admin(id, appended.version, is).await?,
            (Err(_), false) => self.relist_admin(id).await?,
            (Ok(_) | Err(_), true) => {}
        }
        appended
    }

    /// Sets the list to what the log says of somebody.
    pub(crate) async fn relist_admin(&self, id: UserId) -> Result<(), Failure> {
        let user = self.user(id, None, None).await?;
        Ok(self.vault.record_admin(id, user.version, is_admin(&user.state)).await?)
    }
}

/// Whether somebody can administer Evident now.
pub(crate) fn is_admin(user: &User) -> bool {
    match user {
        User::Active(person) => person.roles.contains(&BuiltInRole::Admin.name()),
        User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => false,
    }
}

fn will_be_admin(before: &Read<User>, facts: &[Fact], at: Timestamp) -> Result<bool, Failure> {
    // Where the facts will stand plays no part in who is an admin.
    Ok(is_admin(&after(before, facts, &[], at)?))
}

/// Somebody after these facts, the nth of which stands at the nth position.
pub(crate) fn after(
    before: &Read<User>,
    facts: &[Fact],
    positions: &[Position],
    at: Timestamp,
) -> Result<User, Failure> {
    let mut user = before.state.clone();
    let mut version = before.version;
    for (n, fact) in facts.iter().enumerate() {
        version = version.next();
        let position = positions.get(n).copied().unwrap_or(before.position);
        user = user.apply(&Happened { position, version, at, fact })?;
    }
    Ok(user)
}
