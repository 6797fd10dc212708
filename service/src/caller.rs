//! Who asks. Whether the token still stands is looked up by each service in its own way; this is what they learn.

use crate::problem::{Code, Problem};
use events::{Permission, Position, SessionId, UserId};
use http::{HeaderMap, header::AUTHORIZATION};
use std::collections::BTreeSet;

/// A signed-in person, with everything that they may do at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// By which sign-in.
    pub session_id: SessionId,
    /// Where the session's start stands in the log.
    pub session_position: Position,
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

    /// Refuses a caller who is neither this person nor may do this. They learn nothing, not even that there is such
    /// a person.
    ///
    /// # Errors
    ///
    /// `not-found`.
    pub fn must_be_or(&self, user: UserId, permission: Permission) -> Result<(), Problem> {
        if self.user_id == user || self.may(permission) { Ok(()) } else { Err(Problem::new(Code::NotFound)) }
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
    use http::HeaderValue;
    use uuid::Uuid;

    fn caller(permissions: &[Permission]) -> Caller {
        Caller {
            user_id: UserId(Uuid::from_u128(1)),
            session_id: SessionId(Uuid::from_u128(2)),
            session_position: Position(3),
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
