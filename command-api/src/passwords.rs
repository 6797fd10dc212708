//! Giving one's password once more, for what a stolen access token must not be enough.

use crate::{
    App,
    command::Asked,
    failure::Failure,
    input::{Password, directory_key},
};
use events::{FailureCause, UserId, Version};
use service::problem::Code;
use store::vault::Scope;

impl App {
    /// Checks somebody's password, throttled as sign-ins are. Answers with the version of the password that it was
    /// checked against, for the decision to compare.
    pub(crate) async fn verify_again(
        &self,
        asked: &Asked,
        id: UserId,
        password: Password,
    ) -> Result<Version, Failure> {
        let user = self.user(id, Some(Scope::All), Some(&asked.ids)).await?;
        let Some(person) = user.state.person() else { return Err(Failure::new(Code::InvalidToken)) };
        if user.done {
            // A second try of a command that is done: nothing will be decided, and the password may be the old one.
            return Ok(person.password_version);
        }
        let address =
            person.profile.as_ref().map(|profile| directory_key(&profile.email)).unwrap_or_default();
        let guess = self.admit(asked, &address).await?;
        if self.verify(&guess, password.into_secret(), &user.state).await?.matches {
            self.right(&guess).await?;
            return Ok(person.password_version);
        }
        self.wrong(asked, id, guess, Some(FailureCause::WrongPassword));
        Err(Failure::new(Code::InvalidCredentials))
    }
}
