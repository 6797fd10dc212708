//! `GET /auth/me` against a bare axum answer, and its tail while sign-ins take all that they can get.

use super::people::{MANY, Person, crowd, sign_ins};
use crate::{
    Outcome,
    load::{Load, closed_loop, request},
    process::{self, PASSWORD, Process},
    table::{Figure, Reach, Row},
};
use std::path::Path;

pub(crate) async fn run(binary: &Path, seconds: u64) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let evident = process::evident(binary, folder.path(), &[("EVIDENT_RATE_LIMITS", "off")]).await?;
    let bare = process::bare_axum()?;
    let people = crowd(evident.address, MANY).await?;
    let mut rows = Vec::new();
    for connections in [64, 1_000] {
        let limit = ask_me(&bare, &people, connections, seconds).await?;
        let ours = ask_me(&evident, &people, connections, seconds).await?;
        rows.push(Row {
            scenario: format!("GET /auth/me, {connections} connections"),
            ours: Figure::PerSecond(ours.per_second),
            limit: Some(Figure::PerSecond(limit.per_second)),
            reach: Reach::AtLeast(0.5),
        });
    }
    rows.push(tail_under_sign_ins(&evident, &people, seconds).await?);
    Ok(rows)
}

async fn ask_me(process: &Process, people: &[Person], connections: usize, seconds: u64) -> Outcome<Load> {
    let requests = people
        .iter()
        .map(|person| request("GET", "/api/v1/auth/me", &[("authorization", &person.authorization)], None))
        .collect();
    closed_loop(process.address, requests, connections, seconds, 200).await
}

/// The p99 of a few readers, alone and beside sixteen callers who do nothing but sign in.
async fn tail_under_sign_ins(evident: &Process, people: &[Person], seconds: u64) -> Outcome<Row> {
    const READERS: usize = 8;
    let mut alone = ask_me(evident, people, READERS, seconds).await?;
    let attempts = sign_ins(MANY, PASSWORD);
    let (mut beside, sign_ins) = tokio::try_join!(
        ask_me(evident, people, READERS, seconds),
        closed_loop(evident.address, attempts, 16, seconds, 200)
    )?;
    Ok(Row {
        scenario: format!("GET /auth/me p99 beside {:.0} sign-ins/s", sign_ins.per_second),
        ours: Figure::Took(beside.sample.percentile(0.99)),
        limit: Some(Figure::Took(alone.sample.percentile(0.99))),
        reach: Reach::AtMost(3.0),
    })
}
