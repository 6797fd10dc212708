//! What is used up of a person's second factor: each code is good once.

use super::{Contradiction, Happened, Refusal};
use events::{Fact, SecondFactor, SecondFactorUsed, UsedRecoveryCodes, UsedTotp, Version};

/// From the last record of `factor-{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsedCodes {
    totp: Option<UsedTotp>,
    recovery: Option<UsedRecoveryCodes>,
}

/// A right code: one that fits what the person holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightCode {
    /// By the time.
    Totp {
        /// The version at which its secret was given.
        enrolled: Version,
        /// The time step whose code confirmed the secret.
        confirmed: u64,
        /// Its own time step.
        step: u64,
    },
    /// For when the authenticator is lost.
    Recovery {
        /// The version at which its set was issued.
        issued: Version,
        /// Its place in the set.
        place: u8,
    },
}

impl UsedCodes {
    /// What is used up, as the last record says.
    pub fn read(last: Option<&Happened<'_>>) -> Result<Self, Contradiction> {
        let Some(happened) = last else { return Ok(Self::default()) };
        if let Fact::SecondFactorUsed(fact) = happened.fact {
            return Ok(Self { totp: fact.totp, recovery: fact.recovery_codes.clone() });
        }
        Err(Contradiction::new(happened, "a second factor"))
    }
}

/// Uses a code up. Codes by the time are used up together with all before them.
pub fn use_code(used: &UsedCodes, code: RightCode) -> Result<Vec<Fact>, Refusal> {
    let (mut totp, mut recovery) = (used.totp, used.recovery.clone());
    let method = match code {
        RightCode::Totp { enrolled, confirmed, step } => {
            let last = totp.filter(|totp| totp.enrolled == enrolled).map_or(confirmed, |totp| totp.step);
            if step <= last {
                return Err(Refusal::CodeUsed);
            }
            totp = Some(UsedTotp { enrolled, step });
            SecondFactor::Totp
        }
        RightCode::Recovery { issued, place } => {
            let mut set = recovery
                .filter(|set| set.issued == issued)
                .unwrap_or(UsedRecoveryCodes { issued, used: [].into() });
            if !set.used.insert(place) {
                return Err(Refusal::CodeUsed);
            }
            recovery = Some(set);
            SecondFactor::RecoveryCode
        }
    };
    Ok(vec![Fact::SecondFactorUsed(SecondFactorUsed { method, totp, recovery_codes: recovery })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::minute;
    use events::Position;

    fn totp(enrolled: u64, step: u64) -> RightCode {
        RightCode::Totp { enrolled: Version(enrolled), confirmed: 100, step }
    }

    fn recovery(issued: u64, place: u8) -> RightCode {
        RightCode::Recovery { issued: Version(issued), place }
    }

    fn after(codes: &[RightCode]) -> UsedCodes {
        codes.iter().fold(UsedCodes::default(), |used, code| {
            let facts = use_code(&used, *code).expect("a code that is good");
            let (position, version, at) = (Position(7), Version(1), minute(0));
            let happened = Happened { position, version, at, fact: &facts[0] };
            UsedCodes::read(Some(&happened)).expect("what was written")
        })
    }

    #[test]
    fn a_code_is_good_once_and_takes_those_before_it_along() {
        let used = after(&[totp(2, 105)]);
        for step in [104, 105] {
            assert_eq!(use_code(&used, totp(2, step)), Err(Refusal::CodeUsed), "{step}");
        }
        assert!(use_code(&used, totp(2, 106)).is_ok());
        assert_eq!(use_code(&UsedCodes::default(), totp(2, 100)), Err(Refusal::CodeUsed), "it confirmed");
    }

    #[test]
    fn another_secret_has_codes_of_its_own() {
        assert!(use_code(&after(&[totp(2, 105)]), totp(9, 105)).is_ok());
    }

    #[test]
    fn each_recovery_code_is_good_once() {
        let used = after(&[recovery(4, 0), recovery(4, 7)]);
        for place in [0, 7] {
            assert_eq!(use_code(&used, recovery(4, place)), Err(Refusal::CodeUsed));
        }
        assert!(use_code(&used, recovery(4, 1)).is_ok());
        assert!(use_code(&used, recovery(8, 0)).is_ok(), "of another set");
    }

    #[test]
    fn one_kind_forgets_nothing_of_the_other() {
        let used = after(&[totp(2, 105), recovery(4, 0), totp(2, 106)]);
        assert_eq!(use_code(&used, recovery(4, 0)), Err(Refusal::CodeUsed));
        let used = after(&[recovery(4, 0), totp(2, 105), recovery(4, 1)]);
        assert_eq!(use_code(&used, totp(2, 105)), Err(Refusal::CodeUsed));
    }

    #[test]
    fn foreign_records_are_a_contradiction() {
        let (position, version, at) = (Position(9), Version(1), minute(0));
        let happened = Happened { position, version, at, fact: &Fact::UserDeleted };
        assert!(UsedCodes::read(Some(&happened)).is_err());
    }
}
