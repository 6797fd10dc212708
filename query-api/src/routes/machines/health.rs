//! `GET /health` and `GET /health/ready`

use crate::{app::App, asking::OLDEST_FEED};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// How long the stores have to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// That the process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a process that is not well does not answer.
    status: &'static str,
}

/// What can and cannot serve.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` when everything below is `ok`, else `not_ready`.
    status: &'static str,
    /// Whether the log can be read.
    log: Check,
    /// Whether keys can be read.
    vault: Check,
    /// Whether what is in the log now shows in the read models, within two seconds.
    read_models: Check,
    /// Whether revocations arrive.
    feed: Check,
}

/// One thing that must be well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    /// It is.
    Ok,
    /// It works, but shows the past.
    Behind,
    /// It does not answer.
    Unavailable,
}

/// Alive.
#[utoipa::path(
    get, path = "/health", tag = "machines", operation_id = "health", security(()),
    responses((status = 200, description = "The process is alive", body = Health))
)]
pub(crate) async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether queries can be answered, and are true.
#[utoipa::path(
    get, path = "/health/ready", tag = "machines", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "Queries can be answered", body = Readiness),
        (status = 503, description = "They cannot, or would show the past", body = Readiness),
    )
)]
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let ((log, read_models), vault) = tokio::join!(check_log_and_read_models(&app), check_vault(&app));
    let feed = if app.feed().age(app.clock().now()) > OLDEST_FEED { Check::Behind } else { Check::Ok };
    let well = [log, vault, read_models, feed].iter().all(|check| *check == Check::Ok);
    let (code, status) =
        if well { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (code, Json(Readiness { status, log, vault, read_models, feed })).into_response()
}

async fn check_log_and_read_models(app: &App) -> (Check, Check) {
    let Ok(Ok(head)) = timeout(PATIENCE, app.log().head()).await else {
        return (Check::Unavailable, check_read_models_alone(app).await);
    };
    let read_models = match app.waits().shows(head, PATIENCE).await {
        Ok(true) => Check::Ok,
        Ok(false) => Check::Behind,
        Err(_) => Check::Unavailable,
    };
    (Check::Ok, read_models)
}

async fn check_read_models_alone(app: &App) -> Check {
    match timeout(PATIENCE, app.read_models().checkpoint()).await {
        Ok(Ok(_)) => Check::Ok,
        Ok(Err(_)) | Err(_) => Check::Unavailable,
    }
}

async fn check_vault(app: &App) -> Check {
    match timeout(PATIENCE, app.vault().public_signing_keys()).await {
        Ok(Ok(_)) => Check::Ok,
        Ok(Err(_)) | Err(_) => Check::Unavailable,
    }
}
