//! `GET /audit/events/{position}`

use crate::{
    app::App,
    audit::{AuditEvent, opened},
    failure::Failure,
    respond::{Problems, Reached},
};
use aws_lc_rs::digest::{Context, SHA256};
use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use events::{Permission, Position};
use serde::Serialize;
use service::{Principal, extract::Path};
use utoipa::ToSchema;

/// One event, and what proves it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProvenEvent {
    #[serde(flatten)]
    event: AuditEvent,
    /// The exact bytes of the record, base64.
    record: String,
    /// The hash of the record as a leaf of a Merkle tree (RFC 6962 §2.1), base64.
    leaf_hash: String,
}

/// One event.
///
/// Needs `audit:read`.
#[utoipa::path(
    get, path = "/api/v1/audit/events/{position}", tag = "audit", operation_id = "getEvent",
    security(("bearer" = ["audit:read"])),
    params(("position" = u64, Path, description = "Its place in the log", maximum = 9223372036854775807_i64)),
    responses((status = 200, description = "The event, its bytes and their hash", body = ProvenEvent), Problems)
)]
pub(crate) async fn event(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(position): Path<Position>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditRead)?;
    // Before the record, so that a record which is not there yet is not denied by a later position.
    let head = app.log().head().await?;
    if position < Position::START.next() || position > head {
        return Err(app.not_found(head).into());
    }
    let found = app.log().read_at(&[position]).await?;
    let event = opened(&app, &found).await?.pop();
    let (Some(event), Some(stored)) = (event, found.first()) else {
        return Err(app.not_found(head).into());
    };
    let bytes = stored.record.bytes();
    let proven =
        ProvenEvent { event, record: STANDARD.encode(bytes), leaf_hash: STANDARD.encode(leaf_hash(bytes)) };
    reached.answer_from_log(&app, head, &proven)
}

/// SHA-256 over a zero byte, which sets leaves apart from inner nodes, and the record (RFC 6962 §2.1).
fn leaf_hash(record: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(record);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_hashed_as_rfc_6962_says() {
        // The hash of the empty leaf, which every Merkle tree implementation knows.
        let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        let hash: String = leaf_hash(b"").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, empty);
    }
}
