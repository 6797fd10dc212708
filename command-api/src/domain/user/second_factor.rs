//! What a person is asked for beside the password: codes by the time, and codes for when the authenticator is lost.

use crate::domain::{Granter, Happened, OwnSession, Refusal, User};
use events::{
    Fact, Personal, RecoveryCodes, RecoveryCodesIssued, RevocationCause, RoleName, SessionId,
    SessionsRevoked, TotpConfirmed, TotpEnrolled, TotpSecret, Version,
};
use std::collections::BTreeSet;

/// A person's second factor, as their stream says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Factor {
    /// The secret whose codes signing in asks for.
    pub totp: Option<Totp>,
    /// The secret that was given last and waits for its first code.
    pub enrolling: Option<Totp>,
    /// The codes for when the authenticator is lost.
    pub recovery: Option<RecoverySet>,
}

/// A secret that an authenticator was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// `None` once the key is gone, or where it is not ours to use.
    pub secret: Option<TotpSecret>,
    /// The version at which it was given: what tells it from others.
    pub enrolled: Version,
    /// The time step of the code that confirmed it; 0 before.
    pub step: u64,
}

/// Recovery codes that were issued together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySet {
    /// `None` once the key is gone, or where it is not ours to use.
    pub codes: Option<RecoveryCodes>,
    /// The version at which they were issued: what tells them from others.
    pub issued: Version,
}

impl Factor {
    /// Whether signing in asks for more than the password.
    #[must_use]
    pub const fn is_asked_for(&self) -> bool {
        self.totp.is_some()
    }

    /// `None` when it cannot have happened.
    pub(super) fn apply(&mut self, happened: &Happened<'_>) -> Option<()> {
        let version = happened.version;
        if let Fact::TotpEnrolled(fact) = happened.fact {
            let secret = fact.credential.open().cloned();
            self.enrolling = Some(Totp { secret, enrolled: version, step: 0 });
        } else if let Fact::TotpConfirmed(fact) = happened.fact {
            self.totp = Some(Totp { step: fact.step, ..self.enrolling.take()? });
        } else if let Fact::RecoveryCodesIssued(fact) = happened.fact {
            self.recovery = Some(RecoverySet { codes: fact.credential.open().cloned(), issued: version });
        } else {
            *self = Self::default();
        }
        Some(())
    }
}

/// Gives the person a secret for codes by the time. Nothing asks for a code before one has confirmed it, so whoever is
/// cut off here is not locked out. One that is in force stays so until then.
pub fn enrol_totp(user: &User, session: OwnSession, secret: TotpSecret) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.changeable()?.must_have_room()?;
    Ok(vec![Fact::TotpEnrolled(TotpEnrolled { credential: Personal::Open(secret) })])
}

/// A code of `step` confirmed the secret that was given at `enrolled`. From now on signing in asks for one, and every
/// session but this one, which was begun without, ends.
pub fn confirm_totp(
    user: &User,
    session: OwnSession,
    enrolled: Version,
    step: u64,
    codes: RecoveryCodes,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    let enrolling = user.changeable()?.factor.enrolling.as_ref();
    if enrolling.is_none_or(|totp| totp.enrolled != enrolled) {
        return Err(Refusal::NoSecondFactor);
    }
    Ok(vec![
        Fact::TotpConfirmed(TotpConfirmed { step }),
        Fact::RecoveryCodesIssued(RecoveryCodesIssued { credential: Personal::Open(codes) }),
        sessions_end(Some(session.id)),
    ])
}

/// Gives the person other recovery codes in place of those before.
pub fn issue_recovery_codes(
    user: &User,
    session: OwnSession,
    codes: RecoveryCodes,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    let person = user.changeable()?;
    if !person.factor.is_asked_for() {
        return Err(Refusal::NoSecondFactor);
    }
    person.must_have_room()?;
    Ok(vec![Fact::RecoveryCodesIssued(RecoveryCodesIssued { credential: Personal::Open(codes) })])
}

/// The person gives up their second factor, having proved who they are, unless it is `demanded` of who has their roles.
/// Every session ends, this one too: what it was begun with holds no longer.
pub fn remove_second_factor(
    user: &User,
    session: OwnSession,
    demanded: impl Fn(&BTreeSet<RoleName>) -> bool,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    let person = user.changeable()?;
    match (person.factor.is_asked_for(), demanded(&person.roles)) {
        (true, false) => Ok(vec![Fact::SecondFactorRemoved, sessions_end(None)]),
        (true, true) => Err(Refusal::SecondFactorDemanded),
        (false, _) => Err(Refusal::NoSecondFactor),
    }
}

/// Somebody else takes the second factor of a person who lost it; whom they may do that to is asked beforehand. Nobody
/// does it to themselves, around their own proof. Where there is none, there is nothing new to say. That one is demanded
/// of the person is no obstacle: how else could they ever have another one?
pub fn remove_factors_of(user: &User, by: &Granter<'_>) -> Result<Vec<Fact>, Refusal> {
    let person = user.changeable()?;
    if by.is_subject {
        return Err(Refusal::SelfGrant);
    }
    match person.factor.is_asked_for() {
        true => Ok(vec![Fact::SecondFactorRemoved, sessions_end(None)]),
        false => Ok(vec![]),
    }
}

fn sessions_end(except: Option<SessionId>) -> Fact {
    Fact::SessionsRevoked(SessionsRevoked { except, cause: RevocationCause::SecondFactorChanged })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::Permission;

    fn secret() -> TotpSecret {
        TotpSecret { totp_secret: "GEZDGNBVGY3TQOJQ".to_owned() }
    }

    fn codes() -> RecoveryCodes {
        RecoveryCodes { recovery_codes: vec!["hash".to_owned()] }
    }

    fn enrolled() -> Fact {
        Fact::TotpEnrolled(TotpEnrolled { credential: Personal::Open(secret()) })
    }

    fn issued() -> Fact {
        Fact::RecoveryCodesIssued(RecoveryCodesIssued { credential: Personal::Open(codes()) })
    }

    fn confirmed() -> Fact {
        Fact::TotpConfirmed(TotpConfirmed { step: 7 })
    }

    fn with_factor() -> Vec<Fact> {
        vec![registered("ada@x.io"), enrolled(), confirmed(), issued()]
    }

    fn give_up(user: &User) -> Result<Vec<Fact>, Refusal> {
        remove_second_factor(user, own_session(), |_| false)
    }

    fn factor(history: Vec<Fact>) -> Factor {
        given(history).user.person().expect("somebody").factor.clone()
    }

    #[test]
    fn a_secret_is_asked_for_once_a_code_confirmed_it() {
        assert!(!factor(vec![registered("ada@x.io"), enrolled()]).is_asked_for());
        let factor = factor(with_factor());
        let totp = Totp { secret: Some(secret()), enrolled: Version(2), step: 7 };
        assert_eq!((factor.totp, factor.enrolling), (Some(totp), None));
        assert_eq!(factor.recovery, Some(RecoverySet { codes: Some(codes()), issued: Version(4) }));
    }

    #[test]
    fn another_secret_changes_nothing_before_its_first_code() {
        let mut history = with_factor();
        history.push(enrolled());
        assert_eq!(factor(history.clone()).totp.map(|totp| totp.enrolled), Some(Version(2)));
        history.push(confirmed());
        assert_eq!(factor(history).totp.map(|totp| totp.enrolled), Some(Version(5)));
    }

    #[test]
    fn the_first_code_ends_every_session_that_was_begun_without() {
        given([registered("ada@x.io"), enrolled()])
            .when(|user| confirm_totp(user, own_session(), Version(2), 7, codes()))
            .then([confirmed(), issued(), sessions_end(Some(own_session().id))]);
    }

    #[test]
    fn a_code_of_a_secret_that_was_replaced_confirms_nothing() {
        for history in [
            vec![registered("ada@x.io")],
            vec![registered("ada@x.io"), enrolled(), enrolled()],
            with_factor(),
        ] {
            given(history)
                .when(|user| confirm_totp(user, own_session(), Version(2), 7, codes()))
                .refused(Refusal::NoSecondFactor);
        }
    }

    #[test]
    fn recovery_codes_are_for_who_has_what_they_recover() {
        given(with_factor()).when(|user| issue_recovery_codes(user, own_session(), codes())).then([issued()]);
        given([registered("ada@x.io"), enrolled()])
            .when(|user| issue_recovery_codes(user, own_session(), codes()))
            .refused(Refusal::NoSecondFactor);
    }

    #[test]
    fn a_token_from_before_it_came_into_force_changes_nothing_about_it() {
        let before = || OwnSession { has_second_factor: false, ..own_session() };
        given([registered("ada@x.io")]).when(|user| enrol_totp(user, before(), secret())).then([enrolled()]);
        let again = [with_factor(), vec![enrolled()]].concat();
        let enrolled_at = Version(again.len() as u64);
        given(with_factor())
            .when(|user| enrol_totp(user, before(), secret()))
            .refused(Refusal::SecondFactorMissing);
        given(again)
            .when(|user| confirm_totp(user, before(), enrolled_at, 8, codes()))
            .refused(Refusal::SecondFactorMissing);
        given(with_factor())
            .when(|user| issue_recovery_codes(user, before(), codes()))
            .refused(Refusal::SecondFactorMissing);
        given(with_factor())
            .when(|user| remove_second_factor(user, before(), |_| false))
            .refused(Refusal::SecondFactorMissing);
    }

    #[test]
    fn giving_it_up_ends_every_session() {
        let removed = || [Fact::SecondFactorRemoved, sessions_end(None)];
        given(with_factor()).when(give_up).then(removed());
        given([registered("ada@x.io")]).when(give_up).refused(Refusal::NoSecondFactor);
        let mut history = with_factor();
        history.push(Fact::SecondFactorRemoved);
        assert_eq!(factor(history), Factor::default());
    }

    #[test]
    fn somebody_else_takes_it_and_nobody_their_own() {
        let all = BTreeSet::from(Permission::ALL);
        let (other, oneself) = (somebody_with(&all), Granter { permissions: &all, is_subject: true });
        given(with_factor())
            .when(|user| remove_factors_of(user, &other))
            .then([Fact::SecondFactorRemoved, sessions_end(None)]);
        given(with_factor()).when(|user| remove_factors_of(user, &oneself)).refused(Refusal::SelfGrant);
        given([registered("ada@x.io")]).when(|user| remove_factors_of(user, &other)).then([]);
        given([]).when(|user| remove_factors_of(user, &other)).refused(Refusal::UnknownUser);
    }

    #[test]
    fn only_who_may_act_for_themselves_changes_it() {
        for (last, refusal) in
            [(suspended("spam"), Refusal::Suspended), (Fact::UserDeleted, Refusal::Deleted)]
        {
            let mut history = with_factor();
            history.push(last);
            given(history.clone()).when(|user| enrol_totp(user, own_session(), secret())).refused(refusal);
            given(history.clone())
                .when(|user| confirm_totp(user, own_session(), Version(2), 7, codes()))
                .refused(refusal);
            given(history).when(give_up).refused(refusal);
        }
    }

    #[test]
    fn what_is_demanded_stays_for_as_long_as_it_is() {
        let of_auditors =
            |user: &User| remove_second_factor(user, own_session(), |roles| roles.contains(&role("auditor")));
        let mut history = with_factor();
        given(history.clone()).when(of_auditors).then([Fact::SecondFactorRemoved, sessions_end(None)]);
        history.push(granted("auditor"));
        given(history.clone()).when(of_auditors).refused(Refusal::SecondFactorDemanded);
        let all = BTreeSet::from(Permission::ALL);
        given(history.clone())
            .when(|user| remove_factors_of(user, &somebody_with(&all)))
            .then([Fact::SecondFactorRemoved, sessions_end(None)]);
        history.push(revoked("auditor"));
        given(history).when(of_auditors).then([Fact::SecondFactorRemoved, sessions_end(None)]);
        given([registered("ada@x.io"), granted("auditor")])
            .when(of_auditors)
            .refused(Refusal::NoSecondFactor);
    }
}
