//! HTTP in, facts out: every command over its route, on SQLite. A file here mirrors a family of URLs.

mod admins;
mod auth_login;
mod auth_logout;
mod auth_me;
mod auth_password;
mod auth_refresh;
mod auth_register;
mod auth_sessions;
mod contract;
mod house;
mod idempotency;
mod input;
mod place;
mod preconditions;
mod privacy;
mod roles;
mod sources;
mod throttle;
mod users;
mod users_deletion;
mod users_roles;
mod users_sessions;
mod users_suspension;
