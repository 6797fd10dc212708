//! The second factor: what a person is given, and a code that they show.

use crate::{
    App,
    command::Asked,
    domain::{Person, Refusal, RightCode, UsedCodes, use_code},
    failure::Failure,
    guess::Guess,
    input::FactorCode,
    recovery_codes, totp,
};
use events::{FailureCause, SecondFactor, TotpSecret, UserId};
use service::{config::SecondFactorDemand, problem::Code};

impl App {
    /// Warns of roles that a second factor is demanded of and that nobody has defined: one that is misspelt would demand
    /// nothing of anybody, and nobody would notice.
    pub(crate) async fn warn_of_unknown_roles(&self) {
        let SecondFactorDemand::Roles(names) = &self.config.second_factor else { return };
        // Whoever cannot read them now will not be able to serve, and says so.
        let Ok(roles) = self.roles(names.iter().cloned().collect()).await else { return };
        for (name, _) in roles.iter().filter(|(_, role)| role.permissions().is_none()) {
            tracing::warn!(role = %name, "EVIDENT_SECOND_FACTOR names a role that is not defined: {name}");
        }
    }

    /// A secret for an authenticator. The same command makes the same one, however often it is tried.
    pub(crate) fn new_totp_secret(&self, asked: &Asked) -> TotpSecret {
        totp::secret(&cut(self.hidden(asked, "totp secret", 0)))
    }

    /// Recovery codes as people type them. The same command makes the same ones.
    pub(crate) fn new_recovery_codes(&self, asked: &Asked) -> Vec<String> {
        let code = |n| recovery_codes::written(&cut(self.hidden(asked, "recovery code", n)));
        (0..recovery_codes::COUNT).map(code).collect()
    }

    /// Seeds of commands lie in the vault as they are, so what is secret also takes a key that the master key wraps.
    fn hidden(&self, asked: &Asked, what: &'static str, n: usize) -> [u8; 32] {
        self.vault.keyed_hash(what, &[&asked.ids.hidden(what, n)])
    }

    /// Asks for a code beside a password that was right, where the person has a second factor. Answers with what was
    /// shown, `None` where nothing is asked for.
    ///
    /// A right password alone gives the guess back and nothing more: otherwise whoever knows the password could
    /// begin anew to guess at codes after each few.
    pub(crate) async fn ask_for_code(
        &self,
        asked: &Asked,
        guess: Guess,
        id: UserId,
        person: &Person,
        code: Option<&FactorCode>,
    ) -> Result<(Guess, Option<SecondFactor>), Failure> {
        if !person.factor.is_asked_for() {
            return Ok((guess, None));
        }
        let Some(code) = code else {
            self.unchecked(&guess).await?;
            return Err(Failure::new(Code::SecondFactorRequired));
        };
        match self.use_code(asked, id, person, code).await {
            Ok(Some(shown)) => Ok((guess, Some(shown))),
            Ok(None) => {
                self.wrong(asked, id, guess, Some(FailureCause::WrongCode));
                Err(Failure::new(Code::InvalidCredentials))
            }
            Err(failure) => {
                self.unchecked(&guess).await?;
                Err(failure)
            }
        }
    }

    /// Uses a code up; `None` when it is wrong, or was used before. Of all who show it at once one is let through: it
    /// is appended behind what they read.
    async fn use_code(
        &self,
        asked: &Asked,
        id: UserId,
        person: &Person,
        code: &FactorCode,
    ) -> Result<Option<SecondFactor>, Failure> {
        let factor = &person.factor;
        let (right, shown) = match code {
            FactorCode::Totp(digits) => {
                let Some(totp) = &factor.totp else { return Ok(None) };
                let step =
                    totp.secret.as_ref().and_then(|secret| totp::step_of(secret, digits, self.clock.now()));
                let right =
                    step.map(|step| RightCode::Totp { enrolled: totp.enrolled, confirmed: totp.step, step });
                (right, SecondFactor::Totp)
            }
            FactorCode::Recovery(text) => {
                let Some(set) = &factor.recovery else { return Ok(None) };
                let place = set.codes.as_ref().and_then(|codes| recovery_codes::place_of(id, text, codes));
                let right = place.map(|place| RightCode::Recovery { issued: set.issued, place });
                (right, SecondFactor::RecoveryCode)
            }
        };
        let Some(right) = right else { return Ok(None) };
        let rule = |used: &UsedCodes| use_code(used, right);
        match self.decide::<UsedCodes, Refusal>(&asked.then("code used"), id, rule).await {
            Ok(_) => Ok(Some(shown)),
            Err(failure) if failure.code() == Code::InvalidCredentials => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn cut<const N: usize>(bits: [u8; 32]) -> [u8; N] {
    let mut first = [0; N];
    first.copy_from_slice(&bits[..N]);
    first
}
