//! Cold start to the first 200, and the memory of a process that has nothing to do.

use crate::{
    Outcome, process,
    table::{Figure, Reach, Row},
};
use std::{path::Path, time::Duration};

/// Long enough for whatever is released after a start to have been released.
const SETTLED: Duration = Duration::from_secs(5);

pub(crate) async fn run(binary: &Path) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    // The first start makes the keys and the admin; cold start is that of a process that has its data.
    process::evident(binary, folder.path(), &[]).await?.terminate()?;
    let evident = process::evident(binary, folder.path(), &[]).await?;
    tokio::time::sleep(SETTLED).await;
    Ok(vec![
        Row {
            scenario: "cold start to first 200".into(),
            ours: Figure::Took(evident.cold_start),
            limit: None,
            reach: Reach::Within(Duration::from_millis(300)),
        },
        Row {
            scenario: "idle memory".into(),
            ours: Figure::Mebibytes(evident.resident_mebibytes()?),
            limit: None,
            reach: Reach::Mebibytes(40.0),
        },
    ])
}
