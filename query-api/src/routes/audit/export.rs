//! `GET /audit/export`

use crate::{
    app::App,
    asking::minimum,
    audit::file,
    failure::Failure,
    input::{Checks, Moment},
    note::{Note, write_down},
    respond::Problems,
    wait::behind,
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use events::{AuditExported, EventId, ExportFormat, Fact, Permission, Position, StreamName, Version};
use http::{HeaderMap, HeaderValue, header};
use read_models::AuditFilter;
use serde::Deserialize;
use service::{
    Code, Principal, Problem,
    extract::{Query, RequestInfo},
    position::EVIDENT_POSITION,
};

/// What to export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Export {
    /// The form: `jsonl`, the records byte for byte, one a line, unless told; `cloudevents`, the same in one JSON array;
    /// `csv` or `ocsf`, as people and other tools read it, what is sealed opened.
    #[param(pattern = "^(jsonl|cloudevents|csv|ocsf)$")]
    format: Option<String>,
    /// The first position, or the time (RFC 3339) of the first record; the log's first unless told.
    #[param(format = "as-of")]
    from: Option<String>,
    /// The last position, or the time (RFC 3339) before which the last record was written; the log's head unless told.
    #[param(format = "as-of")]
    to: Option<String>,
}

/// The part of the history that was asked for, and in which form.
struct Part {
    format: ExportFormat,
    from: Option<Moment>,
    to: Option<Moment>,
}

/// Takes the history, or a part of it, away.
///
/// The records from `from` to `to` in the order of their positions, none between the two missing: as they lie in the
/// log (`jsonl`; `cloudevents`, a batch as in the CloudEvents JSON format), in columns (`csv`), or in the classes of
/// OCSF 1.1.0 (`ocsf`). The last two open what is sealed, and so need `audit:read` as well. Times are those of the
/// clocks that recorded, which order nothing: from the first record of that time to the last one, all are there.
/// Exporting is itself an event.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit", operation_id = "exportAudit",
    security(("bearer" = ["audit:export"])),
    params(Export),
    responses((status = 200, description = "The records", content(
        (String = "application/jsonl"),
        (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
        (String = "text/csv"),
    )), Problems)
)]
pub(crate) async fn export_audit(
    State(app): State<App>,
    caller: Principal,
    info: RequestInfo,
    headers: HeaderMap,
    Query(query): Query<Export>,
) -> Result<Response, Failure> {
    caller.must(Permission::AuditExport)?;
    let part = query.part()?;
    let format = part.format;
    if opens(format) {
        caller.must(Permission::AuditRead)?;
    }
    let head = app.log().head().await?;
    if head < minimum(&app, &headers)? {
        return Err(behind());
    }
    let (from, to) = part.span(&app, head).await?;
    note(&app, &caller, &info, AuditExported { format, from, to }).await?;
    let (content_type, disposition) = described(format);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        (EVIDENT_POSITION, app.position_token(head)),
    ];
    let before = Position(from.0.saturating_sub(1));
    Ok((headers, Body::from_stream(file(app, format, before, to))).into_response())
}

/// Whether a form shows what is sealed.
const fn opens(format: ExportFormat) -> bool {
    match format {
        ExportFormat::Jsonl | ExportFormat::Cloudevents => false,
        ExportFormat::Csv | ExportFormat::Ocsf => true,
    }
}

/// The media type of a form, and the name that a browser keeps it under.
const fn described(format: ExportFormat) -> (&'static str, &'static str) {
    match format {
        ExportFormat::Jsonl => ("application/jsonl", "attachment; filename=\"evident.jsonl\""),
        ExportFormat::Cloudevents => {
            ("application/cloudevents-batch+json", "attachment; filename=\"evident.json\"")
        }
        ExportFormat::Csv => {
            ("text/csv; charset=utf-8; header=present", "attachment; filename=\"evident.csv\"")
        }
        ExportFormat::Ocsf => ("application/jsonl", "attachment; filename=\"evident.ocsf.jsonl\""),
    }
}

impl Export {
    fn part(&self) -> Result<Part, Problem> {
        let mut checks = Checks::default();
        let format = match self.format.as_deref() {
            None | Some("jsonl") => ExportFormat::Jsonl,
            Some("cloudevents") => ExportFormat::Cloudevents,
            Some("csv") => ExportFormat::Csv,
            Some("ocsf") => ExportFormat::Ocsf,
            Some(_) => {
                checks.refuse("format", "unknown_value", "jsonl, cloudevents, csv or ocsf");
                ExportFormat::Jsonl
            }
        };
        let from = checks.moment("from", self.from.as_deref());
        let to = checks.moment("to", self.to.as_deref());
        let backwards = match (from, to) {
            (Some(Moment::Position(from)), Some(Moment::Position(to))) => to < from,
            (Some(Moment::Time(from)), Some(Moment::Time(to))) => to < from,
            (Some(_) | None, Some(_) | None) => false,
        };
        if backwards {
            checks.refuse("to", "invalid_value", "not before from");
        }
        checks.finish()?;
        Ok(Part { format, from, to })
    }
}

impl Part {
    /// The first and the last position of what was asked for when the log ended at `head`; the last is the lesser when
    /// there is nothing. For times the tables must have come as far, else something might be left out.
    async fn span(&self, app: &App, head: Position) -> Result<(Position, Position), Failure> {
        let time = |moment| match moment {
            Some(Moment::Time(time)) => Some(time),
            Some(Moment::Position(_)) | None => None,
        };
        let filter = AuditFilter { from: time(self.from), to: time(self.to), ..AuditFilter::default() };
        let (mut first, mut last) = (Position::START.next(), head);
        if filter.from.or(filter.to).is_some() {
            app.waits().until_shown(head).await?;
            let Some(span) = app.read_models().audit_span(&filter).await? else {
                return Ok((head.next(), head));
            };
            (first, last) = span;
        }
        let first = match self.from {
            Some(Moment::Position(position)) => begins_with_an_event(app, position).await?,
            Some(Moment::Time(_)) => first,
            None => Position::START.next(),
        };
        let last = match self.to {
            Some(Moment::Position(position)) => position,
            Some(Moment::Time(_)) => last,
            None => head,
        };
        Ok((first, last.min(head)))
    }
}

/// A log whose positions are not dense can only be read from the position of an event on, or from its beginning.
async fn begins_with_an_event(app: &App, from: Position) -> Result<Position, Failure> {
    let anywhere = app.log().positions_are_dense() || from <= Position::START.next();
    let mut checks = Checks::default();
    if !anywhere && app.log().read_at(&[from]).await?.is_empty() {
        checks.refuse("from", "invalid_value", "the position of an event");
    }
    checks.finish()?;
    Ok(from)
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
