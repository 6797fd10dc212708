//! `GET /operations/parked`

use crate::{
    app::App,
    failure::Failure,
    input::OnePage,
    respond::{Page, Problems, Reached, paged},
    views::ParkedStream,
};
use axum::{extract::State, response::Response};
use events::Permission;
use service::{Principal, extract::Query};

/// The streams that were set aside because an event of theirs cannot be read, and why.
///
/// Needs `system:operate`. Their people, sessions or roles are shown as before that event until it is tried again.
/// There are a thousand at most.
#[utoipa::path(
    get, path = "/api/v1/operations/parked", tag = "operations", operation_id = "listParked",
    security(("bearer" = ["system:operate"])),
    params(OnePage),
    responses((status = 200, description = "A page of streams", body = Page<ParkedStream>), Problems)
)]
pub(crate) async fn list_parked(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Query(query): Query<OnePage>,
) -> Result<Response, Failure> {
    caller.must(Permission::SystemOperate)?;
    let parked = app.read_models().parked().await?;
    let items = parked.value.into_iter().map(ParkedStream::from).collect();
    reached.answer(&app, parked.position, &paged(&app, "parked streams", &query, items)?)
}
