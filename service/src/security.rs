//! What somebody who watches for attacks reads: a stream of lines of its own, whose target is `security`.
//!
//! Two kinds of lines, and no list besides: each fact of the log that is about access, under its own type, once it is
//! durable; and each request that was refused for what its caller may or proved, under the problem's code, also where the
//! caller is not told so. Nothing is in them that names, locates or proves a person: ids alone.

use crate::{extract::Asked, problem::Problem};
use events::{Fact, Position, RequestContext, StreamName};
use http::StatusCode;

/// Tells of a fact that is durable, if it is about access.
pub fn happened(fact: &Fact, context: &RequestContext, subject: &StreamName, position: Position) {
    if concerns_access(fact) {
        tracing::info!(
            target: "security",
            event = fact.event_type(),
            outcome = "done",
            actor = %context.actor,
            subject = subject.as_str(),
            request_id = context.correlation_id,
            log.position = position.0,
            "{}",
            fact.event_type()
        );
    }
}

/// Tells of a request that was refused, if it was for what its caller may, proved, or did too often.
pub(crate) fn refused(problem: &Problem, method: &str, route: &str, asked: &Asked) {
    let code = problem.code().as_str();
    let told = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    if problem.hides() || told.contains(&problem.code().status()) {
        let (user, key) = (asked.user.get(), asked.key.get());
        tracing::info!(
            target: "security",
            event = "request.refused",
            outcome = "refused",
            code,
            method,
            route,
            request_id = asked.id(),
            user.id = user.map(tracing::field::display),
            key.id = key.map(tracing::field::display),
            "request refused: {code}"
        );
    }
}

/// Whether a fact changes who may do what, or tells of somebody who tried.
const fn concerns_access(fact: &Fact) -> bool {
    match fact {
        Fact::UserRegistered(_)
        | Fact::UserImported(_)
        | Fact::PasswordChanged(_)
        | Fact::EmailVerified
        | Fact::EmailChangeRequested(_)
        | Fact::EmailChanged(_)
        | Fact::UserInvited
        | Fact::PasswordResetRequested(_)
        | Fact::VerificationRequested(_)
        | Fact::AddressTaken(_)
        | Fact::RoleGranted(_)
        | Fact::RoleRevoked(_)
        | Fact::UserSuspended(_)
        | Fact::UserReinstated
        | Fact::SessionsRevoked(_)
        | Fact::UserDeleted
        | Fact::UserErased
        | Fact::TotpEnrolled(_)
        | Fact::TotpConfirmed(_)
        | Fact::RecoveryCodesIssued(_)
        | Fact::SecondFactorRemoved
        | Fact::SecondFactorUsed(_)
        | Fact::SessionReauthenticated(_)
        | Fact::SignInFailed(_)
        | Fact::LockedOut(_)
        | Fact::LockoutLifted
        | Fact::SessionStarted(_)
        | Fact::SessionRevoked(_)
        | Fact::SessionReplayDetected(_)
        | Fact::RoleDefined(_)
        | Fact::RoleRemoved(_)
        | Fact::UserHoldPlaced(_)
        | Fact::UserHoldLifted
        | Fact::HoldPlaced(_)
        | Fact::HoldLifted(_)
        | Fact::NetworkEnded(_)
        | Fact::AuditExported(_)
        | Fact::ServiceAccountCreated(_)
        | Fact::ServiceAccountRemoved
        | Fact::KeyIssued(_)
        | Fact::KeyRevoked(_)
        | Fact::KeyUsed(_) => true,
        Fact::ProfileChanged(_)
        | Fact::PictureChanged(_)
        | Fact::PictureRemoved
        | Fact::PasswordRehashed(_)
        | Fact::SessionRefreshed(_) => false,
    }
}
