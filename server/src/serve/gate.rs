//! Answers from the first moment: while the stores are not open, that they are not; then with the routes.

use axum::{Router, extract::Request, response::IntoResponse};
use service::{
    http::{Frame, frame},
    problem::{Code, Problem},
};
use std::sync::{Arc, OnceLock};
use tower::ServiceExt;

/// A door before routes that are not there yet.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    opened: Arc<OnceLock<Router>>,
    before: Router,
}

impl Gate {
    /// Closed: what `before` does not answer is `unavailable`.
    pub(super) fn closed(before: Router, rules: &Frame) -> Self {
        let before = frame(before.fallback(unavailable), rules);
        Self { opened: Arc::default(), before }
    }

    /// Opens it, once and for good.
    pub(super) fn open(&self, routes: Router, rules: &Frame) {
        self.opened.get_or_init(|| frame(routes, rules));
    }

    /// What is served from the start on.
    pub(super) fn router(&self) -> Router {
        let gate = self.clone();
        Router::new().fallback(async move |request: Request| {
            let routes = gate.opened.get().unwrap_or(&gate.before).clone();
            routes.oneshot(request).await
        })
    }
}

async fn unavailable() -> impl IntoResponse {
    Problem::new(Code::Unavailable)
}
