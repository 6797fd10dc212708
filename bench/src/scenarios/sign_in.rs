//! Signing in, right and wrong, against bare Argon2id on all cores: a sign-in should cost its hash and nothing else.

use super::people::{credentials, sign_up};
use crate::{
    Outcome, limits,
    load::{Connection, closed_loop, request},
    process::{self, PASSWORD},
    table::{Figure, Reach, Row},
};
use std::path::Path;

/// Enough to keep every hashing thread busy, few enough that nobody waits out the queue's deadline.
const CALLERS: usize = 16;

pub(crate) async fn run(binary: &Path, seconds: u64) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let evident = process::evident(binary, folder.path(), &[("EVIDENT_RATE_LIMITS", "off")]).await?;
    let mut connection = Connection::open(evident.address).await?;
    let email = "ada@example.com";
    sign_up(&mut connection, email).await?;
    let mut rows = Vec::new();
    for (name, password, expected) in [("right", PASSWORD, 200), ("wrong", "wrong horse battery staple", 401)]
    {
        let limit = limits::argon2::hashes_per_second(seconds)?;
        let attempt = request("POST", "/api/v1/auth/login", &[], Some(&credentials(email, password)));
        let ours = closed_loop(evident.address, vec![attempt], CALLERS, seconds, expected).await?;
        rows.push(Row {
            scenario: format!("sign in, {name} password"),
            ours: Figure::PerSecond(ours.per_second),
            limit: Some(Figure::PerSecond(limit)),
            reach: Reach::AtLeast(0.95),
        });
    }
    Ok(rows)
}
