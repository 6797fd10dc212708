//! Refreshing over HTTP with everything on PostgreSQL, against bare durable single inserts.

use super::people::{Person, crowd};
use crate::{
    Outcome, limits,
    load::{Connection, request},
    machine::Postgres,
    process,
    table::{Figure, Reach, Row},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const CALLERS: usize = 64;

pub(crate) async fn run(binary: &Path, postgres: &Postgres, seconds: u64) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let url = postgres.database("refresh").await?;
    let stores = [("EVIDENT_LOG_URL", url.as_str()), ("EVIDENT_READ_URL", &url), ("EVIDENT_VAULT_URL", &url)];
    let variables = [&stores[..], &[("EVIDENT_RATE_LIMITS", "off")]].concat();
    let evident = process::evident(binary, folder.path(), &variables).await?;
    let people = crowd(evident.address, CALLERS).await?;
    let limit = limits::rows::single_inserts(&postgres.database("single_inserts").await?, seconds).await?;
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for person in people {
        tasks.spawn(refresh_until(evident.address, person, until));
    }
    let mut refreshed = 0_u32;
    while let Some(done) = tasks.join_next().await {
        refreshed += done??;
    }
    Ok(vec![Row {
        scenario: "refresh, 64 callers, over HTTP, PostgreSQL".into(),
        ours: Figure::PerSecond(f64::from(refreshed) / started.elapsed().as_secs_f64()),
        limit: Some(Figure::PerSecond(limit)),
        reach: Reach::AtLeast(0.25),
    }])
}

/// One front end: each successor is exchanged for the next.
pub(super) async fn refresh_until(address: SocketAddr, person: Person, until: Instant) -> Outcome<u32> {
    let mut connection = Connection::open(address).await?;
    let (mut token, mut refreshed) = (person.refresh_token, 0);
    while Instant::now() < until {
        let body = json!({"refresh_token": token}).to_string();
        let answer =
            connection.ask(&request("POST", "/api/v1/auth/refresh", &[], Some(&body))).await?.json()?;
        token =
            answer["refresh_token"].as_str().ok_or_else(|| format!("refresh answered {answer}"))?.to_owned();
        refreshed += 1;
    }
    Ok(refreshed)
}
