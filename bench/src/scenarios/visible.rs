//! From the answer of a command to the answer of a query that shows it, embedded.

use super::people::{Person, sign_up};
use crate::{
    Outcome,
    load::{Connection, request},
    process,
    sample::Sample,
    table::{Figure, Reach, Row},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const COMMANDS: usize = 500;

pub(crate) async fn run(binary: &Path) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let evident = process::evident(binary, folder.path(), &[("EVIDENT_RATE_LIMITS", "off")]).await?;
    let mut connection = Connection::open(evident.address).await?;
    let mut elsewhere = Connection::open(evident.address).await?;
    let person = sign_up(&mut connection, "ada@example.com").await?;
    let mut sample = Sample::default();
    for number in 0..COMMANDS {
        sample.add(once(&mut connection, &mut elsewhere, &person, number).await?);
    }
    Ok(rows("embedded", &mut sample, (3, 20)))
}

/// Two rows: half of all, and nearly all, each within so many milliseconds.
pub(super) fn rows(how: &str, sample: &mut Sample, (half_ms, most_ms): (u64, u64)) -> Vec<Row> {
    let row = |name: &str, share, most| Row {
        scenario: format!("from a command's answer to visible, {how}, {name}"),
        ours: Figure::Took(share),
        limit: None,
        reach: Reach::Within(Duration::from_millis(most)),
    };
    vec![row("p50", sample.percentile(0.5), half_ms), row("p99", sample.percentile(0.99), most_ms)]
}

/// Changes a name at one place and looks for it at another; how long after the change was answered it was seen.
pub(super) async fn once(
    commands: &mut Connection,
    queries: &mut Connection,
    person: &Person,
    number: usize,
) -> Outcome<Duration> {
    let (id, authorization) = (&person.id, person.authorization.as_str());
    let path = format!("/api/v1/users/{id}");
    let name = format!("Ada {number}");
    let body = serde_json::json!({"display_name": name}).to_string();
    let change = request("PATCH", &path, &[("authorization", authorization)], Some(&body));
    let changed = commands.ask(&change).await?;
    let position = changed.header("evident-position").ok_or("a command without a position")?.to_owned();
    let headers = [("authorization", authorization), ("evident-min-position", position.as_str())];
    let look = request("GET", &path, &headers, None);
    let answered = Instant::now();
    let shown = queries.ask(&look).await?;
    let took = answered.elapsed();
    match shown.json()?["display_name"].as_str() == Some(name.as_str()) {
        true => Ok(took),
        false => Err(format!("answered {} and did not show the change", shown.status).into()),
    }
}
