//! Bodies: at most so many bytes, in at most so much time.

use super::request::Asked;
use crate::{
    http::Limits,
    problem::{Code, Problem},
};
use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The longest body of a request, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The whole body, for an extractor that needs its bytes as well as what they mean.
///
/// # Errors
///
/// `content-too-large`, `request-timeout`, or `malformed-request` when the client went away before the end.
pub async fn read(request: Request) -> Result<Bytes, Problem> {
    let deadline = Asked::of(request.extensions()).map_or(Limits::default().body, |asked| asked.limits.body);
    let body: Body = request.into_body();
    let collected = tokio::time::timeout(deadline, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    match collected {
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::new(Code::ContentTooLarge))
        }
        Ok(Err(_)) => Err(Problem::new(Code::MalformedRequest).detail("The body ended before its end.")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}
