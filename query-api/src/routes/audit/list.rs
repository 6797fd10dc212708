//! `GET /audit/events`

use crate::{
    app::App,
    audit::{AuditEvent, page},
    failure::Failure,
    input::Checks,
    respond::{Page, Problems, Reached},
};
use axum::{extract::State, response::Response};
use events::{Permission, UserId};
use read_models::AuditFilter;
use serde::Deserialize;
use service::{Caller, extract::Query};
use utoipa::IntoParams;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEvents {
    /// Only events after this position.
    after: Option<String>,
    /// Only events before this position.
    before: Option<String>,
    /// Only events recorded at this time or later (RFC 3339).
    from: Option<String>,
    /// Only events recorded before this time (RFC 3339).
    to: Option<String>,
    /// Only events whose type begins like this: `user.`, `session.started`.
    r#type: Option<String>,
    /// Only what this one did: `user:{id}` or a user's id, `anonymous`, `system`, `operator`.
    actor: Option<String>,
    /// Only what happened to this stream, as items show it; or everything about a user, by their id.
    subject: Option<String>,
    /// Only what happened to this session.
    session: Option<String>,
    /// Only what came from the request of this id.
    correlation: Option<String>,
    /// How many, from 1 to 200; 50 unless told.
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What happened, the newest first.
///
/// Needs `audit:read`. A filtered list shows that its events are in the log, not that none is missing.
#[utoipa::path(
    get, path = "/api/v1/audit/events", tag = "audit", operation_id = "listEvents",
    security(("bearer" = ["audit:read"])),
    responses((status = 200, description = "A page of events", body = Page<AuditEvent>), Problems)
)]
pub(crate) async fn list_events(
    State(app): State<App>,
    caller: Caller,
    reached: Reached,
    Query(query): Query<ListEvents>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditRead)?;
    let mut checks = Checks::default();
    let (filter, limit) = (query.filter(&mut checks), checks.limit(query.limit.as_deref()));
    checks.finish()?;
    let (position, events) = page(&app, filter, query.cursor.as_deref(), limit).await?;
    reached.answer(&app, position, &events)
}

impl ListEvents {
    fn filter(&self, checks: &mut Checks) -> AuditFilter {
        let subject = self.subject.as_deref();
        let user_id = subject.and_then(|subject| subject.parse::<UserId>().ok());
        AuditFilter {
            before: checks.position("before", self.before.as_deref()),
            after: checks.position("after", self.after.as_deref()),
            from: checks.time("from", self.from.as_deref()),
            to: checks.time("to", self.to.as_deref()),
            type_prefix: checks.text("type", self.r#type.as_deref()),
            actor: checks.actor("actor", self.actor.as_deref()),
            user_id,
            subject: match user_id {
                Some(_) => None,
                None => checks.parsed("subject", subject, "a stream's name, or a user's id"),
            },
            session_id: checks.parsed("session", self.session.as_deref(), "a session's id"),
            correlation_id: checks.text("correlation", self.correlation.as_deref()),
        }
    }
}
