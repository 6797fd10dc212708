//! How answers leave: JSON, with the position that they reflect.

use crate::{
    app::App,
    failure::Failure,
    input::{Checks, OnePage},
    wait::behind,
};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use events::Position;
use http::{HeaderValue, header};
use serde::Serialize;
use service::position::EVIDENT_POSITION;
pub(crate) use service::problem::Problems;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What the page holds.
    pub(crate) items: Vec<T>,
    /// Asks for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// Cuts what was found to `limit`. Lists ask for one more than they show: if it is there, `cursor` is made of the
/// last one that is shown.
pub(crate) fn cut<T>(found: &mut Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Option<String> {
    let more = found.len() > limit;
    found.truncate(limit);
    found.last().filter(|_| more).map(cursor)
}

/// A page of a list that is short enough to have been read whole. Its cursor says how many were shown before.
pub(crate) fn paged<T>(
    app: &App,
    list: &str,
    query: &OnePage,
    mut items: Vec<T>,
) -> Result<Page<T>, Failure> {
    let mut checks = Checks::default();
    let limit = checks.limit(query.limit.as_deref());
    checks.finish()?;
    let shown: usize = app.open_cursor(list, query.cursor.as_deref())?.unwrap_or_default();
    items.drain(..shown.min(items.len()));
    let next_cursor = cut(&mut items, limit, |_| app.seal_cursor(list, &(shown + limit)));
    Ok(Page { items, next_cursor })
}

/// What an answer was read from is at least this far, or it is not given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached(pub(crate) Position);

impl Reached {
    /// The answer, read from a snapshot of the tables at `position`.
    pub(crate) fn answer(
        self,
        app: &App,
        position: Position,
        body: &impl Serialize,
    ) -> Result<Response, Failure> {
        let body = serde_json::to_vec(body)?;
        self.answer_bytes(app, position, body.into())
    }

    /// The same, of JSON that is already text.
    pub(crate) fn answer_bytes(
        self,
        app: &App,
        position: Position,
        body: Bytes,
    ) -> Result<Response, Failure> {
        self.check(app, position)?;
        Ok(json(app, position, body))
    }

    /// The answer, read from the log when it ended at `head`. It says nothing about how far the tables are.
    pub(crate) fn answer_from_log(
        self,
        app: &App,
        head: Position,
        body: &impl Serialize,
    ) -> Result<Response, Failure> {
        if head < self.0 {
            return Err(behind());
        }
        Ok(json(app, head, serde_json::to_vec(body)?.into()))
    }

    /// Refuses a snapshot that is behind what was waited for: another replica may have answered.
    pub(crate) fn check(self, app: &App, position: Position) -> Result<(), Failure> {
        app.waits().saw(position);
        if position < self.0 { Err(behind()) } else { Ok(()) }
    }
}

/// A JSON answer that reflects everything up to a position.
pub(crate) fn json(app: &App, position: Position, body: Bytes) -> Response {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, JSON), (EVIDENT_POSITION, app.position_token(position))], body).into_response()
}
