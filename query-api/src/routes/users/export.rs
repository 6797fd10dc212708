//! `GET /users/{id}/export`

use crate::{
    app::App,
    audit::{AuditEvent, find},
    failure::Failure,
    input::Nothing,
    picture::{Found, picture},
    respond::{Problems, Reached},
    views::{self, Session},
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use events::{Permission, Position, SessionId, UserId};
use futures_util::stream::try_unfold;
use http::{HeaderValue, header};
use read_models::AuditFilter;
use serde::Serialize;
use service::{
    Principal,
    extract::{Path, Query},
    position::EVIDENT_POSITION,
    shown::User,
};
use std::io;
use utoipa::ToSchema;

/// What the form of an export is called.
const SCHEMA: &str = "evident-person/1";

/// How many sessions or events are in memory at once.
const PAGE: usize = 200;

/// Everything that is held about a person. It leaves page by page, so nothing is made of this type; it is what the
/// pages are together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Held {
    /// The form of this document, `evident-person/1`: fields may be added to it, and none changes its meaning.
    schema: &'static str,
    /// The person.
    user: User,
    /// Their picture; null without one.
    picture: Option<HeldPicture>,
    /// Every sign-in, the newest first, ended ones included.
    sessions: Vec<Session>,
    /// Every event about the person, the newest first.
    events: Vec<AuditEvent>,
}

/// A picture in an export.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldPicture {
    /// `image/jpeg` or `image/png`.
    media_type: &'static str,
    /// The file, base64 (RFC 4648 §4).
    data: String,
}

/// Everything that is held about a person.
///
/// For oneself, or with `users:read`.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/export", tag = "users", operation_id = "exportUser",
    security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses((status = 200, description = "The person, all sessions, all events", body = Held), Problems)
)]
pub(crate) async fn export_person(
    State(app): State<App>,
    caller: Principal,
    reached: Reached,
    Path(id): Path<UserId>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Failure> {
    caller.must_be_or(id, Permission::UsersRead)?;
    let found = app.read_models().user(id).await?;
    reached.check(&app, found.position)?;
    let user = views::user(found.value.ok_or_else(|| app.not_found(found.position))?);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"person.json\"")),
        (EVIDENT_POSITION, app.position_token(found.position)),
    ];
    let export = Export { app, id, asking: caller.session() };
    let pages = try_unfold((export, Part::User(Box::new(user))), |(export, part)| async move {
        let written = export.write(part).await.map_err(|failure| export.broke_off(&failure))?;
        Ok::<_, io::Error>(written.map(|(text, next)| (Bytes::from(text), (export, next))))
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

impl From<Found> for HeldPicture {
    fn from(Found { picture, bytes }: Found) -> Self {
        Self { media_type: picture.media_type.as_str(), data: STANDARD.encode(bytes) }
    }
}

struct Export {
    app: App,
    id: UserId,
    asking: Option<SessionId>,
}

/// What is written next. Lists go on before the position of what was written last.
enum Part {
    User(Box<User>),
    Picture,
    Sessions(Option<Position>),
    Events(Option<Position>),
    Nothing,
}

impl Export {
    /// One part as text, and the part after it.
    async fn write(&self, part: Part) -> Result<Option<(Vec<u8>, Part)>, Failure> {
        match part {
            Part::User(user) => {
                let mut text = format!(r#"{{"schema":"{SCHEMA}","user":"#).into_bytes();
                append(&mut text, &user)?;
                Ok(Some((text, Part::Picture)))
            }
            Part::Picture => {
                let mut text = b",\"picture\":".to_vec();
                append(&mut text, &picture(&self.app, self.id).await?.1.map(HeldPicture::from))?;
                text.extend_from_slice(b",\"sessions\":[");
                Ok(Some((text, Part::Sessions(None))))
            }
            Part::Sessions(before) => self.write_sessions(before).await.map(Some),
            Part::Events(before) => self.write_events(before).await.map(Some),
            Part::Nothing => Ok(None),
        }
    }

    async fn write_sessions(&self, before: Option<Position>) -> Result<(Vec<u8>, Part), Failure> {
        let tables = self.app.read_models();
        let found = tables.sessions_of(self.id, None, before, PAGE).await?;
        let last = found.value.last().map(|row| row.started_position);
        let shown =
            found.value.into_iter().map(|row| Session::seen_from(row, self.asking, self.app.idle_ttl()));
        let mut text = list(shown, before.is_some())?;
        match last {
            Some(last) => Ok((text, Part::Sessions(Some(last)))),
            None => {
                text.extend_from_slice(b"],\"events\":[");
                Ok((text, Part::Events(None)))
            }
        }
    }

    async fn write_events(&self, before: Option<Position>) -> Result<(Vec<u8>, Part), Failure> {
        // An export is made for its person, who must not learn that they are held.
        let filter =
            AuditFilter { user_id: Some(self.id), before, without_holds: true, ..AuditFilter::default() };
        let (_, found) = find(&self.app, &filter, PAGE).await?;
        let last = found.last().map(AuditEvent::position);
        let mut text = list(found, before.is_some())?;
        match last {
            Some(last) => Ok((text, Part::Events(Some(last)))),
            None => {
                text.extend_from_slice(b"]}");
                Ok((text, Part::Nothing))
            }
        }
    }

    /// The connection is broken off, so that half an export never looks like a whole one.
    fn broke_off(&self, failure: &Failure) -> io::Error {
        tracing::error!(user.id = %self.id, ?failure, "an export of a person broke off");
        io::Error::other("the export broke off")
    }
}

/// Items with commas between them, and one before the first if the list goes on.
fn list<T: Serialize>(items: impl IntoIterator<Item = T>, goes_on: bool) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        if goes_on || number > 0 {
            text.push(b',');
        }
        append(&mut text, &item)?;
    }
    Ok(text)
}

fn append(text: &mut Vec<u8>, item: &impl Serialize) -> Result<(), Failure> {
    Ok(serde_json::to_writer(text, item)?)
}
