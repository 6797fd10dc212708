//! `GET /health` and `GET /health/ready`

use super::shared::Shared;
use crate::serve::Parts;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use events::Position;
use http::{StatusCode, header::RETRY_AFTER};
use metrics::counter;
use read_models::{ReadModels, ReadModelsError};
use serde::Serialize;
use std::time::Duration;
use store::bus::BusState;
use tokio::time::{Instant, sleep, timeout_at};
use utoipa::ToSchema;

/// How long a whole check may take: the stores to answer, and the read models to come as far as the log is.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the read models are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// That the process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a process that is not well does not answer.
    status: &'static str,
}

/// What can and cannot serve. What a process has nothing to do with is left out.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` when everything below but the bus is `ok`, else `not_ready`; `starting` while the stores are not open.
    status: &'static str,
    /// Whether the log can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Check>,
    /// Whether keys can be read, and, where tokens are verified, one is known to do it with.
    #[serde(skip_serializing_if = "Option::is_none")]
    vault: Option<Check>,
    /// Whether what is in the log now shows in the read models, within two seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_models: Option<Check>,
    /// Whether revocations arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<Check>,
    /// Whether this process still follows the log into the read models, or stands by to.
    #[serde(skip_serializing_if = "Option::is_none")]
    projector: Option<Check>,
    /// Whether NATS carries the log. While it does not, everything goes on from the log itself, so a process is ready
    /// without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bus: Option<Check>,
}

/// One thing that must be well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    /// It is.
    Ok,
    /// It works, but shows the past.
    Behind,
    /// It does not answer, or has stopped.
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

/// Whether this process can do its work, and what it shows is true.
///
/// One check runs at a time, and its answer is given to whoever asks meanwhile and a quarter of a second after: asking
/// often costs the databases nothing.
#[utoipa::path(
    get, path = "/health/ready", tag = "machines", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "It cannot, or would show the past", body = Readiness),
    )
)]
pub(crate) async fn ready(
    State(parts): State<Parts>,
    State(readiness): State<Shared<Readiness>>,
) -> Response {
    let found = readiness.find(async move { check(&parts).await }).await;
    answer(found.unwrap_or(Readiness { status: "not_ready", ..Readiness::default() }))
}

/// Not ready: the stores are not open yet.
#[utoipa::path(get, path = "/health/ready", responses((status = 503, body = Readiness)))]
pub(crate) async fn starting() -> Response {
    answer(Readiness { status: "starting", ..Readiness::default() })
}

fn answer(readiness: Readiness) -> Response {
    if readiness.status == "ready" {
        return Json(readiness).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], Json(readiness)).into_response()
}

async fn check(parts: &Parts) -> Readiness {
    counter!("evident_readiness_checks_total").increment(1);
    let deadline = Instant::now() + PATIENCE;
    let ((log, read_models), vault) =
        tokio::join!(check_log_and_read_models(parts, deadline), check_vault(parts, deadline));
    let feed = parts.queries.as_ref().map(|queries| of(queries.is_current(), Check::Behind));
    let projector = parts.projector.as_ref().map(|running| of(!running.has_stopped(), Check::Unavailable));
    let checks = [Some(log), Some(vault), read_models, feed, projector];
    let well = checks.iter().flatten().all(|check| *check == Check::Ok);
    let status = if well { "ready" } else { "not_ready" };
    let bus = parts.bus.as_ref().map(|bus| of_bus(&bus.state()));
    Readiness { status, log: Some(log), vault: Some(vault), read_models, feed, projector, bus }
}

const fn of(well: bool, otherwise: Check) -> Check {
    if well { Check::Ok } else { otherwise }
}

const fn of_bus(state: &BusState) -> Check {
    of(state.connected && state.trouble.is_none(), Check::Unavailable)
}

async fn check_log_and_read_models(parts: &Parts, deadline: Instant) -> (Check, Option<Check>) {
    let looks = async {
        let models = parts.read_models.as_ref()?;
        Some((models, timeout_at(deadline, models.checkpoint()).await))
    };
    let (head, models) = tokio::join!(timeout_at(deadline, parts.log.head()), looks);
    // A log that does not answer shows nothing that could be missing.
    let (log, head) = match head {
        Ok(Ok(head)) => (Check::Ok, head),
        Ok(Err(_)) | Err(_) => (Check::Unavailable, Position::START),
    };
    let read_models = match models {
        None => None,
        Some((_, Ok(Err(_)) | Err(_))) => Some(Check::Unavailable),
        Some((_, Ok(Ok(seen)))) if seen.position >= head => Some(Check::Ok),
        Some((models, Ok(Ok(_)))) => Some(match timeout_at(deadline, reach(models, head)).await {
            Ok(Ok(())) => Check::Ok,
            Ok(Err(_)) => Check::Unavailable,
            Err(_) => Check::Behind,
        }),
    };
    (log, read_models)
}

/// Ends once the read models show `head`.
async fn reach(read_models: &ReadModels, head: Position) -> Result<(), ReadModelsError> {
    while read_models.checkpoint().await?.position < head {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn check_vault(parts: &Parts, deadline: Instant) -> Check {
    let answered = timeout_at(deadline, parts.vault.public_signing_keys()).await;
    // Who knows no key refuses every token.
    let known = parts.queries.as_ref().is_none_or(query_api::App::knows_keys);
    of(matches!(answered, Ok(Ok(_))) && known, Check::Unavailable)
}
