//! KurrentDB: each stream of ours is a stream of its, and a record's position is its event's in `$all`.
//!
//! Our streams are `evident.{stream}`; `evident-log` holds one event, whose id is the log's. A server that holds several
//! logs has another name than `evident` in the URL of each: `…?streamPrefix=name`.
//!
//! `$all` is the server's one file, which holds the server's own events and other people's streams too. So positions
//! grow, but not by one; and only a place where an event begins can be read from. A record of ours lies at one place:
//! its commit and prepare positions are the same, since nothing is written in explicit transactions.
//!
//! Everything is read from the leader: what was acknowledged is there.

mod access;
mod connection;
mod reader;
mod writer;

pub(super) use reader::Readers;
pub(super) use writer::Writer;

use super::LogError;
use connection::{Connection, Failure};
use events::{LogId, Position};
use eventstore::{AppendToStreamOptions, Error, EventData, RecordedEvent, StreamState};
use serde_json::json;
use std::sync::Arc;

/// The type of the only event in the stream that gives the log its name: that event's id.
const MADE: &str = "evident.log.made";

/// The positions that stand for "not told": nothing of ours lies at the first, the second is -1 on the wire.
const UNTOLD: [u64; 2] = [0, u64::MAX];

/// The server does not say where in `$all` a stream's events lie.
#[derive(Debug, thiserror::Error)]
#[error(
    "reads of a stream do not tell positions: the server must be EventStoreDB 22.10 or newer, or KurrentDB"
)]
struct TooOld;

/// An event of ours lies at two places.
#[derive(Debug, thiserror::Error)]
#[error("it is part of an explicit transaction, which Evident never writes")]
struct InTransaction;

/// Gives the log its name, and its readers their right.
pub(super) async fn migrate(url: &str) -> Result<(), LogError> {
    let connection = &Connection::new(url)?;
    if log_id(connection).await?.is_none() {
        name(connection).await?;
    }
    access::let_the_group_read(connection).await
}

/// Gives the log its name. Of several who do so at once one wins, and its name is everybody's.
async fn name(connection: &Connection) -> Result<(), LogError> {
    let made = connection.attempt(Connection::deadline(), |client| async move {
        let options =
            AppendToStreamOptions::default().stream_state(StreamState::NoStream).requires_leader(true);
        let content = json!({ "about": "The id of this event names the log that Evident keeps here." });
        let event =
            EventData::json(MADE, &content).map_err(|e| Error::InternalParsingError(e.to_string()))?;
        client.append_to_stream(connection.name_stream(), &options, event).await
    });
    match made.await {
        Ok(_) | Err(Failure::Said(Error::WrongExpectedVersion { .. })) => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

pub(super) async fn open(url: &str) -> Result<(LogId, Readers, Writer), LogError> {
    let connection = Connection::new(url)?;
    let id = log_id(&connection).await?.ok_or(LogError::NotMigrated)?;
    let readers = Readers::new(connection);
    let writer = Writer::new(readers.clone());
    Ok((id, readers, writer))
}

async fn log_id(connection: &Connection) -> Result<Option<LogId>, LogError> {
    let found = reader::stream(connection, Connection::deadline(), &connection.name_stream(), 0, 1).await?;
    let Some(made) = found.first() else { return Ok(None) };
    place(made)?;
    Ok(Some(LogId(made.id)))
}

/// Where an event lies in `$all`.
fn place(event: &RecordedEvent) -> Result<Position, LogError> {
    let (commit, prepare) = (event.position.commit, event.position.prepare);
    if UNTOLD.contains(&commit) || UNTOLD.contains(&prepare) {
        return Err(LogError::Refused(Arc::new(TooOld)));
    }
    if commit != prepare {
        return Err(LogError::Corrupt { position: Position(commit), source: Arc::new(InTransaction) });
    }
    Ok(Position(commit))
}
