//! The shapes that Zitadel publishes figures of, at 64 callers, against one bare durable append a command.
//!
//! `add_session` there makes a session without a password. Nothing here does, so the command that writes a session's
//! event without a password stands in for it: the refresh. `manipulate_user` creates, updates, locks and deletes.

use crate::{
    Outcome,
    fleet::Fleet,
    load::{Connection, request},
    process::ADMIN,
    scenarios::{
        people::{Person, sign_in, sign_up},
        refresh::refresh_until,
    },
    table::{Figure, Reach, Row},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const CALLERS: usize = 64;

pub(super) async fn run(fleet: &Fleet, bare: f64, seconds: u64) -> Outcome<Vec<Row>> {
    let mut people = Vec::with_capacity(CALLERS);
    for number in 0..CALLERS {
        let mut connection = Connection::open(fleet.commands(number)).await?;
        people.push(sign_up(&mut connection, &format!("shape-{number}@example.com")).await?);
    }
    let admin = sign_in(&mut Connection::open(fleet.commands(0)).await?, ADMIN).await?.authorization;
    let sessions = per_second(seconds, |number, until| {
        let person = Person {
            id: people[number].id.clone(),
            authorization: people[number].authorization.clone(),
            refresh_token: people[number].refresh_token.clone(),
        };
        refresh_until(fleet.commands(number), person, until)
    });
    let sessions = sessions.await?;
    let users = per_second(seconds, |number, until| {
        manipulate_until(fleet.commands(number), number, admin.clone(), until)
    });
    let users = users.await?;
    let row = |name: &str, ours| Row {
        scenario: format!("{name}, {CALLERS} callers, commands, against bare single appends"),
        ours: Figure::PerSecond(ours),
        limit: Some(Figure::PerSecond(bare)),
        reach: Reach::AtLeast(0.5),
    };
    Ok(vec![row("add_session (by refresh)", sessions), row("manipulate_user", users)])
}

async fn per_second<F>(seconds: u64, caller: impl Fn(usize, Instant) -> F) -> Outcome<f64>
where
    F: Future<Output = Outcome<u32>> + Send + 'static,
{
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for number in 0..CALLERS {
        tasks.spawn(caller(number, until));
    }
    let mut done = 0;
    while let Some(count) = tasks.join_next().await {
        done += count??;
    }
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}

/// One admin's script: creates somebody, renames, suspends and deletes them, and begins again.
async fn manipulate_until(address: SocketAddr, number: usize, admin: String, until: Instant) -> Outcome<u32> {
    let mut connection = Connection::open(address).await?;
    let (headers, mut done) = ([("authorization", admin.as_str())], 0);
    while Instant::now() < until {
        let body = json!({"email": format!("made-{number}-{done}@example.com")}).to_string();
        let made = connection.ask(&request("POST", "/api/v1/users", &headers, Some(&body))).await?;
        let made = made.json()?;
        let id = made["id"].as_str().ok_or_else(|| format!("no user was made: {made}"))?;
        let path = format!("/api/v1/users/{id}");
        let suspension = format!("{path}/suspension");
        let steps = [
            ("PATCH", path.as_str(), Some(r#"{"display_name": "Somebody else"}"#), 200),
            ("PUT", &suspension, Some(r#"{"reason": "a benchmark"}"#), 204),
            ("DELETE", &path, None, 202),
        ];
        for (method, path, body, expected) in steps {
            let answer = connection.ask(&request(method, path, &headers, body)).await?;
            if answer.status != expected {
                return Err(format!("{method} answered {}", answer.status).into());
            }
        }
        done += 4;
    }
    Ok(done)
}
