//! Everything apart and twice: how soon a write is seen elsewhere, what a thousand people feel, what other servers publish
//! of themselves; and how long PostgreSQL's sessions wait for each other's locks during all of it.

mod crowd;
mod locks;
mod shapes;
mod visible;

use crate::{Outcome, fleet::Fleet, limits, machine::Postgres, table::Row};
use std::path::Path;

pub(crate) async fn run(evident: &Path, postgres: &Postgres, seconds: u64) -> Outcome<Vec<Row>> {
    let bare = limits::rows::single_inserts(&postgres.database("single_inserts").await?, seconds).await?;
    let fleet = Fleet::start(evident, postgres).await?;
    let locks = locks::Watch::start(&fleet.database).await?;
    let during = |what: &'static str| move |error| format!("{what}: {error}");
    let mut rows = visible::run(&fleet).await.map_err(during("visible"))?;
    rows.extend(crowd::run(&fleet, seconds).await.map_err(during("a thousand people"))?);
    rows.extend(shapes::run(&fleet, bare, seconds).await.map_err(during("shapes"))?);
    rows.push(locks.stop().await?);
    Ok(rows)
}
