//! The client of KurrentDB: made again when it is dead, asked again when that can help, and what its errors mean.
//!
//! The client gives up for ever when its first connection fails, and clings to a cluster's node that has died. So it
//! is thrown away whenever its server seems to be gone. It also leaves `TCP_NODELAY` unset, which makes one append
//! after another slow; many at a time are not.

use super::super::LogError;
use eventstore::{Client, ClientSettings, Error};
use metrics::counter;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How long anything may take, all attempts together.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long to wait before the second attempt; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// How often to try, so that a connection which was merely lost fails nobody.
const ATTEMPTS: u32 = 4;
/// How long the client waits before it connects, even the first time; half a second by default.
const DISCOVERY_INTERVAL: &str = "discoveryInterval=50";
/// The one parameter of the URL that is ours and not the client's.
const STREAM_PREFIX: &str = "streamPrefix=";
const DEFAULT_PREFIX: &str = "evident";

/// gRPC's codes for what may succeed later: cancelled, resource exhausted, aborted (which is a commit's time-out).
const PASSING: [i32; 3] = [1, 8, 10];
/// What servers say of a position where no event begins: since 24.2, and before.
const INVALID_POSITION: [&str; 2] = ["invalid position", "ReadAllResult"];

/// One way to one server or cluster. Clones share it.
#[derive(Clone)]
pub(super) struct Connection(Arc<Shared>);

struct Shared {
    /// How the names of our streams begin, in a server that may hold others.
    prefix: String,
    settings: ClientSettings,
    slot: Mutex<Slot>,
}

/// The client, and how many there were before it.
#[derive(Default)]
struct Slot {
    generation: u64,
    client: Option<Client>,
    closed: bool,
}

/// Why an attempt was the last one.
pub(super) enum Failure {
    /// The log's handle was closed.
    Closed,
    /// What the client said.
    Said(Error),
}

/// A URL that the client does not understand. It may hold a password, so it is not repeated.
#[derive(Debug, thiserror::Error)]
#[error("the log's URL is not a connection string of KurrentDB")]
struct NotAConnectionString;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no client of KurrentDB can be made: {0}")]
struct NoClient(String);

impl Connection {
    /// Nothing is connected before the first attempt.
    pub(super) fn new(url: &str) -> Result<Self, LogError> {
        let (server, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (ours, others): (Vec<&str>, Vec<&str>) =
            parameters.split('&').partition(|parameter| parameter.starts_with(STREAM_PREFIX));
        let prefix = ours.first().map_or(DEFAULT_PREFIX, |ours| &ours[STREAM_PREFIX.len()..]);
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let named = !prefix.is_empty() && prefix.chars().all(plain);
        // The client takes the last one of a parameter that is there twice, and that one is the operator's.
        let settings =
            format!("{server}?{DISCOVERY_INTERVAL}&{}", others.join("&")).parse::<ClientSettings>();
        let (true, Ok(settings)) = (named, settings) else {
            return Err(LogError::Refused(Arc::new(NotAConnectionString)));
        };
        Ok(Self(Arc::new(Shared { prefix: prefix.to_owned(), settings, slot: Mutex::default() })))
    }

    /// How the names of our streams begin.
    pub(super) fn prefix(&self) -> String {
        self.stream("")
    }

    /// Where a stream of ours lies.
    pub(super) fn stream(&self, stream: &str) -> String {
        format!("{}.{stream}", self.0.prefix)
    }

    /// The stream that names the log, which is not among them.
    pub(super) fn name_stream(&self) -> String {
        format!("{}-log", self.0.prefix)
    }

    /// The end of our patience with something that begins now.
    pub(super) fn deadline() -> Instant {
        Instant::now() + PATIENCE
    }

    /// Does something, and again over a new client for as long as the server seems to be away, a few times.
    ///
    /// What is done MUST be harmless when it is done twice: an answer that was lost says nothing.
    pub(super) async fn attempt<T, F>(&self, until: Instant, act: impl Fn(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let (generation, client) = self.client()?;
            let Ok(answered) = timeout_at(until, act(client)).await else {
                self.discard(generation);
                return Err(Failure::Said(Error::DeadlineExceeded));
            };
            let Err(error) = answered else { return answered.map_err(Failure::Said) };
            // The client goes to the leader by itself.
            let moves = matches!(error, Error::NotLeaderException(_));
            if !moves && !is_away(&error) {
                return Err(Failure::Said(error));
            }
            if !moves {
                self.discard(generation);
            }
            if attempt == ATTEMPTS || Instant::now() + pause > until {
                return Err(Failure::Said(error));
            }
            counter!("evident_retries_total", "of" => "kurrentdb").increment(1);
            sleep(pause).await;
            pause *= 2;
        }
        Err(Failure::Closed)
    }

    /// Lets go of the server; nothing is attempted any more.
    pub(super) fn close(&self) {
        *self.slot() = Slot { closed: true, ..Slot::default() };
    }

    fn client(&self) -> Result<(u64, Client), Failure> {
        let mut slot = self.slot();
        if slot.closed {
            return Err(Failure::Closed);
        }
        let client = match slot.client.clone() {
            Some(client) => client,
            None => Client::new(self.0.settings.clone())
                .map_err(|error| Failure::Said(Error::InitializationError(error.to_string())))?,
        };
        slot.client = Some(client.clone());
        Ok((slot.generation, client))
    }

    /// Many may find out at once that a client is dead: the first one throws it away.
    fn discard(&self, dead: u64) {
        let mut slot = self.slot();
        if slot.generation == dead {
            slot.generation += 1;
            slot.client = None;
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connection {
    /// The settings hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Failure {
    /// Whether a read began where no event begins.
    pub(super) fn is_invalid_position(&self) -> bool {
        matches!(self, Self::Said(error) if is_invalid_position(error))
    }
}

fn is_invalid_position(error: &Error) -> bool {
    matches!(error, Error::ServerError(text) | Error::Grpc { message: text, .. }
        if INVALID_POSITION.iter().any(|said| text.contains(said)))
}

/// Whether the server is gone, restarting or overwhelmed, so that trying again may succeed.
fn is_away(error: &Error) -> bool {
    let gone = matches!(
        error,
        Error::ServerError(_)
            | Error::ConnectionClosed
            | Error::GrpcConnectionError(_)
            | Error::DeadlineExceeded
    );
    let passing = matches!(error, Error::Grpc { code, .. } if PASSING.contains(&i32::from(*code)));
    (gone || passing) && !is_invalid_position(error)
}

impl From<Failure> for LogError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Closed => Self::Closed,
            Failure::Said(Error::InitializationError(text)) => Self::Refused(Arc::new(NoClient(text))),
            Failure::Said(error @ Error::NotLeaderException(_)) => Self::Unavailable(Arc::new(error)),
            Failure::Said(error) if is_away(&error) => Self::Unavailable(Arc::new(error)),
            Failure::Said(error) => Self::Refused(Arc::new(error)),
        }
    }
}
