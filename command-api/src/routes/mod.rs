//! HTTP. One verb a file: its body, its handler, its page in the OpenAPI document.

mod auth;
mod roles;
mod users;

use crate::App;
use service::problem::ProblemBody;
use utoipa::IntoResponses;
use utoipa_axum::router::OpenApiRouter;

/// All commands, on their paths below `/api/v1`.
pub(crate) fn router(app: App) -> OpenApiRouter {
    auth::router().merge(users::router()).merge(roles::router()).with_state(app)
}

/// Any command that is not done answers like this.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers to the OpenAPI document; `service::problem` makes them")]
enum Problems {
    /// What went wrong: `code` says it to programs.
    #[response(status = "default", content_type = "application/problem+json")]
    Problem(#[to_schema] ProblemBody),
}
