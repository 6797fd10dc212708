//! The pages about the API, as they lie in `docs/`, where the API runs: what a problem's `type` ends in can be looked up
//! there, whatever version it is.

use axum::{Router, routing::get};
use http::{HeaderValue, header::CONTENT_TYPE};

const PAGES: [(&str, &str); 3] = [
    ("/docs/API.md", include_str!("../../../docs/API.md")),
    ("/docs/EXAMPLES.md", include_str!("../../../docs/EXAMPLES.md")),
    ("/docs/PROBLEMS.md", include_str!("../../../docs/PROBLEMS.md")),
];

/// What the document says of itself: where to read on.
pub(super) const DESCRIPTION: &str = "Users, sessions, and an audit of all that happened to them. Read \
    [what all operations share](/docs/API.md), [an example of each](/docs/EXAMPLES.md), and \
    [what each problem means](/docs/PROBLEMS.md).";

/// Markdown, which browsers show only when it is called plain text.
pub(super) fn routes() -> Router {
    PAGES.iter().fold(Router::new(), |router, (path, page)| {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        router.route(path, get(async move || ([(CONTENT_TYPE, text)], *page)))
    })
}
