//! `GET /.well-known/jwks.json`

use crate::app::App;
use axum::{extract::State, response::IntoResponse};
use http::{HeaderValue, header};

/// The keys that verify access tokens (RFC 7517, RFC 8037). Verifiers may keep them for as long as `Cache-Control` says: a new key is
/// published for longer than that before it signs.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "machines", operation_id = "jwks", security(()),
    responses((status = 200, description = "A JSON Web Key Set", body = Object, content_type = "application/json"))
)]
pub(crate) async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, app.keys().cache_control()),
    ];
    (headers, app.keys().published())
}
