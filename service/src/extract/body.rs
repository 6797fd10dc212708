//! Bodies: at most so many bytes, in at most so much time.

use super::request::Asked;
use crate::{
    http::Limits,
    problem::{Code, Problem},
};
use axum::{
    body::Body,
    extract::{MatchedPath, Request},
};
use bytes::Bytes;
use http::{Method, header::CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The longest body of a request, in bytes, but for files.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Files may be longer: method, route and bytes. A form takes some more around its file.
const FILES: [(Method, &str, usize); 2] = [
    (Method::POST, "/api/v1/users/import", 8 * 1024 * 1024 + MAX_BODY_BYTES),
    (Method::PUT, "/api/v1/users/{id}/picture", 1024 * 1024 + MAX_BODY_BYTES),
];

/// How much of files a process holds at once, in pieces of [`MAX_BODY_BYTES`]: 64 MiB.
static ROOM: Semaphore = Semaphore::const_new(1_024);

/// The place that a file takes in memory, from before it is read until this is dropped.
#[derive(Debug, Clone)]
pub struct Room {
    _pieces: Arc<SemaphorePermit<'static>>,
}

impl Room {
    /// Takes the place that the body of this request may need; none where it is no longer than any other.
    ///
    /// # Errors
    ///
    /// `overloaded` when others have it.
    pub fn of(request: &Request) -> Result<Option<Self>, Problem> {
        let most = most_bytes(request);
        if most == MAX_BODY_BYTES {
            return Ok(None);
        }
        let said =
            request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let bytes = said.map_or(most, |said: usize| said.min(most));
        let pieces = u32::try_from(bytes.div_ceil(MAX_BODY_BYTES)).unwrap_or(u32::MAX);
        let taken = ROOM.try_acquire_many(pieces).map_err(|_| Problem::new(Code::Overloaded))?;
        Ok(Some(Self { _pieces: Arc::new(taken) }))
    }
}

/// The longest body of this request, in bytes.
pub(crate) fn most_bytes(request: &Request) -> usize {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_it =
        |(method, path, _): &&(Method, &str, usize)| method == request.method() && route == Some(path);
    FILES.iter().find(is_it).map_or(MAX_BODY_BYTES, |(.., bytes)| *bytes)
}

/// The whole body, for an extractor that needs its bytes as well as what they mean.
///
/// # Errors
///
/// `content-too-large`, `request-timeout`, or `malformed-request` when the client went away before the end.
pub async fn read(request: Request) -> Result<Bytes, Problem> {
    let deadline = Asked::of(request.extensions()).map_or(Limits::default().body, |asked| asked.limits.body);
    let most = most_bytes(&request);
    let body: Body = request.into_body();
    let collected = tokio::time::timeout(deadline, Limited::new(body, most).collect()).await;
    match collected {
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::new(Code::ContentTooLarge))
        }
        Ok(Err(_)) => Err(Problem::new(Code::MalformedRequest).detail("The body ended before its end.")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, routing::post};
    use tower::ServiceExt;

    /// The place that a file takes which says how long it is, or does not.
    async fn room(length: Option<usize>) -> Result<Option<Room>, Problem> {
        let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
        let take = async move |request: Request| sender.send(Room::of(&request)).expect("it is waited for");
        let mut request = Request::post("/api/v1/users/import");
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let request = request.body(Body::empty()).expect("a request");
        let answered = Router::new().route("/api/v1/users/import", post(take)).oneshot(request).await;
        answered.expect("an answer");
        taken.recv().await.expect("it was asked for")
    }

    #[tokio::test]
    async fn so_many_files_are_held_at_once_and_no_more() {
        let mut held = Vec::new();
        // Of 64 MiB each may need eight and some more.
        for _ in 0..7 {
            held.push(room(None).await.expect("there is room").expect("it is a file"));
        }
        assert_eq!(room(None).await.expect_err("all of it is taken").code(), Code::Overloaded);
        let short = room(Some(1_000)).await.expect("a short one fits in").expect("it is a file");
        drop((held.pop(), short));
        room(None).await.expect("there is room again");
    }

    #[test]
    fn the_proxy_lets_through_what_we_take() {
        let proxy = include_str!("../../../deploy/proxy/nginx.conf");
        let lines = proxy.lines().filter_map(|line| line.trim().strip_prefix("client_max_body_size "));
        let mebibytes = |size: &str| size.strip_suffix("m;")?.parse::<usize>().ok();
        let bounds: Vec<_> =
            lines.map(|size| mebibytes(size).expect("a size like 9m;") * 1024 * 1024).collect();
        let longest = FILES.iter().map(|(.., bytes)| *bytes).max().expect("files");
        assert!(
            !bounds.is_empty() && bounds.iter().all(|bound| *bound >= longest),
            "{bounds:?} for {longest}"
        );
    }
}
