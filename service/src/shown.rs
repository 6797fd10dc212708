//! People and roles as answers show them, whichever side answers, so that a front end knows one form of each. A field
//! that is not named here is not shown.

use events::{Day, Permission, RoleName, Timestamp};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// The person's id.
    pub id: Uuid,
    /// Null once erased.
    pub email: Option<String>,
    /// Whether the person has shown that the address is theirs.
    pub email_verified: bool,
    /// Whether signing in asks for more than the password.
    pub second_factor: bool,
    /// Null once erased, or when the person gave none.
    pub display_name: Option<String>,
    /// The hash of the person's picture, which is also its `ETag` (`GET /users/{id}/picture`); null when there is none.
    pub picture: Option<String>,
    /// What the person may do with their account.
    pub status: UserStatus,
    /// By name; some may permit nothing any more.
    #[schema(value_type = Vec<String>)]
    pub roles: BTreeSet<RoleName>,
    /// When they registered.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When they last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Null when the person never signed in. Known to queries and to the sign-in itself; other commands leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, required = false)]
    pub last_login_at: Option<Option<Timestamp>>,
    /// What `ETag` says and `If-Match` is to name.
    pub version: u64,
}

/// What somebody may do with their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not, until reinstated.
    Suspended,
    /// The account is closed.
    Deleted,
    /// The person's keys are destroyed.
    Erased,
}

/// What holders of a role may do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Role {
    /// Its name.
    #[schema(value_type = String)]
    pub name: RoleName,
    /// All that it permits.
    #[schema(value_type = Vec<String>)]
    pub permissions: BTreeSet<Permission>,
    /// Whether it comes with Evident, and can be neither redefined nor removed.
    pub built_in: bool,
    /// What `ETag` says and `If-Match` is to name; 0 when it comes with Evident.
    pub version: u64,
}

/// A program that acts by itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceAccount {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The most that its keys may permit.
    #[schema(value_type = Vec<String>)]
    pub permissions: BTreeSet<Permission>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A key of a service account, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// What its text begins with.
    pub prefix: String,
    /// What people call it.
    pub name: String,
    /// All that it permits.
    #[schema(value_type = Vec<String>)]
    pub permissions: BTreeSet<Permission>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it no longer holds.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The last day (UTC) on which it was used; null when it never was.
    #[schema(value_type = Option<String>, format = Date)]
    pub last_used_on: Option<Day>,
}
