//! The engines: a closed set, each spoken to in its own language.

#[cfg(feature = "kurrentdb")]
use super::kurrentdb;
use super::{
    LogError, Stored,
    group_commit::{Request, Verdict},
    postgres, sqlite,
};
use events::{LogId, Position, Record, StreamName, Version};
use std::sync::Arc;

/// One engine's readers.
#[derive(Debug, Clone)]
pub(super) enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Readers),
    #[cfg(feature = "kurrentdb")]
    Kurrentdb(kurrentdb::Readers),
}

/// One engine's only writer in this process.
#[derive(Debug)]
pub(super) enum Writer {
    Sqlite(sqlite::Writer),
    Postgres(postgres::Writer),
    #[cfg(feature = "kurrentdb")]
    Kurrentdb(kurrentdb::Writer),
}

/// What lies at a position, as an engine answers it: position, stream, version, and the bytes.
pub(super) type Row = (i64, String, i64, Vec<u8>);

/// The engine found a record under another name than the record's own. No writer of ours puts it there.
#[derive(Debug, thiserror::Error)]
#[error("it lies at {stream}, version {version}, and says that it is another stream's or version's")]
struct Misplaced {
    stream: String,
    version: i64,
}

/// Applies the migrations of the engine that the URL names.
pub(super) async fn migrate(url: &str) -> Result<(), LogError> {
    match scheme(url)? {
        Scheme::Sqlite => sqlite::migrate(url).await,
        Scheme::Postgres => postgres::migrate(url).await,
        #[cfg(feature = "kurrentdb")]
        Scheme::Kurrentdb => kurrentdb::migrate(url).await,
    }
}

/// Opens the engine that the URL names.
pub(super) async fn open(url: &str) -> Result<(LogId, Readers, Writer), LogError> {
    Ok(match scheme(url)? {
        Scheme::Sqlite => {
            let (id, readers, writer) = sqlite::open(url).await?;
            (id, Readers::Sqlite(readers), Writer::Sqlite(writer))
        }
        Scheme::Postgres => {
            let (id, readers, writer) = postgres::open(url).await?;
            (id, Readers::Postgres(readers), Writer::Postgres(writer))
        }
        #[cfg(feature = "kurrentdb")]
        Scheme::Kurrentdb => {
            let (id, readers, writer) = kurrentdb::open(url).await?;
            (id, Readers::Kurrentdb(readers), Writer::Kurrentdb(writer))
        }
    })
}

enum Scheme {
    Sqlite,
    Postgres,
    #[cfg(feature = "kurrentdb")]
    Kurrentdb,
}

fn scheme(url: &str) -> Result<Scheme, LogError> {
    match url.split_once(':').map_or("", |(scheme, _)| scheme) {
        "sqlite" => Ok(Scheme::Sqlite),
        "postgres" | "postgresql" => Ok(Scheme::Postgres),
        #[cfg(feature = "kurrentdb")]
        "esdb" | "esdb+discover" | "kurrentdb" | "kurrentdb+discover" => Ok(Scheme::Kurrentdb),
        #[cfg(not(feature = "kurrentdb"))]
        scheme @ ("esdb" | "esdb+discover" | "kurrentdb" | "kurrentdb+discover") => {
            Err(LogError::EngineLeftOut { scheme: scheme.to_owned(), feature: "kurrentdb" })
        }
        other => Err(LogError::UnknownEngine { scheme: other.to_owned() }),
    }
}

impl Readers {
    /// Whether positions are next by next. KurrentDB's are places in a file that others write to as well: they are
    /// in order, and that is all.
    pub(super) const fn positions_are_dense(&self) -> bool {
        match self {
            Self::Sqlite(_) | Self::Postgres(_) => true,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(_) => false,
        }
    }

    pub(super) async fn stream(&self, stream: &StreamName, after: Version) -> Result<Vec<Row>, LogError> {
        Ok(match self {
            Self::Sqlite(readers) => readers.stream(stream, after).await?,
            Self::Postgres(readers) => readers.stream(stream, after).await?,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.stream(stream, after).await?,
        })
    }

    pub(super) async fn last(&self, stream: &StreamName) -> Result<Option<Row>, LogError> {
        Ok(match self {
            Self::Sqlite(readers) => readers.last(stream).await?,
            Self::Postgres(readers) => readers.last(stream).await?,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.last(stream).await?,
        })
    }

    pub(super) async fn all(&self, after: Position, limit: i64) -> Result<Vec<Row>, LogError> {
        Ok(match self {
            Self::Sqlite(readers) => readers.all(after, limit).await?,
            Self::Postgres(readers) => readers.all(after, limit).await?,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.all(after, limit).await?,
        })
    }

    pub(super) async fn at(&self, positions: &[Position]) -> Result<Vec<Row>, LogError> {
        Ok(match self {
            Self::Sqlite(readers) => readers.at(positions).await?,
            Self::Postgres(readers) => readers.at(positions).await?,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.at(positions).await?,
        })
    }

    pub(super) async fn head(&self) -> Result<Position, LogError> {
        Ok(from_sql(match self {
            Self::Sqlite(readers) => readers.head().await?,
            Self::Postgres(readers) => readers.head().await?,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.head().await?,
        }))
    }

    /// Connections of the pool, and those of them that are idle; none where there is no pool.
    pub(super) fn connections(&self) -> Option<(usize, usize)> {
        match self {
            Self::Sqlite(readers) => Some(readers.connections()),
            Self::Postgres(readers) => Some(readers.connections()),
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(_) => None,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(readers) => readers.close().await,
            Self::Postgres(readers) => readers.close().await,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(readers) => readers.close(),
        }
    }
}

impl Writer {
    /// Commits a batch, each request whole or not at all; one verdict a request. SQL engines commit it in one
    /// transaction; KurrentDB knows none over streams, and says of each request by itself what broke.
    ///
    /// An error means that nothing of the batch was committed, except [`LogError::Unavailable`]: then nobody knows.
    pub(super) async fn append(&mut self, batch: &[Request]) -> Result<Vec<Verdict>, LogError> {
        match self {
            Self::Sqlite(writer) => writer.append(batch).await,
            Self::Postgres(writer) => writer.append(batch).await,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(writer) => Ok(writer.append(batch).await),
        }
    }

    /// Lets go of the engine in good order.
    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(writer) => writer.close().await,
            Self::Postgres(writer) => writer.close().await,
            #[cfg(feature = "kurrentdb")]
            Self::Kurrentdb(writer) => writer.close(),
        }
    }
}

/// A row as a record of this log, which lies where it says that it does.
pub(super) fn stored(log: LogId, (position, stream, version, bytes): Row) -> Result<Stored, LogError> {
    let position = from_sql(position);
    let record = Record::parse(bytes.into())
        .map_err(|source| LogError::Corrupt { position, source: Arc::new(source) })?;
    if record.log != log {
        return Err(LogError::OtherLog { position, expected: log, found: record.log });
    }
    if record.stream.as_str() != stream || to_sql(record.version.0) != version {
        return Err(LogError::Corrupt { position, source: Arc::new(Misplaced { stream, version }) });
    }
    Ok(Stored { position, record })
}

/// The engines count in signed 64 bits. A position beyond them does not exist, so the last one stands for it.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Positions from an engine; all of them hold them positive.
pub(super) fn from_sql(number: i64) -> Position {
    Position(number.unsigned_abs())
}
