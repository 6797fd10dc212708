//! How things were: folds over the log up to a moment, by the same functions that fill the tables.
//!
//! What was erased since stays erased: the past is shown with the keys of today.

use crate::{app::App, failure::Failure, input::Moment};
use events::{KeyName, Position, StreamName, Timestamp, UserId, Version};
use read_models::{AuditFilter, Projected, UserRow};
use store::{log::Stored, vault::Scope};

/// A person as of a moment, and the position that this reflects; none when there was nobody yet.
pub(crate) async fn user(
    app: &App,
    id: UserId,
    as_of: Moment,
) -> Result<(Position, Option<UserRow>), Failure> {
    // Before the stream: what is appended meanwhile may or may not be seen.
    let head = app.log().head().await?;
    let mut stream = app.log().read_stream(&StreamName::user(id), Version::NONE).await?;
    stream.truncate(length_at(&stream, as_of));
    let keys: Vec<KeyName> = stream.iter().flat_map(|stored| stored.record.keys()).collect();
    let keyring = app.vault().keyring(&keys, Scope::Profiles).await?;
    let opened = stream.into_iter().map(|Stored { position, record }| {
        let fact = record.fact(|context, ciphertext| keyring.open(context, ciphertext));
        Projected { position, record, fact: fact.map_err(|error| error.to_string()) }
    });
    let opened: Vec<Projected> = opened.collect();
    let position = match as_of {
        Moment::Position(position) => position.min(head),
        Moment::Time(_) => head,
    };
    let Some(mut row) = UserRow::fold(id, &opened) else { return Ok((position, None)) };
    let (shown, last_login_at) = last_sign_in(app, id, as_of).await?;
    row.last_login_at = last_login_at;
    Ok((position.min(shown), Some(row)))
}

/// How many records of a stream there were. A clock that ran backwards does not tear a stream apart: everything up
/// to the last record of that time was there.
fn length_at(stream: &[Stored], as_of: Moment) -> usize {
    let there = |stored: &Stored| match as_of {
        Moment::Position(position) => stored.position <= position,
        Moment::Time(time) => stored.record.time <= time,
    };
    stream.iter().rposition(there).map_or(0, |last| last + 1)
}

/// When they had last signed in, and the position that this reflects. Sessions have streams of their own, so the
/// list of events is asked.
async fn last_sign_in(
    app: &App,
    id: UserId,
    as_of: Moment,
) -> Result<(Position, Option<Timestamp>), Failure> {
    let mut filter = AuditFilter {
        user_id: Some(id),
        type_prefix: Some("session.started.".into()),
        ..AuditFilter::default()
    };
    match as_of {
        Moment::Position(position) => filter.before = Some(position.next()),
        // `to` is a moment that does not belong to the span any more.
        Moment::Time(time) => filter.to = Some(Timestamp::from_micros(time.micros().saturating_add(1))),
    }
    let found = app.read_models().audit(&filter, 1).await?;
    Ok((found.position, found.value.first().map(|row| row.recorded_at)))
}
