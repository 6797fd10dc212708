//! The stream that we make: what it keeps, whose it is, and where it ends.

use super::{Nats, STREAM, SUBJECTS, message};
use crate::bus::{BusError, Last};
use async_nats::jetstream::{
    ErrorCode,
    context::{CreateStreamErrorKind, GetStreamErrorKind},
    stream::{
        Config, DiscardPolicy, Info, LastRawMessageErrorKind, RetentionPolicy, State, StorageType, Stream,
    },
};
use events::{LogId, Position};
use std::{error::Error, fmt::Display, ops::RangeInclusive, time::Duration};

/// How much of the log's tail is kept: whatever ends first. Who is further behind reads from the log.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_BYTES: i64 = 1024 * 1024 * 1024;

/// What the stream's description begins with; the log's id follows.
const DESCRIPTION: &str = "Carries the tail of Evident log ";

impl Nats {
    /// Where the stream ends, made or mended first if need be.
    pub(crate) async fn last(&self, log: LogId) -> Result<Last, BusError> {
        let stream = self.stream(log).await?;
        let State { last_sequence: sequence, first_sequence: first, messages, .. } =
            stream.cached_info().state;
        // Asked of the stream's leader: a replica may not know of the last one yet.
        match stream.get_last_raw_message_by_subject(SUBJECTS).await {
            Ok(last) => {
                let position = message::position(log, last.sequence, &last.headers)?;
                Ok(Last { sequence: sequence.max(last.sequence), position: Some(position) })
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound && messages == 0 => {
                Ok(Last { sequence, position: None })
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                let position = before_the_hole(&stream, log, first..=sequence).await?;
                Ok(Last { sequence, position })
            }
            Err(error) => Err(match error.kind() {
                LastRawMessageErrorKind::JetStream(refused) => refusal(refused.error_code(), refused),
                LastRawMessageErrorKind::NoMessageFound
                | LastRawMessageErrorKind::InvalidSubject
                | LastRawMessageErrorKind::Other => unavailable(&error),
            }),
        }
    }

    async fn stream(&self, log: LogId) -> Result<Stream<Info>, BusError> {
        let stream = match self.found(log).await {
            Err(BusError::NoStream) => return self.make(log).await,
            found => found?,
        };
        let config = &stream.cached_info().config;
        let wanted = self.configured(config.clone(), log);
        if wanted != *config {
            // It carries all the same, so what cannot be mended is said and lived with.
            match self.jetstream.update_stream(wanted).await {
                Ok(_) => tracing::info!("the stream EVIDENT in NATS is configured anew"),
                Err(error) => {
                    tracing::warn!(%error, "the stream EVIDENT in NATS cannot be configured as it should be")
                }
            }
        }
        Ok(stream)
    }

    /// The stream as it is, if it is this log's.
    pub(crate) async fn found(&self, log: LogId) -> Result<Stream<Info>, BusError> {
        let stream = self.jetstream.get_stream(STREAM).await.map_err(|error| match error.kind() {
            GetStreamErrorKind::JetStream(refused) => refusal(refused.error_code(), refused),
            GetStreamErrorKind::Request
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::InvalidStreamName => unavailable(&error),
        })?;
        match owner(&stream.cached_info().config).filter(|found| *found != log) {
            Some(found) => Err(BusError::OtherLog { expected: log, found }),
            None => Ok(stream),
        }
    }

    async fn make(&self, log: LogId) -> Result<Stream<Info>, BusError> {
        let made = self.jetstream.create_stream(self.configured(Config::default(), log)).await;
        match made {
            Ok(stream) => {
                tracing::info!("the stream EVIDENT in NATS is made");
                Ok(stream)
            }
            Err(error) => Err(match error.kind() {
                CreateStreamErrorKind::JetStream(refused)
                    if refused.error_code() == ErrorCode::STREAM_NAME_EXIST =>
                {
                    BusError::Moved
                }
                CreateStreamErrorKind::JetStream(refused) => refusal(refused.error_code(), refused),
                CreateStreamErrorKind::EmptyStreamName
                | CreateStreamErrorKind::InvalidStreamName
                | CreateStreamErrorKind::DomainAndExternalSet
                | CreateStreamErrorKind::TimedOut
                | CreateStreamErrorKind::JetStreamUnavailable
                | CreateStreamErrorKind::ResponseParse
                | CreateStreamErrorKind::NotFound
                | CreateStreamErrorKind::Response => unavailable(&error),
            }),
        }
    }

    /// This configuration with all that matters to us as we want it, and the rest as an operator wants it.
    fn configured(&self, found: Config, log: LogId) -> Config {
        Config {
            name: STREAM.to_owned(),
            description: Some(format!("{DESCRIPTION}{log}")),
            subjects: vec![SUBJECTS.to_owned()],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            num_replicas: self.replicas,
            max_age: MAX_AGE,
            max_bytes: MAX_BYTES,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            max_consumers: -1,
            no_ack: false,
            deny_delete: true,
            deny_purge: true,
            allow_direct: true,
            allow_atomic_publish: self.knows_batches(),
            ..found
        }
    }

    /// Whether this server publishes many messages as one.
    pub(super) fn knows_batches(&self) -> bool {
        self.client.is_server_compatible(2, 12, 0)
    }
}

/// The position of the last message that is still there. NATS 2.9 says that there is none when somebody deleted the
/// very last ones, so it is asked for one after the other.
async fn before_the_hole(
    stream: &Stream<Info>,
    log: LogId,
    sequences: RangeInclusive<u64>,
) -> Result<Option<Position>, BusError> {
    for sequence in sequences.rev() {
        match stream.get_raw_message(sequence).await {
            Ok(found) => return message::position(log, sequence, &found.headers).map(Some),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {}
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Ok(None)
}

/// Whose log the stream was made for.
fn owner(config: &Config) -> Option<LogId> {
    config.description.as_ref()?.strip_prefix(DESCRIPTION)?.parse().ok()
}

pub(super) fn refusal(code: ErrorCode, refused: impl Display) -> BusError {
    match code {
        ErrorCode::STREAM_NOT_FOUND => BusError::NoStream,
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE => BusError::Moved,
        _ => BusError::Refused(refused.to_string()),
    }
}

/// The client says little of why, and its sources say more.
pub(super) fn unavailable(error: &(dyn Error + 'static)) -> BusError {
    let mut text = error.to_string();
    let mut deeper = error.source();
    while let Some(cause) = deeper {
        text = format!("{text}: {cause}");
        deeper = cause.source();
    }
    BusError::Unavailable(text)
}
