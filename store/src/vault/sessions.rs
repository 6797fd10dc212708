//! Which sessions a person may have, so that the oldest can be found when there are too many. A list to look them up by:
//! whether one lives is the log's to say.
//!
//! A commit here does not wait for the disk, for the reason that `attempts` gives: signing in would pay for a disk's turn.
//! When the power fails, sessions of the last moments are not found again when there are too many.

use super::{Vault, VaultError, engine::on_engine};
use events::{SessionId, Timestamp, UserId};
use uuid::Uuid;

/// A session that started, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedSession {
    /// Which.
    pub id: SessionId,
    /// When it was listed: the moment of the sign-in.
    pub listed_at: Timestamp,
}

const LIST: &str = "
    insert into sessions (user_id, session_id, listed_at_us, expires_at_us) values ($1, $2, $3, $4)
    on conflict (user_id, session_id) do nothing";
const OF_PERSON: &str = "
    select session_id, listed_at_us from sessions where user_id = $1
    order by listed_at_us, session_id limit 2000";
const STRIKE: &str = "delete from sessions where user_id = $1 and session_id = $2";

impl Vault {
    /// Lists a session of a person; at the latest when it has expired [`Vault::sweep`] drops it. Listed
    /// again, it stays as it is.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn list_session(
        &self,
        user: UserId,
        session: &ListedSession,
        expires_at: Timestamp,
    ) -> Result<(), VaultError> {
        on_engine!(self, store => {
            let query = sqlx::query(LIST).bind(user.0).bind(session.id.0).bind(session.listed_at.micros());
            query.bind(expires_at.micros()).execute(&store.hasty).await?;
        });
        Ok(())
    }

    /// The sessions that are listed of a person, the oldest first; at most two thousand.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn listed_sessions(&self, user: UserId) -> Result<Vec<ListedSession>, VaultError> {
        let rows: Vec<(Uuid, i64)> = on_engine!(self, store => {
            sqlx::query_as(OF_PERSON).bind(user.0).fetch_all(&store.readers).await?
        });
        let listed = |(id, listed_at_us)| ListedSession {
            id: SessionId(id),
            listed_at: Timestamp::from_micros(listed_at_us),
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    /// Takes sessions of a person off the list.
    ///
    /// # Errors
    /// [`VaultError::Broken`].
    pub async fn strike_sessions(&self, user: UserId, sessions: &[SessionId]) -> Result<(), VaultError> {
        if sessions.is_empty() {
            return Ok(());
        }
        on_engine!(self, store => {
            let mut tx = store.begin_hasty().await?;
            for session in sessions {
                sqlx::query(STRIKE).bind(user.0).bind(session.0).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        });
        Ok(())
    }
}
