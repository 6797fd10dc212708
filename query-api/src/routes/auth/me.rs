//! `GET /auth/me`

use crate::{
    app::App,
    asking::SignedIn,
    failure::Failure,
    input::Nothing,
    respond::{Problems, Reached, json},
    views::{self, Session},
    wait::behind,
};
use axum::{extract::State, response::Response};
use bytes::Bytes;
use events::{Permission, Position, RoleName, permissions_of};
use read_models::UserStatus;
use serde::Serialize;
use service::{Code, Problem, extract::Query, shown::User, token::Claims};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    user: User,
    session: Session,
    #[schema(value_type = Vec<String>)]
    roles: BTreeSet<RoleName>,
    #[schema(value_type = Vec<String>)]
    permissions: BTreeSet<Permission>,
}

/// Who am I, and what may I do?
///
/// Asked on every page, so it is answered from memory whenever that is as true as asking (`crate::me`).
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "auth", operation_id = "me",
    security(("bearer" = [])),
    responses((status = 200, description = "Who asks", body = Me), Problems)
)]
pub(crate) async fn me(
    State(app): State<App>,
    SignedIn { claims, minimum }: SignedIn,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Failure> {
    // Before the stripes are read: see `crate::me`.
    let (feed, now) = (app.feed().position(), app.clock().now());
    let known = match app.me().current(claims.sub, claims.sid, feed, now) {
        Some(known) => Some(known),
        None => app.me().elsewhere(claims.sub, claims.sid, feed, now).await,
    };
    match known {
        Some((body, position)) if position >= minimum => Ok(json(&app, position, body)),
        // A session can be asked about as soon as it has started, so its start is waited for, too.
        Some(_) | None => read(&app, &claims, minimum.max(claims.pos)).await,
    }
}

async fn read(app: &App, claims: &Claims, minimum: Position) -> Result<Response, Failure> {
    app.waits().until_shown(minimum).await?;
    let read_at = app.clock().now();
    let (position, body) = read_tables(app, claims).await?;
    app.me().keep(claims.sub, claims.sid, body.clone(), position, read_at);
    Reached(minimum).answer_bytes(app, position, body)
}

/// The first of the reads gives the position: see `crate::me`, point 5.
async fn read_tables(app: &App, claims: &Claims) -> Result<(Position, Bytes), Failure> {
    let tables = app.read_models();
    let user = tables.user(claims.sub).await?;
    let session = tables.session(claims.sid).await?;
    let defined = tables.roles().await?.value;
    let (Some(row), Some(session)) = (user.value, session.value) else {
        // Both were there before the token was signed, so the tables have yet to come that far.
        return Err(behind());
    };
    if row.status != UserStatus::Active || session.ended_at.is_some() {
        return Err(Problem::new(Code::InvalidToken).into());
    }
    let definition = |role: &RoleName| defined.iter().find(|row| row.name == *role);
    let permissions = permissions_of(&row.roles, |role| definition(role).map(|row| row.permissions.clone()));
    let roles = row.roles.clone();
    let session = Session::seen_from(session, Some(claims.sid), app.idle_ttl());
    let me = Me { user: views::user(row), session, roles, permissions };
    Ok((user.position, serde_json::to_vec(&me)?.into()))
}
