//! Sessions: each sign-in, from where, and whether it still lives.

mod endings;
mod list;
mod table;

pub(crate) use endings::Ending;
pub use list::Living;
pub(crate) use table::{Sessions, Touched};

use crate::{Happened, Unfoldable, happened::opened};
use events::{Fact, Network, Personal, Position, SessionId, Timestamp, UserId};

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it started.
    pub started_at: Timestamp,
    /// The position of its `session.started`.
    pub started_position: Position,
    /// When its tokens were last refreshed, or when it started.
    pub refreshed_at: Timestamp,
    /// It ends then, however often it is refreshed.
    pub expires_at: Timestamp,
    /// When it ended before its time, if it did: signed out, revoked, replayed, or with all others of its owner.
    pub ended_at: Option<Timestamp>,
    /// The position of what ended it.
    pub ended_position: Option<Position>,
    /// From where it was last refreshed or started; none once its owner is erased.
    pub ip: Option<String>,
    /// With what; none once its owner is erased.
    pub user_agent: Option<String>,
}

impl SessionRow {
    /// Takes in one more fact of the session's stream. What does not fit leaves the row as it was.
    ///
    /// A refreshing says all about its session, so it needs no row to be there: this is what happens most, and why
    /// a batch of it loads nothing.
    pub fn apply(row: &mut Option<Self>, id: SessionId, happened: &Happened<'_>) -> Result<(), Unfoldable> {
        match (row, happened.fact) {
            (row @ None, Fact::SessionStarted(fact)) => {
                *row = Some(Self {
                    session_id: id,
                    user_id: fact.user_id,
                    started_at: happened.at,
                    started_position: happened.position,
                    refreshed_at: happened.at,
                    expires_at: fact.expires_at,
                    ended_at: None,
                    ended_position: None,
                    ip: None,
                    user_agent: None,
                });
                row.iter_mut().for_each(|row| row.seen_from(&fact.network));
                Ok(())
            }
            (row, Fact::SessionRefreshed(fact) | Fact::SessionReauthenticated(fact)) => {
                let ended = row.as_ref().and_then(|row| row.ended_at.zip(row.ended_position));
                *row = Some(Self {
                    session_id: id,
                    user_id: fact.user_id,
                    started_at: fact.started_at,
                    started_position: fact.started_position,
                    refreshed_at: happened.at,
                    expires_at: fact.expires_at,
                    ended_at: ended.map(|(at, _)| at),
                    ended_position: ended.map(|(_, position)| position),
                    ip: None,
                    user_agent: None,
                });
                row.iter_mut().for_each(|row| row.seen_from(&fact.network));
                Ok(())
            }
            (Some(row), Fact::SessionRevoked(_) | Fact::SessionReplayDetected(_)) => {
                row.end(happened.position, happened.at);
                Ok(())
            }
            (
                Some(_) | None,
                Fact::SessionStarted(_)
                | Fact::SessionRevoked(_)
                | Fact::SessionReplayDetected(_)
                | Fact::UserRegistered(_)
                | Fact::UserImported(_)
                | Fact::ProfileChanged(_)
                | Fact::PictureChanged(_)
                | Fact::PictureRemoved
                | Fact::PasswordChanged(_)
                | Fact::PasswordRehashed(_)
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
                | Fact::SignInFailed(_)
                | Fact::LockedOut(_)
                | Fact::LockoutLifted
                | Fact::EmailVerified
                | Fact::EmailChangeRequested(_)
                | Fact::EmailChanged(_)
                | Fact::UserInvited
                | Fact::PasswordResetRequested(_)
                | Fact::VerificationRequested(_)
                | Fact::AddressTaken(_)
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
                | Fact::KeyUsed(_),
            ) => Err(happened.out_of_place()),
        }
    }

    fn seen_from(&mut self, network: &Personal<Network>) {
        self.ip = opened(network, |network| network.ip.as_deref());
        self.user_agent = opened(network, |network| network.user_agent.as_deref());
    }

    /// The session ended, unless it had ended before: what stands first in the log counts, whatever is told first.
    fn end(&mut self, position: Position, at: Timestamp) {
        if self.ended_position.is_none_or(|known| position < known) {
            self.ended_position = Some(position);
            self.ended_at = Some(at);
        }
    }
}
