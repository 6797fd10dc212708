//! Upon whom somebody may act.

use crate::{App, domain::may_act_upon, failure::Failure, respond::granter};
use events::{Permission, RoleName, UserId};
use service::caller::Principal;

impl App {
    /// Refuses (403) whoever would act upon a person who may do more than they. Every command about somebody else asks
    /// this, after it has asked for the permission. Of nobody it says nothing: that is the command's to say.
    ///
    /// A person who is given a role at this very moment is as if they were given it afterwards.
    pub(crate) async fn must_reach(&self, by: &Principal, id: UserId) -> Result<(), Failure> {
        let everything = Permission::ALL.iter().all(|permission| by.may(*permission));
        if everything || by.is(id) {
            return Ok(());
        }
        let user = self.user(id, None, None).await?.state;
        let Some(person) = user.person() else { return Ok(()) };
        let theirs = self.permissions(&person.roles).await?;
        Ok(may_act_upon(&theirs, &granter(by, id))?)
    }

    /// Whether somebody has this role. Programs have none.
    pub(crate) async fn has_role(&self, by: &Principal, name: &RoleName) -> Result<bool, Failure> {
        let Principal::Person(caller) = by else { return Ok(false) };
        let user = self.user(caller.user_id, None, None).await?.state;
        Ok(user.person().is_some_and(|person| person.roles.contains(name)))
    }
}
