//! The forms in which people, sessions and roles are answered. A field that is named neither here nor in
//! `service/shown` is not shown.

use events::{BuiltInRole, SessionId, Timestamp};
use read_models::{KeyRow, RoleRow, ServiceAccountRow, SessionRow, UserRow};
use serde::Serialize;
use service::{
    api_key,
    device::Device,
    shown::{ApiKey, Role, ServiceAccount, User, UserStatus},
};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person, as the tables know them.
pub(crate) fn user(row: UserRow) -> User {
    User {
        id: row.user_id.0,
        email: row.email,
        email_verified: row.email_verified,
        second_factor: row.second_factor,
        picture: row.picture,
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
    /// The same as a person would say it.
    device: Device,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it was last refreshed, or started.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// It ends then unless it is refreshed before.
    #[schema(value_type = String, format = DateTime)]
    idle_expires_at: Timestamp,
    /// It ends then, however often it is refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl Session {
    /// As the holder of session `asking` sees it, where sessions end that nobody refreshes for `idle`.
    pub(crate) fn seen_from(row: SessionRow, asking: Option<SessionId>, idle: Duration) -> Self {
        Self {
            id: row.session_id.0,
            user_id: row.user_id.0,
            ip: row.ip,
            device: Device::of(row.user_agent.as_deref()),
            user_agent: row.user_agent,
            started_at: row.started_at,
            last_seen_at: row.refreshed_at,
            idle_expires_at: row.refreshed_at.after(idle).min(row.expires_at),
            expires_at: row.expires_at,
            current: asking == Some(row.session_id),
        }
    }
}

/// A service account.
pub(crate) fn service_account(row: ServiceAccountRow) -> ServiceAccount {
    let ServiceAccountRow { id, name, permissions, created_at, keys: _, version: _ } = row;
    ServiceAccount { id: id.0, name, permissions, created_at }
}

/// A key of a service account.
pub(crate) fn key(row: KeyRow, last_used_at: Option<Timestamp>) -> ApiKey {
    ApiKey {
        id: row.id.0,
        prefix: api_key::ApiKey::prefix(row.id),
        name: row.name,
        permissions: row.permissions,
        created_at: row.issued_at,
        expires_at: row.expires_at,
        last_used_on: last_used_at.map(Timestamp::day),
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
