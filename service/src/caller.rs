//! Who asks. Whether the token still stands is looked up by each service in its own way; this is what they learn.

use crate::problem::{Code, Problem};
use events::{Actor, KeyId, Permission, Position, ServiceAccountId, SessionId, Timestamp, UserId};
use http::{HeaderMap, header::AUTHORIZATION};
use std::{collections::BTreeSet, time::Duration};

/// A signed-in person, with everything that they may do at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// By which sign-in.
    pub session_id: SessionId,
    /// Where the session's start stands in the log.
    pub session_position: Position,
    /// When the person last proved who they are, by what the token says: whole seconds since 1970.
    pub auth_time: i64,
    /// Whether more than the password was asked for then.
    pub second_factor: bool,
    /// Whether that is demanded of who has the roles that the person has now.
    pub second_factor_demanded: bool,
    /// All that the person's roles permit now.
    pub permissions: BTreeSet<Permission>,
}

impl Caller {
    /// Whether the caller may do this.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Refuses a caller who may not do this.
    ///
    /// # Errors
    ///
    /// `forbidden`.
    pub fn must(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
    }

    /// Refuses a caller who proved who they are longer ago than `max_age`.
    ///
    /// The token's own time counts and not the session's: a token that was stolen before its owner proved themselves
    /// once more must gain nothing by it.
    ///
    /// # Errors
    ///
    /// `insufficient-user-authentication`, which says `max_age` (RFC 9470).
    pub fn must_be_fresh(&self, now: Timestamp, max_age: Duration) -> Result<(), Problem> {
        let age = now.seconds().saturating_sub(self.auth_time);
        if u64::try_from(age).unwrap_or(0) <= max_age.as_secs() {
            Ok(())
        } else {
            Err(Problem::stale_authentication(max_age))
        }
    }

    /// Refuses a caller of whom a second factor is demanded, if none was shown. The token's own word counts: who has a second
    /// factor shows it at every sign-in, and whoever gives it up loses every session.
    ///
    /// # Errors
    ///
    /// `second-factor-missing`, which says what to do.
    pub fn must_have_second_factor(&self) -> Result<(), Problem> {
        if self.second_factor || !self.second_factor_demanded {
            return Ok(());
        }
        let next = "Set up a second factor: POST /auth/factors/totp, then confirm it. \
                    Who has one already shows it: POST /auth/reauthenticate.";
        Err(Problem::new(Code::SecondFactorMissing).detail(next))
    }

    /// Refuses a caller who is neither this person nor may do this. They learn nothing, not even that there is such
    /// a person.
    ///
    /// # Errors
    ///
    /// `not-found`.
    pub fn must_be_or(&self, user: UserId, permission: Permission) -> Result<(), Problem> {
        if self.user_id == user || self.may(permission) { Ok(()) } else { Err(Problem::hidden()) }
    }
}

/// A service account that asks by one of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCaller {
    /// Which.
    pub account_id: ServiceAccountId,
    /// By which of its keys.
    pub key_id: KeyId,
    /// All that the key permits.
    pub permissions: BTreeSet<Permission>,
}

/// Whoever asks: what an operation takes that is not for people alone. One that takes a [`Caller`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person who is signed in.
    Person(Caller),
    /// A program.
    Service(ServiceCaller),
}

impl Principal {
    /// All that they may do.
    #[must_use]
    pub const fn permissions(&self) -> &BTreeSet<Permission> {
        match self {
            Principal::Person(caller) => &caller.permissions,
            Principal::Service(caller) => &caller.permissions,
        }
    }

    /// Whether they may do this.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Refuses whoever may not do this.
    ///
    /// # Errors
    ///
    /// `forbidden`.
    pub fn must(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
    }

    /// As [`Caller::must_have_second_factor`]. A program does not sign in: its key is all that it ever shows.
    ///
    /// # Errors
    ///
    /// `second-factor-missing`.
    pub fn must_have_second_factor(&self) -> Result<(), Problem> {
        match self {
            Principal::Person(caller) => caller.must_have_second_factor(),
            Principal::Service(_) => Ok(()),
        }
    }

    /// As [`Caller::must_be_or`]. A program is nobody.
    ///
    /// # Errors
    ///
    /// `not-found`.
    pub fn must_be_or(&self, user: UserId, permission: Permission) -> Result<(), Problem> {
        if self.is(user) || self.may(permission) { Ok(()) } else { Err(Problem::hidden()) }
    }

    /// Whether they are this person.
    #[must_use]
    pub fn is(&self, user: UserId) -> bool {
        match self {
            Principal::Person(caller) => caller.user_id == user,
            Principal::Service(_) => false,
        }
    }

    /// The session that they ask from.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Principal::Person(caller) => Some(caller.session_id),
            Principal::Service(_) => None,
        }
    }

    /// As facts name them.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Principal::Person(caller) => Actor::User(caller.user_id),
            Principal::Service(ServiceCaller { account_id, key_id, permissions: _ }) => {
                Actor::Service { account: *account_id, key: *key_id }
            }
        }
    }

    /// The person; a program is refused.
    ///
    /// # Errors
    ///
    /// `forbidden`.
    pub fn person(self) -> Result<Caller, Problem> {
        match self {
            Principal::Person(caller) => Ok(caller),
            Principal::Service(_) => {
                Err(Problem::new(Code::Forbidden).detail("This is for people who are signed in."))
            }
        }
    }
}

/// The access token of a request (RFC 6750 §2.1). Only the header is looked at: a token in a query ends up in logs.
///
/// # Errors
///
/// `unauthenticated` without a credential, `malformed-request` with two of them, `invalid-token` with one of another
/// scheme or shape.
pub fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Problem::new(Code::Unauthenticated)),
        (Some(value), None) => value,
        (Some(_), Some(_)) => {
            return Err(Problem::new(Code::MalformedRequest).detail("There are two Authorization headers."));
        }
    };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() => Ok(token),
        Some(_) | None => Err(Problem::new(Code::InvalidToken)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use http::{HeaderValue, header::WWW_AUTHENTICATE};
    use uuid::Uuid;

    fn caller(permissions: &[Permission]) -> Caller {
        Caller {
            user_id: UserId(Uuid::from_u128(1)),
            session_id: SessionId(Uuid::from_u128(2)),
            session_position: Position(3),
            auth_time: 1_000,
            second_factor: false,
            second_factor_demanded: false,
            permissions: permissions.iter().copied().collect(),
        }
    }

    fn code<T>(result: Result<T, Problem>) -> Option<Code> {
        result.err().map(|problem| problem.code())
    }

    #[test]
    fn a_caller_may_what_their_roles_permit_and_nothing_else() {
        let auditor = caller(&[Permission::AuditRead]);
        assert_eq!(code(auditor.must(Permission::AuditRead)), None);
        assert_eq!(code(auditor.must(Permission::AuditExport)), Some(Code::Forbidden));
    }

    #[test]
    fn somebody_else_is_as_good_as_nobody_without_the_permission() {
        let other = UserId(Uuid::from_u128(9));
        let plain = caller(&[]);
        assert_eq!(code(plain.must_be_or(plain.user_id, Permission::UsersRead)), None);
        assert_eq!(code(plain.must_be_or(other, Permission::UsersRead)), Some(Code::NotFound));
        assert_eq!(code(caller(&[Permission::UsersRead]).must_be_or(other, Permission::UsersRead)), None);
        let told = plain.must_be_or(other, Permission::UsersRead).expect_err("a refusal");
        assert!(told.hides(), "whoever watches is told");
        assert_eq!(told.body(Some("r-1")), Problem::new(Code::NotFound).body(Some("r-1")), "and nobody else");
    }

    #[test]
    fn a_proof_is_fresh_for_so_long_and_no_longer() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let fresh = |now| caller(&[]).must_be_fresh(at(now), Duration::from_secs(900));
        for now in [0, 1_000, 1_900] {
            assert_eq!(code(fresh(now)), None, "{now}");
        }
        let refused = fresh(1_901).expect_err("a stale proof");
        assert_eq!(refused.code(), Code::InsufficientUserAuthentication);
        let challenge = refused.into_response().headers()[WWW_AUTHENTICATE].clone();
        let said = challenge.to_str().expect("a text");
        assert!(said.starts_with("Bearer error=\"insufficient_user_authentication\""), "{said}");
        assert!(said.ends_with("max_age=\"900\""), "{said}");
    }

    #[test]
    fn a_second_factor_is_missing_where_it_is_demanded_and_was_not_shown() {
        for (demanded, shown, refused) in
            [(false, false, false), (false, true, false), (true, true, false), (true, false, true)]
        {
            let who = Caller { second_factor: shown, second_factor_demanded: demanded, ..caller(&[]) };
            let expected = refused.then_some(Code::SecondFactorMissing);
            assert_eq!(code(who.must_have_second_factor()), expected, "{demanded} {shown}");
            assert_eq!(code(Principal::Person(who).must_have_second_factor()), expected);
        }
        let program = ServiceCaller {
            account_id: ServiceAccountId(Uuid::from_u128(1)),
            key_id: KeyId(Uuid::from_u128(2)),
            permissions: BTreeSet::new(),
        };
        assert_eq!(code(Principal::Service(program).must_have_second_factor()), None);
    }

    #[test]
    fn a_token_comes_in_one_authorization_header() {
        let headers = |values: &[&'static str]| {
            let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
            values.collect::<HeaderMap>()
        };
        assert_eq!(bearer(&headers(&["Bearer a.b.c"])).ok(), Some("a.b.c"));
        assert_eq!(bearer(&headers(&["bearer a.b.c"])).ok(), Some("a.b.c"));
        assert_eq!(code(bearer(&headers(&[]))), Some(Code::Unauthenticated));
        assert_eq!(code(bearer(&headers(&["Bearer a", "Bearer a"]))), Some(Code::MalformedRequest));
        for wrong in ["Basic YTpi", "Bearer", "Bearer ", "a.b.c"] {
            assert_eq!(code(bearer(&headers(&[wrong]))), Some(Code::InvalidToken), "{wrong}");
        }
    }
}
