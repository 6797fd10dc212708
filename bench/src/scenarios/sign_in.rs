//! Signing in, right and wrong, against bare Argon2id on all cores: a sign-in should cost its hash and nothing else.

use super::people::{MANY, crowd, sign_ins};
use crate::{
    Outcome, limits,
    load::closed_loop,
    process::{self, PASSWORD},
    table::{Figure, Reach, Row},
};
use std::path::Path;

/// Enough to keep every hashing thread busy, few enough that nobody waits out the queue's deadline.
const CALLERS: usize = 16;

pub(crate) async fn run(binary: &Path, seconds: u64) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let evident = process::evident(binary, folder.path(), &[("EVIDENT_RATE_LIMITS", "off")]).await?;
    crowd(evident.address, MANY).await?;
    let mut rows = Vec::new();
    for (name, password, expected) in [("right", PASSWORD, 200), ("wrong", "wrong horse battery staple", 401)]
    {
        let limit = limits::argon2::hashes_per_second(seconds)?;
        let ours = closed_loop(evident.address, sign_ins(MANY, password), CALLERS, seconds, expected).await?;
        rows.push(Row {
            scenario: format!("sign in, {name} password"),
            ours: Figure::PerSecond(ours.per_second),
            limit: Some(Figure::PerSecond(limit)),
            reach: Reach::AtLeast(0.95),
        });
    }
    Ok(rows)
}
