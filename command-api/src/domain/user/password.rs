//! What a person proves to be themselves with.

use crate::domain::{OwnSession, PasswordHash, Refusal, User};
use events::{Fact, PasswordChanged, Personal, Position, RevocationCause, SessionsRevoked, Version};

/// The person chooses another password, and every other session of theirs ends.
///
/// `verified` is the [`password_version`](crate::domain::Person::password_version) that the current password was
/// checked against. Hashing takes its time; when somebody chose another password meanwhile, the check was of an old
/// one and counts for nothing.
pub fn change_password(
    user: &User,
    session: OwnSession,
    verified: Version,
    password_hash: PasswordHash,
) -> Result<Vec<Fact>, Refusal> {
    session.must_stand(user)?;
    user.must_have_verified(verified)?;
    user.changeable()?.must_have_room()?;
    Ok(vec![
        Fact::PasswordChanged(PasswordChanged { credential: Personal::Open(password_hash.into_fact()) }),
        Fact::SessionsRevoked(SessionsRevoked {
            except: Some(session.id),
            cause: RevocationCause::PasswordChanged,
        }),
    ])
}

/// Why somebody may choose a password without knowing the one before: they have followed a link that was mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It was asked for while the password of this version was good.
    Reset {
        /// That version.
        password_version: Version,
        /// Where the log says that it was asked for.
        asked: Position,
    },
    /// They were invited at this version of their stream.
    Invitation(Version),
}

/// Whoever reads the person's mail chooses another password: every session ends, and the address is theirs.
pub fn reset_password(user: &User, proof: Proof, password_hash: PasswordHash) -> Result<Vec<Fact>, Refusal> {
    let User::Active(person) = user else { return Err(Refusal::MailTokenSpent) };
    let holds = match proof {
        // A link that went to an address which is theirs no more is void: they may have left it because others read it.
        Proof::Reset { password_version, asked } => {
            person.password_version == password_version && person.address_position < asked
        }
        Proof::Invitation(version) => person.invited == Some(version),
    };
    if !holds {
        return Err(Refusal::MailTokenSpent);
    }
    person.must_have_room()?;
    let mut facts = vec![
        Fact::PasswordChanged(PasswordChanged { credential: Personal::Open(password_hash.into_fact()) }),
        Fact::SessionsRevoked(SessionsRevoked { except: None, cause: RevocationCause::PasswordChanged }),
    ];
    if !person.email_verified {
        // Whoever set up a second factor never showed that the address is theirs. This one does.
        if person.factor.is_asked_for() {
            facts.push(Fact::SecondFactorRemoved);
        }
        facts.push(Fact::EmailVerified);
    }
    Ok(facts)
}

/// Keeps the same password under today's parameters, after it was checked against the hash of `verified`, a
/// [`credential_version`](crate::domain::Person::credential_version).
///
/// Nobody asked for it, so it refuses nothing: when the hash has changed meanwhile, or the person may no longer sign
/// in, there is nothing to say.
#[must_use]
pub fn rehash(user: &User, verified: Version, password_hash: PasswordHash) -> Vec<Fact> {
    match user {
        User::Active(person) if person.credential_version == verified => {
            vec![Fact::PasswordRehashed(PasswordChanged {
                credential: Personal::Open(password_hash.into_fact()),
            })]
        }
        User::Active(_) | User::Unknown | User::Suspended(_) | User::Deleted(_) | User::Erased => vec![],
    }
}

impl User {
    /// Was the password that is good now the one that was checked?
    pub(super) fn must_have_verified(&self, verified: Version) -> Result<(), Refusal> {
        match self.changeable()?.password_version == verified {
            true => Ok(()),
            false => Err(Refusal::WrongPassword),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::support::*;
    use events::{
        EmailChanged, Profile, RecoveryCodes, RecoveryCodesIssued, TotpConfirmed, TotpEnrolled, TotpSecret,
    };

    const FIRST: Version = Version(1);
    const LINK: Proof = Proof::Reset { password_version: FIRST, asked: Position(1_000) };

    #[test]
    fn another_password_ends_every_other_session() {
        given([registered("ada@x.io")])
            .when(|user| change_password(user, own_session(), FIRST, hash("second")))
            .then([
                password_changed("second"),
                sessions_revoked(Some(own_session().id), RevocationCause::PasswordChanged),
            ]);
    }

    #[test]
    fn a_password_that_was_checked_before_another_was_chosen_counts_for_nothing() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| change_password(user, own_session(), FIRST, hash("third")))
            .refused(Refusal::WrongPassword);
    }

    #[test]
    fn a_rehash_meanwhile_leaves_the_password_as_it_was_checked() {
        given([registered("ada@x.io"), rehashed("first, dearer")])
            .when(|user| change_password(user, own_session(), FIRST, hash("second")))
            .then([
                password_changed("second"),
                sessions_revoked(Some(own_session().id), RevocationCause::PasswordChanged),
            ]);
    }

    #[test]
    fn a_session_that_ended_meanwhile_chooses_no_password() {
        let early = OwnSession { started_position: Position(11), ..own_session() };
        let by_owner = RevocationCause::RequestedByOwner;
        given([registered("ada@x.io"), sessions_revoked(None, by_owner)])
            .when(|user| change_password(user, early, FIRST, hash("second")))
            .refused(Refusal::SessionEnded);
    }

    #[test]
    fn only_who_may_act_for_themselves_chooses_a_password() {
        for (history, refusal) in [
            (vec![], Refusal::UnknownUser),
            (vec![registered("ada@x.io"), suspended("spam")], Refusal::Suspended),
            (vec![registered("ada@x.io"), Fact::UserDeleted], Refusal::Deleted),
            (vec![registered("ada@x.io"), Fact::UserErased], Refusal::UnknownUser),
        ] {
            given(history)
                .when(|user| change_password(user, own_session(), FIRST, hash("second")))
                .refused(refusal);
        }
    }

    #[test]
    fn whoever_reads_the_mail_chooses_a_password_and_ends_all_sessions() {
        let ended = || sessions_revoked(None, RevocationCause::PasswordChanged);
        given([registered("ada@x.io")]).when(|user| reset_password(user, LINK, hash("second"))).then([
            password_changed("second"),
            ended(),
            Fact::EmailVerified,
        ]);
        given([registered("ada@x.io"), Fact::EmailVerified])
            .when(|user| reset_password(user, LINK, hash("second")))
            .then([password_changed("second"), ended()]);
        given([registered_with("ada@x.io", None), Fact::UserInvited])
            .when(|user| reset_password(user, Proof::Invitation(Version(2)), hash("first")))
            .then([password_changed("first"), ended(), Fact::EmailVerified]);
    }

    #[test]
    fn a_link_that_went_to_another_address_is_void() {
        let moved = Fact::EmailChanged(EmailChanged {
            profile: Personal::Open(Profile { email: "ada@y.io".to_owned(), display_name: None }),
        });
        let asked =
            |version: u64| Proof::Reset { password_version: FIRST, asked: Position(version * 10 - 1) };
        let history = || [registered("ada@x.io"), moved.clone()];
        given(history())
            .when(|user| reset_password(user, asked(2), hash("second")))
            .refused(Refusal::MailTokenSpent);
        let ended = sessions_revoked(None, RevocationCause::PasswordChanged);
        given(history())
            .when(|user| reset_password(user, asked(3), hash("second")))
            .then([password_changed("second"), ended]);
    }

    #[test]
    fn a_second_factor_of_whoever_never_showed_the_address_goes_with_them() {
        let codes = RecoveryCodes { recovery_codes: vec![] };
        let factor = || {
            [
                Fact::TotpEnrolled(TotpEnrolled {
                    credential: Personal::Open(TotpSecret { totp_secret: "GEZDGNBVGY3TQOJQ".to_owned() }),
                }),
                Fact::TotpConfirmed(TotpConfirmed { step: 7 }),
                Fact::RecoveryCodesIssued(RecoveryCodesIssued { credential: Personal::Open(codes.clone()) }),
            ]
        };
        let ended = || sessions_revoked(None, RevocationCause::PasswordChanged);
        given([vec![registered("ada@x.io")], factor().into()].concat())
            .when(|user| reset_password(user, LINK, hash("second")))
            .then([password_changed("second"), ended(), Fact::SecondFactorRemoved, Fact::EmailVerified]);
        given([vec![registered("ada@x.io"), Fact::EmailVerified], factor().into()].concat())
            .when(|user| reset_password(user, LINK, hash("second")))
            .then([password_changed("second"), ended()]);
    }

    #[test]
    fn a_link_chooses_no_second_password() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| reset_password(user, LINK, hash("third")))
            .refused(Refusal::MailTokenSpent);
        for last in [password_changed("first"), Fact::UserInvited] {
            given([registered_with("ada@x.io", None), Fact::UserInvited, last])
                .when(|user| reset_password(user, Proof::Invitation(Version(2)), hash("third")))
                .refused(Refusal::MailTokenSpent);
        }
    }

    #[test]
    fn who_may_not_sign_in_chooses_no_password_by_mail() {
        for last in [suspended("spam"), Fact::UserDeleted, Fact::UserErased] {
            given([registered("ada@x.io"), last])
                .when(|user| reset_password(user, LINK, hash("second")))
                .refused(Refusal::MailTokenSpent);
        }
    }

    #[test]
    fn a_hash_is_made_anew_once() {
        let dearer = || rehashed("first, dearer");
        given([registered("ada@x.io")])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([dearer()]);
        given([registered("ada@x.io"), dearer()])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([]);
    }

    #[test]
    fn an_old_password_is_never_hashed_over_a_new_one() {
        given([registered("ada@x.io"), password_changed("second")])
            .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
            .then([]);
    }

    #[test]
    fn nothing_is_rehashed_for_who_may_not_sign_in() {
        for last in [suspended("spam"), Fact::UserDeleted, Fact::UserErased] {
            given([registered("ada@x.io"), last])
                .when(|user| Ok(rehash(user, FIRST, hash("first, dearer"))))
                .then([]);
        }
    }
}
