//! Pages of the history: found in the tables, read from the log, opened by the vault.

use super::{AuditEvent, item::opened};
use crate::{
    app::App,
    failure::Failure,
    respond::{Page, cut},
};
use events::Position;
use read_models::AuditFilter;

/// A page of what a filter lets through, the newest first, and the position that it reflects.
pub(crate) async fn page(
    app: &App,
    mut filter: AuditFilter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<(Position, Page<AuditEvent>), Failure> {
    let list = format!("events {filter:?}");
    let before: Option<Position> = app.open_cursor(&list, cursor)?;
    filter.before = filter.before.into_iter().chain(before).min();
    let (position, mut items) = find(app, &filter, limit + 1).await?;
    let next_cursor = cut(&mut items, limit, |last| app.seal_cursor(&list, &last.position()));
    Ok((position, Page { items, next_cursor }))
}

/// At most `limit` events that a filter lets through, the newest first, and the position that they reflect.
pub(crate) async fn find(
    app: &App,
    filter: &AuditFilter,
    limit: usize,
) -> Result<(Position, Vec<AuditEvent>), Failure> {
    let found = app.read_models().audit(filter, limit).await?;
    let positions: Vec<Position> = found.value.iter().map(|row| row.position).collect();
    let mut records = app.log().read_at(&positions).await?;
    records.reverse();
    Ok((found.position, opened(app, &records).await?))
}
