//! Proving once more who one is, for what a stolen access token must not be enough.

use crate::{
    App,
    command::Asked,
    failure::Failure,
    input::{FactorCode, Password, directory_key},
};
use events::{FailureCause, SecondFactor, UserId, Version};
use service::problem::Code;
use store::vault::Scope;

/// What somebody shows.
pub(crate) enum Shown {
    /// The password alone. That is enough in a session: those that were begun without a second factor ended when its
    /// person got one.
    Password(Password),
    /// The password, and a code where there is a second factor.
    PasswordAndCode(Password, Option<FactorCode>),
    /// A code alone.
    Code(FactorCode),
}

/// What was found right.
pub(crate) struct Proof {
    /// The version of the password that was good when it was checked, for the decision to compare.
    pub(crate) password: Version,
    /// Which code was shown.
    pub(crate) second_factor: Option<SecondFactor>,
}

impl App {
    /// Checks somebody's password, throttled as sign-ins are. Answers with the version of the password that it was
    /// checked against, for the decision to compare.
    pub(crate) async fn verify_again(
        &self,
        asked: &Asked,
        id: UserId,
        password: Password,
    ) -> Result<Version, Failure> {
        Ok(self.prove(asked, id, Shown::Password(password)).await?.password)
    }

    /// Checks what somebody shows, throttled as sign-ins are.
    pub(crate) async fn prove(&self, asked: &Asked, id: UserId, shown: Shown) -> Result<Proof, Failure> {
        let user = self.user(id, Some(Scope::All), Some(&asked.ids)).await?;
        let Some(person) = user.state.person() else { return Err(Failure::new(Code::InvalidToken)) };
        if user.done {
            // A second try of a command that is done: nothing will be decided, and the password may be the old one.
            return Ok(Proof { password: person.password_version, second_factor: None });
        }
        let (password, code, asks) = match shown {
            Shown::Password(password) => (Some(password), None, false),
            Shown::PasswordAndCode(password, code) => (Some(password), code, true),
            Shown::Code(_) if !person.factor.is_asked_for() => {
                return Err(Failure::new(Code::NoSecondFactor));
            }
            Shown::Code(code) => (None, Some(code), true),
        };
        let address =
            person.profile.as_ref().map(|profile| directory_key(&profile.email)).unwrap_or_default();
        let mut guess = self.admit(asked, self.vault.address_hash(&address), None).await?;
        if let Some(password) = password
            && !self.verify(&guess, password.into_secret(), &user.state).await?.matches
        {
            self.wrong(asked, id, guess, Some(FailureCause::WrongPassword));
            return Err(Failure::new(Code::InvalidCredentials));
        }
        let mut second_factor = None;
        if asks {
            (guess, second_factor) = self.ask_for_code(asked, guess, id, person, code.as_ref()).await?;
        }
        self.right(&guess).await?;
        Ok(Proof { password: person.password_version, second_factor })
    }
}
