//! `DELETE /users/{id}/suspension`

use crate::{
    App,
    command::{Nothing, Path, Permitted},
    domain,
    failure::Failure,
    respond::Done,
    routes::Problems,
};
use axum::extract::State;
use events::{Permission, UserId};
use service::extract::IfMatch;

/// Lets a suspended person sign in again.
#[utoipa::path(delete, path = "/api/v1/users/{id}/suspension", operation_id = "reinstateUser", tag = "users",
    security(("bearer" = ["users:write"])), params(("id" = Uuid, Path, description = "The person"), IfMatch),
    extensions(("x-problems" = json!(["user-deleted"]))),
    responses((status = 204, description = "The person may sign in"), Problems))]
pub(crate) async fn reinstate(
    State(app): State<App>,
    Path(id): Path<UserId>,
    Permitted { by, asked, .. }: Permitted<Nothing>,
) -> Result<Done, Failure> {
    by.must(Permission::UsersWrite)?;
    app.must_reach(&by, id).await?;
    let decided = app.decide(&asked, id, domain::reinstate).await?;
    Ok(Done::no_content(&app, decided.position()))
}
