//! The forms in which people, sessions and roles are answered. A field that is not named here is not shown.

use events::{BuiltInRole, Permission, RoleName, SessionId, Timestamp};
use read_models::{RoleRow, SessionRow, UserRow};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShownUser)]
pub(crate) struct User {
    id: Uuid,
    /// Null once erased.
    email: Option<String>,
    email_verified: bool,
    /// Null once erased, or when the person gave none.
    display_name: Option<String>,
    /// `active`, `suspended`, `deleted` or `erased`.
    status: &'static str,
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<RoleName>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Null when the person never signed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
    version: u64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.user_id.0,
            email: row.email,
            email_verified: row.email_verified,
            display_name: row.display_name,
            status: row.status.as_str(),
            roles: row.roles,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
            version: row.version.0,
        }
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

/// What holders of a role may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShownRole)]
pub(crate) struct Role {
    #[schema(value_type = String)]
    pub(crate) name: RoleName,
    #[schema(value_type = Vec<String>)]
    permissions: BTreeSet<Permission>,
    /// Whether it comes with Evident, and can be neither redefined nor removed.
    built_in: bool,
    version: u64,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self { name: row.name, permissions: row.permissions, built_in: false, version: row.version.0 }
    }
}

impl From<BuiltInRole> for Role {
    fn from(role: BuiltInRole) -> Self {
        Self { name: role.name(), permissions: role.permissions(), built_in: true, version: 0 }
    }
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
