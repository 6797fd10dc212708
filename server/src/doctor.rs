//! `evident doctor`: looks at the configuration and the stores, says what it finds, and what to do about it.

use crate::{
    opening::{self, Openings, Stores},
    report::{self, Failure},
};
use read_models::Shown;
use service::{
    config::{Config, Secret},
    shared::{Unreached, Valkey},
};
use std::process::ExitCode;
use store::bus::BusError;

pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    report::say("configuration: in order");
    let stores = match opening::open(config).await {
        Ok(stores) => stores,
        Err(failure) => {
            report::say(format_args!("stores: failed to {}: {}", failure.doing, failure.cause));
            return Ok(ExitCode::FAILURE);
        }
    };
    let findings = examine(config, &stores).await;
    let healthy = findings.iter().all(|finding| finding.healthy);
    for finding in findings {
        let verdict = if finding.healthy { "in order" } else { "WRONG" };
        report::say(format_args!("{}: {verdict}, {}", finding.part, finding.text));
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is said of a part that is only there to help.
const GOES_ON: &str = "everything goes on without it";

/// One thing that was looked at.
struct Finding {
    part: &'static str,
    healthy: bool,
    text: String,
}

async fn examine(config: &Config, stores: &Stores) -> Vec<Finding> {
    let mut findings =
        vec![log(stores).await, vault(stores).await, read_models(stores).await, parked(stores).await];
    findings.extend(nats(config, stores).await);
    if let Some(url) = &config.redis_url {
        findings.push(valkey(url).await);
    }
    findings
}

/// Nothing when none is configured. One that is away costs some milliseconds; one that carries another log is a fault.
async fn nats(config: &Config, stores: &Stores) -> Option<Finding> {
    let looked = match Openings::at_once(config).bus().await {
        Ok(bus) => bus?.look(stores.log.id()).await.map_err(|error| match error {
            BusError::Unavailable(_) | BusError::NoStream => (true, error.to_string()),
            BusError::MalformedUrl
            | BusError::Moved
            | BusError::OtherLog { .. }
            | BusError::Malformed { .. }
            | BusError::Refused(_) => (false, error.to_string()),
        }),
        Err(failure) => Err((false, failure.cause.to_string())),
    };
    let (healthy, text) = match looked {
        Ok(()) => (true, "the stream EVIDENT carries this log".into()),
        Err((true, why)) => (true, format!("{why}; {GOES_ON}")),
        Err((false, why)) => (false, why),
    };
    Some(Finding { part: "NATS", healthy, text })
}

async fn valkey(url: &Secret) -> Finding {
    let (healthy, text) = match Valkey::look(url.expose()).await {
        Ok(()) => (true, "it counts for all processes".into()),
        Err(error @ Unreached::Away(_)) => (true, format!("{error}; {GOES_ON}")),
        Err(error @ (Unreached::Url(_) | Unreached::Refused(_))) => (false, error.to_string()),
    };
    Finding { part: "Valkey", healthy, text }
}

async fn log(stores: &Stores) -> Finding {
    let (healthy, text) = match stores.log.head().await {
        Ok(head) if stores.log.positions_are_dense() => {
            (true, format!("{head} events in log {}", stores.log.id()))
        }
        Ok(head) => (true, format!("log {} ends at position {head}", stores.log.id())),
        Err(error) => (false, error.to_string()),
    };
    Finding { part: "log", healthy, text }
}

async fn vault(stores: &Stores) -> Finding {
    let (healthy, text) = match stores.vault.erasures_waiting().await {
        // Deleted accounts are among them until their delay has run out, so that there are some is no fault.
        Ok(waiting) => (true, format!("the master key fits, {waiting} people are to be erased")),
        Err(error) => (false, error.to_string()),
    };
    Finding { part: "vault", healthy, text }
}

async fn read_models(stores: &Stores) -> Finding {
    let (healthy, text) = match (stores.read_models.checkpoint().await, stores.log.head().await) {
        (Ok(at), _) if at.log.is_some_and(|log| log != stores.log.id()) => {
            (false, "they were folded from another log; `evident rebuild` folds this one".into())
        }
        (Ok(at), Ok(head)) if at.position > head => (
            false,
            format!(
                "at position {}, ahead of the log's {head}: the log was restored behind them",
                at.position
            ),
        ),
        (Ok(at), Ok(head)) => (true, format!("at position {} of {head}", at.position)),
        (Err(error), _) => (false, error.to_string()),
        (Ok(_), Err(error)) => (false, error.to_string()),
    };
    Finding { part: "read models", healthy, text }
}

async fn parked(stores: &Stores) -> Finding {
    let (healthy, text) = match stores.read_models.parked_count().await {
        Ok(Shown { value: 0, .. }) => (true, "no stream is parked".into()),
        Ok(parked) => (false, format!("{} streams are parked; see `evident parked list`", parked.value)),
        Err(error) => (false, error.to_string()),
    };
    Finding { part: "projection", healthy, text }
}
