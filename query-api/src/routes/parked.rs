//! `GET /operations/parked`

use crate::{
    app::App,
    failure::Failure,
    respond::{Page, Problems, Reached},
    views::ParkedStream,
};
use axum::{extract::State, response::Response};
use events::Permission;
use service::Caller;

/// The streams that were set aside because an event of theirs cannot be read, and why.
///
/// Needs `system:operate`. Their people, sessions or roles are shown as before that event until it is tried again.
/// At most a thousand are shown.
#[utoipa::path(
    get, path = "/api/v1/operations/parked", tag = "operations", operation_id = "listParked",
    security(("bearer" = ["system:operate"])),
    responses((status = 200, description = "The streams", body = Page<ParkedStream>), Problems)
)]
pub(crate) async fn list_parked(
    State(app): State<App>,
    caller: Caller,
    reached: Reached,
) -> Result<Response, Failure> {
    caller.must(Permission::SystemOperate)?;
    let parked = app.read_models().parked().await?;
    let items = parked.value.into_iter().map(ParkedStream::from).collect();
    reached.answer(&app, parked.position, &Page { items, next_cursor: None })
}
