//! `PUT /holds/{name}`

use crate::{
    App,
    command::{Fresh, Path, Permitted},
    domain,
    failure::Failure,
    input::{Flaw, Flaws, reason},
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{HoldName, Permission, Timestamp};
use serde::Deserialize;
use service::extract::Json;
use utoipa::ToSchema;

/// Which period, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldPeriod {
    /// The first moment of the period, RFC 3339. Every month that the period touches is kept as a whole.
    #[schema(format = DateTime)]
    from: String,
    /// The first moment after the period, RFC 3339.
    #[schema(format = DateTime)]
    to: String,
    /// 1 to 500 characters. They stand clear in the log for good, so they should name nobody.
    #[schema(format = "reason", min_length = 1, max_length = 500)]
    reason: String,
}

/// Keeps the network facts of a period until the hold is lifted. What was forgotten before stays so.
#[utoipa::path(put, path = "/api/v1/holds/{name}", operation_id = "holdPeriod", tag = "holds",
    security(("bearer" = ["holds:write"])), params(("name" = inline(service::openapi::HoldText), Path, description = "The hold")),
    request_body = HoldPeriod,
    extensions(("x-problems" = json!(["conflict", "insufficient-user-authentication"]))),
    responses((status = 204, description = "No month of the period is forgotten while the hold stands"), Problems))]
pub(crate) async fn place_period_hold(
    State(app): State<App>,
    Path(name): Path<HoldName>,
    Fresh(Permitted { by, asked, body: Json(body) }): Fresh<Permitted<Json<HoldPeriod>>>,
) -> Result<Done, Failure> {
    by.must(Permission::HoldsWrite)?;
    let mut flaws = Flaws::default();
    let from = flaws.take("/from", moment(&body.from));
    let to = flaws.take("/to", moment(&body.to).and_then(|to| after(from, to)));
    let reason = flaws.take("/reason", reason(&body.reason));
    let (Some(from), Some(to), Some(reason)) = (from, to, reason) else { return Err(flaws.problem().into()) };
    let place = |retention: &_| domain::place_period_hold(retention, &name, (from, to), reason.as_str());
    let decided = app.decide(&asked, (), place).await?;
    Ok(Done::no_content(&app, decided.position()))
}

fn moment(text: &str) -> Result<Timestamp, Flaw> {
    text.parse().map_err(|_| Flaw::new("invalid_value", "This should be a time as in RFC 3339."))
}

fn after(from: Option<Timestamp>, to: Timestamp) -> Result<Timestamp, Flaw> {
    match from.is_none_or(|from| from < to) {
        true => Ok(to),
        false => Err(Flaw::new("invalid_value", "The period ends after it begins.")),
    }
}
