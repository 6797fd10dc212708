//! `DELETE /users/{id}/hold`

use crate::{
    App,
    command::{Fresh, Nothing, Path, Permitted},
    domain,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Lets a person be erased again. Whoever was deleted meanwhile, and is due, is erased by itself.
#[utoipa::path(delete, path = "/api/v1/users/{id}/hold", operation_id = "liftUserHold", tag = "holds",
    security(("bearer" = ["holds:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["insufficient-user-authentication"]))),
    responses((status = 204, description = "The person may be erased"), Problems))]
pub(crate) async fn lift_hold(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Fresh(Permitted { by, asked, .. }): Fresh<Permitted<Nothing>>,
) -> Result<Done, Failure> {
    by.must(Permission::HoldsWrite)?;
    let decided = app.decide(&asked, id, domain::lift_hold).await?;
    Ok(Done::no_content(&app, decided.position()))
}
