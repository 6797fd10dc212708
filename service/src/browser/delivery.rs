//! How a client wants its tokens.

use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use http::{HeaderName, request::Parts};

const TOKEN_DELIVERY: HeaderName = HeaderName::from_static("evident-token-delivery");

/// Where tokens are to be put: the header `Evident-Token-Delivery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// `body`, or not said.
    Body,
    /// `cookie`: out of the reach of a page's scripts.
    Cookie,
}

impl<S: Send + Sync> FromRequestParts<S> for Delivery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(&TOKEN_DELIVERY).iter();
        match (values.next().map(|value| value.as_bytes()), values.next()) {
            (None | Some(b"body"), None) => Ok(Delivery::Body),
            (Some(b"cookie"), None) => Ok(Delivery::Cookie),
            (Some(_) | None, Some(_) | None) => {
                Err(Problem::new(Code::MalformedRequest).detail("Evident-Token-Delivery is cookie or body."))
            }
        }
    }
}
