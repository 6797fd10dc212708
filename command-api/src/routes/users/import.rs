//! `POST /users/import`

use crate::{
    App,
    command::{Permitted, permitted},
    failure::Failure,
    import::{ImportError, ImportFormat, Imported, Importing, Row, RowOutcome, Rows},
    respond::Done,
    routes::Problems,
};
use axum::extract::{FromRequest, Request, State};
use bytes::Bytes;
use events::{Network, Permission, Position};
use http::StatusCode;
use serde::Serialize;
use service::{
    caller::Principal,
    extract::Upload,
    problem::{FieldError, Problem},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// The most rows of one request: more would not be done before an answer is due. `evident import users` has no bound.
const MAX_ROWS: usize = 2_000;

/// A file of people.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it says what the form holds, which is read field by field")]
pub(crate) struct ImportForm {
    /// At most 2,000 people in 8 MiB, with `email`, and perhaps `email_verified`, `display_name`, `password_hash` and `roles`.
    #[schema(format = Binary, content_media_type = "application/octet-stream", value_type = String)]
    file: Vec<u8>,
    /// `csv` (unless told) or `json`: lines or an array of objects.
    format: Option<String>,
    /// `true`: look at everything, and import nobody.
    dry_run: Option<String>,
}

/// A form of whoever may import people, and proved only a while ago who they are: it brings passwords and roles along. It
/// is long, so nothing of it is read before that is known.
pub(crate) struct Form(Permitted<Upload>);

impl FromRequest<App> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let admits = |by: &Principal| {
            by.must(Permission::UsersWrite)?;
            app.must_be_fresh(by)
        };
        Ok(Self(permitted(request, app, admits).await?))
    }
}

/// What became of all rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// Whether nobody was imported on purpose.
    dry_run: bool,
    /// How many came to be, or would.
    imported: usize,
    /// How many were there already.
    present: usize,
    /// How many were refused.
    refused: usize,
    /// Each row, in the order of the file.
    rows: Vec<RowReport>,
}

/// What became of one row.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowReport {
    /// Where it begins in the file.
    line: u64,
    /// `imported`, `present` or `refused`.
    outcome: &'static str,
    /// Who it is; null when refused.
    user_id: Option<Uuid>,
    /// Why it was refused: pointers are `/` and a column's name.
    errors: Vec<FieldError>,
}

/// Imports people from a file. Each row is done whole or not at all, and sending the file again changes nothing for those
/// who are there.
#[utoipa::path(post, path = "/api/v1/users/import", operation_id = "importUsers", tag = "users",
    security(("bearer" = ["users:write"])),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    extensions(("x-problems" = json!(["insufficient-user-authentication"]))),
    responses((status = 200, body = ImportReport, description = "What became of each row"), Problems))]
pub(crate) async fn import_users(
    State(app): State<App>,
    Form(Permitted { by, asked, body: mut upload }): Form,
) -> Result<Done, Failure> {
    let file = upload.file("file")?;
    let format = upload.one_of("format", &[("csv", ImportFormat::Csv), ("json", ImportFormat::Json)])?;
    let dry_run = upload.one_of("dry_run", &[("true", true), ("false", false)])?.unwrap_or_default();
    upload.nothing_else()?;
    let rows = rows(&file, format.unwrap_or(ImportFormat::Csv))?;
    // Where the one is who imports is not for those to read who come to be.
    let network = Some(Network::UNKNOWN);
    let importing = Importing { asked: &asked, permissions: by.permissions(), network, dry_run };
    let outcomes = app.import_rows(&importing, rows).await?;
    let position = outcomes.iter().map(|outcome| outcome.position).max().unwrap_or(Position::START);
    Ok(Done::json(&app, position, StatusCode::OK, report(outcomes, dry_run)))
}

/// All rows, before anything is done about the first.
fn rows(file: &Bytes, format: ImportFormat) -> Result<Vec<Row>, Problem> {
    let refused = |error: ImportError| refused("file_malformed", error.to_string());
    let rows = Rows::open(file.as_ref(), format).map_err(refused)?;
    let rows = rows.take(MAX_ROWS + 1).collect::<Result<Vec<_>, _>>().map_err(refused)?;
    match rows.len() {
        0..=MAX_ROWS => Ok(rows),
        _ => Err(self::refused("too_many_rows", format!("A request imports at most {MAX_ROWS} people."))),
    }
}

fn refused(code: &'static str, detail: String) -> Problem {
    Problem::validation(vec![FieldError::new("/file", code, detail)])
}

fn report(outcomes: Vec<RowOutcome>, dry_run: bool) -> ImportReport {
    let mut report = ImportReport {
        dry_run,
        imported: 0,
        present: 0,
        refused: 0,
        rows: Vec::with_capacity(outcomes.len()),
    };
    for RowOutcome { line, imported, .. } in outcomes {
        let (count, outcome, user, errors) = match imported {
            Imported::Done(user) => (&mut report.imported, "imported", Some(user.0), vec![]),
            Imported::Present(user) => (&mut report.present, "present", Some(user.0), vec![]),
            Imported::Refused(errors) => (&mut report.refused, "refused", None, errors),
        };
        *count += 1;
        report.rows.push(RowReport { line, outcome, user_id: user, errors });
    }
    report
}
