//! `DELETE /holds/{name}`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{HoldName, Permission};

/// Lets the network facts of a period be forgotten when their time has run out.
#[utoipa::path(delete, path = "/api/v1/holds/{name}", operation_id = "liftPeriodHold", tag = "holds",
    security(("bearer" = ["holds:write"])), params(("name" = inline(service::openapi::HoldText), Path, description = "The hold")),
    extensions(("x-problems" = json!(["insufficient-user-authentication"]))),
    responses((status = 204, description = "The hold does not stand any more"), Problems))]
pub(crate) async fn lift_period_hold(
    State(app): State<App>,
    Path(name): Path<HoldName>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::HoldsWrite)?;
    let lift = |retention: &_| domain::lift_period_hold(retention, &name);
    let decided = app.decide(&asked, (), lift).await?;
    Ok(Done::no_content(&app, decided.position()))
}
