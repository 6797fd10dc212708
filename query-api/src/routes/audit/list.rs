//! `GET /audit/events`

use crate::{
    app::App,
    audit::{AuditEvent, page},
    failure::Failure,
    input::Checks,
    respond::{Page, Problems, Reached},
};
use axum::{extract::State, response::Response};
use events::{Permission, ServiceAccountId, UserId};
use read_models::AuditFilter;
use serde::Deserialize;
use service::{Principal, extract::Query};

/// Which events.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEvents {
    /// Only events after this position.
    #[param(value_type = Option<u64>, maximum = 9223372036854775807_i64)]
    after: Option<String>,
    /// Only events before this position.
    #[param(value_type = Option<u64>, maximum = 9223372036854775807_i64)]
    before: Option<String>,
    /// Only events recorded at this time or later (RFC 3339).
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only events recorded before this time (RFC 3339).
    #[param(format = DateTime)]
    to: Option<String>,
    /// Only events whose type begins like this: `user.`, `session.started`.
    #[param(format = "visible-text", min_length = 1, max_length = 200)]
    r#type: Option<String>,
    /// Only what this one did: `user:{id}` or a user's id, `service:{account}` or
    /// `service:{account}/{key}`, `anonymous`, `system`, `operator`.
    #[param(format = "actor")]
    actor: Option<String>,
    /// Only what happened to this stream, as items show it; or everything about a user, by their id.
    #[param(format = "visible-text", min_length = 1, max_length = 200)]
    subject: Option<String>,
    /// Only what happened to this session.
    #[param(format = Uuid)]
    session: Option<String>,
    /// Only what came from the request of this id.
    #[param(format = "visible-text", min_length = 1, max_length = 200)]
    correlation: Option<String>,
    /// How many, from 1 to 200; 50 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(format = "cursor")]
    cursor: Option<String>,
}

/// What happened, the newest first.
///
/// Needs `audit:read`. A filtered list shows that its events are in the log, not that none is missing.
#[utoipa::path(
    get, path = "/api/v1/audit/events", tag = "audit", operation_id = "listEvents",
    security(("bearer" = ["audit:read"])),
    params(ListEvents),
    responses((status = 200, description = "A page of events", body = Page<AuditEvent>), Problems)
)]
pub(crate) async fn list_events(
    State(app): State<App>,
    caller: Principal,
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
        let (subject, actor) = (self.subject.as_deref(), self.actor.as_deref());
        let service: Option<ServiceAccountId> =
            actor.and_then(|actor| actor.strip_prefix("service:")?.parse().ok());
        let user_id = subject.and_then(|subject| subject.parse::<UserId>().ok());
        AuditFilter {
            before: checks.position("before", self.before.as_deref()),
            after: checks.position("after", self.after.as_deref()),
            from: checks.time("from", self.from.as_deref()),
            to: checks.time("to", self.to.as_deref()),
            type_prefix: checks.text("type", self.r#type.as_deref()),
            service,
            actor: match service {
                Some(_) => None,
                None => checks.actor("actor", actor),
            },
            user_id,
            without_holds: false,
            subject: match user_id {
                Some(_) => None,
                None => checks.parsed("subject", subject, "a stream's name, or a user's id"),
            },
            session_id: checks.parsed("session", self.session.as_deref(), "a session's id"),
            correlation_id: checks.text("correlation", self.correlation.as_deref()),
        }
    }
}
