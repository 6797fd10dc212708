//! `GET /audit/export`

use crate::{
    app::App,
    asking::minimum,
    failure::Failure,
    input::Checks,
    note::{Note, write_down},
    respond::Problems,
    wait::behind,
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use events::{AuditExported, EventId, ExportFormat, Fact, Permission, Position, StreamName, Version};
use futures_util::{Stream, stream::try_unfold};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use service::{
    Code, Principal, Problem,
    extract::{Query, RequestInfo},
    position::EVIDENT_POSITION,
};
use store::log::{Log, LogError, Stored};

/// How many records are in memory at once, at most 60 KiB each.
const PAGE: usize = 200;

/// What to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Export {
    /// The form: `jsonl`, the records byte for byte, one a line. The only one there is, and the default.
    #[param(pattern = "^jsonl$")]
    format: Option<String>,
    /// The first position; the log's first unless told.
    #[param(value_type = Option<u64>, maximum = 9223372036854775807_i64)]
    from: Option<String>,
    /// The last position; the log's head unless told.
    #[param(value_type = Option<u64>, maximum = 9223372036854775807_i64)]
    to: Option<String>,
}

/// Takes the history, or a part of it, away.
///
/// The records from `from` to `to` in the order of their positions, exactly the bytes that lie in the log, each with
/// a line feed after it. Nothing between the two positions is missing. Exporting is itself an event.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit", operation_id = "exportAudit",
    security(("bearer" = ["audit:export"])),
    params(Export),
    responses((status = 200, description = "The records, one a line", body = String, content_type = "application/jsonl"), Problems)
)]
pub(crate) async fn export_audit(
    State(app): State<App>,
    caller: Principal,
    info: RequestInfo,
    headers: HeaderMap,
    Query(query): Query<Export>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditExport)?;
    let (from, to) = query.bounds()?;
    let head = app.log().head().await?;
    if head < minimum(&app, &headers)? {
        return Err(behind());
    }
    let to = to.map_or(head, |to| to.min(head));
    begins_with_an_event(&app, from).await?;
    note(&app, &caller, &info, AuditExported { format: ExportFormat::Jsonl, from, to }).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"evident.jsonl\"")),
        (EVIDENT_POSITION, app.position_token(head)),
    ];
    let before = Position(from.0.saturating_sub(1));
    Ok((headers, Body::from_stream(lines(app.log().clone(), before, to))).into_response())
}

impl Export {
    fn bounds(&self) -> Result<(Position, Option<Position>), Problem> {
        let mut checks = Checks::default();
        let from = checks.position("from", self.from.as_deref()).unwrap_or(Position::START.next());
        let to = checks.position("to", self.to.as_deref());
        if self.format.as_deref().is_some_and(|format| format != "jsonl") {
            checks.refuse("format", "unknown_value", "jsonl");
        }
        if to.is_some_and(|to| to < from) {
            checks.refuse("to", "invalid_value", "a position that is not before from");
        }
        checks.finish()?;
        Ok((from, to))
    }
}

/// A log whose positions are not dense can only be read from the position of an event on, or from its beginning.
async fn begins_with_an_event(app: &App, from: Position) -> Result<(), Failure> {
    let anywhere = app.log().positions_are_dense() || from <= Position::START.next();
    if anywhere || !app.log().read_at(&[from]).await?.is_empty() {
        return Ok(());
    }
    let mut checks = Checks::default();
    checks.refuse("from", "invalid_value", "the position of an event");
    Ok(checks.finish()?)
}

/// Whoever takes the history away stands in it, before the first byte leaves.
async fn note(app: &App, caller: &Principal, info: &RequestInfo, fact: AuditExported) -> Result<(), Failure> {
    let id = EventId(app.entropy().uuid_v7(app.clock().now()));
    let (stream, after, fact) = (StreamName::export(id), Version::NONE, Fact::AuditExported(fact));
    match write_down(app, info.context(caller.actor()), Note { id, stream, after, fact }).await? {
        true => Ok(()),
        false => Err(Problem::new(Code::Contended).into()),
    }
}

/// The records after one position, to another one. A failure breaks the connection off: a file that ends well is whole.
fn lines(log: Log, after: Position, to: Position) -> impl Stream<Item = Result<Bytes, LogError>> {
    try_unfold((log, after), move |(log, after)| async move {
        // Where positions are not dense there are fewer records left, and some of the page are later.
        let at_most = usize::try_from(to.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        if at_most == 0 {
            return Ok(None);
        }
        let mut page = log.read_all(after, at_most.min(PAGE)).await?;
        page.retain(|stored| stored.position <= to);
        let next = page.last().map(|stored| stored.position);
        Ok(next.map(|next| (page_of_lines(&page), (log, next))))
    })
}

fn page_of_lines(page: &[Stored]) -> Bytes {
    let length = page.iter().map(|stored| stored.record.bytes().len() + 1).sum();
    let mut lines = BytesMut::with_capacity(length);
    for stored in page {
        lines.extend_from_slice(stored.record.bytes());
        lines.extend_from_slice(b"\n");
    }
    lines.freeze()
}
