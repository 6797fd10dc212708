//! The forms in which people, sessions and roles are answered. A field that is named neither here nor in
//! `service/shown` is not shown.

use events::{BuiltInRole, SessionId, Timestamp};
use read_models::{RoleRow, SessionRow, UserRow};
use serde::Serialize;
use service::shown::{Role, User, UserStatus};
use utoipa::ToSchema;
use uuid::Uuid;

/// A person, as the tables know them.
pub(crate) fn user(row: UserRow) -> User {
    User {
        id: row.user_id.0,
        email: row.email,
        email_verified: row.email_verified,
        display_name: row.display_name,
        status: match row.status {
            read_models::UserStatus::Active => UserStatus::Active,
            read_models::UserStatus::Suspended => UserStatus::Suspended,
            read_models::UserStatus::Deleted => UserStatus::Deleted,
            read_models::UserStatus::Erased => UserStatus::Erased,
        },
        roles: row.roles,
        created_at: row.created_at,
        updated_at: row.updated_at,
        last_login_at: Some(row.last_login_at),
        version: row.version.0,
    }
}

/// One sign-in and everything refreshed from it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    id: Uuid,
    user_id: Uuid,
    /// The network address of the last refresh, while its key lives.
    ip: Option<String>,
    /// The client's own name for itself, while its key lives.
    user_agent: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    refreshed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl Session {
    /// As the holder of session `asking` sees it.
    pub(crate) fn seen_from(row: SessionRow, asking: SessionId) -> Self {
        Self {
            id: row.session_id.0,
            user_id: row.user_id.0,
            ip: row.ip,
            user_agent: row.user_agent,
            started_at: row.started_at,
            refreshed_at: row.refreshed_at,
            expires_at: row.expires_at,
            current: row.session_id == asking,
        }
    }
}

/// A role that was defined.
pub(crate) fn defined_role(row: RoleRow) -> Role {
    Role { name: row.name, permissions: row.permissions, built_in: false, version: row.version.0 }
}

/// A role that comes with Evident.
pub(crate) fn built_in_role(role: BuiltInRole) -> Role {
    Role { name: role.name(), permissions: role.permissions(), built_in: true, version: 0 }
}

/// A stream that was set aside.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParkedStream {
    /// Its name.
    stream: String,
    /// The position of the event that cannot be read.
    position: u64,
    /// That event's type.
    r#type: String,
    /// Why it cannot be read.
    reason: String,
    /// How many events of the stream wait, that one included.
    waiting: u64,
}

impl From<read_models::ParkedStream> for ParkedStream {
    fn from(parked: read_models::ParkedStream) -> Self {
        Self {
            stream: parked.stream.to_string(),
            position: parked.position.0,
            r#type: parked.event_type,
            reason: parked.reason,
            waiting: parked.waiting,
        }
    }
}
