//! The bus's handle.

use super::{
    BusError, Carried,
    nats::{Connection, Nats},
    tail::{self, Tail},
};
use events::{LogId, Position};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// How long somebody who only looks waits for a connection.
const LOOKING: Duration = Duration::from_secs(3);

/// A connection to NATS that mends itself for as long as it is held. Clones share it.
#[derive(Debug, Clone)]
pub struct Bus {
    nats: Nats,
    relaying: Arc<watch::Sender<Relaying>>,
}

/// How the bus is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusState {
    /// Whether NATS is connected at this moment.
    pub connected: bool,
    /// Up to where this process's relay knows the log to be in the stream; none before it first looked, or without one.
    pub relayed: Option<Position>,
    /// Why this process's relay cannot go on; none while it can.
    pub trouble: Option<String>,
}

/// What the relay of this process tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Relaying {
    pub(crate) relayed: Option<Position>,
    pub(crate) trouble: Option<String>,
}

/// The end of the stream: what must be expected of it to go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Last {
    /// The sequence that the stream gave last, whether or not its message is still there.
    pub(crate) sequence: u64,
    /// The position of the last message; none when the stream is empty.
    pub(crate) position: Option<Position>,
}

impl Bus {
    /// Connects to NATS: one server or several with commas between them, `nats://` or `tls://`, with user and password
    /// when they are needed. The stream, which the relay makes, is kept by so many servers.
    ///
    /// Waits for nobody: what is not there yet is tried again in the background, without end. Fails only when the URL
    /// is malformed.
    pub async fn connect(url: &str, replicas: usize) -> Result<Self, BusError> {
        let nats = Nats::connect(url, replicas).await?;
        Ok(Self { nats, relaying: Arc::default() })
    }

    /// How it is now.
    #[must_use]
    pub fn state(&self) -> BusState {
        let Relaying { relayed, trouble } = self.relaying.borrow().clone();
        BusState { connected: self.connection().borrow().up, relayed, trouble }
    }

    /// Whether the stream is there and carries this log. Changes nothing, and waits for a few seconds at most: for whoever
    /// wants to know, and does not follow.
    pub async fn look(&self, log: LogId) -> Result<(), BusError> {
        let mut connection = self.connection();
        let connected = timeout(LOOKING, connection.wait_for(|connection| connection.up)).await;
        if !matches!(connected, Ok(Ok(_))) {
            return Err(BusError::Unavailable("it cannot be connected to".to_owned()));
        }
        self.nats.found(log).await.map(drop)
    }

    /// The tail of this log as the bus brings it, until every clone of it is dropped.
    pub(crate) fn tail(&self, log: LogId) -> Tail {
        let (feeder, tail) = tail::new();
        let nats = self.nats.clone();
        tokio::spawn(async move { nats.feed(log, feeder).await });
        tail
    }

    /// Sees when the connection comes and goes.
    pub(crate) fn connection(&self) -> watch::Receiver<Connection> {
        self.nats.connection()
    }

    /// Makes the stream when there is none, mends its configuration, and looks at its end.
    pub(crate) async fn last(&self, log: LogId) -> Result<Last, BusError> {
        self.nats.last(log).await
    }

    /// Adds records that follow each other to a stream that ends at `last`: all of them, or it is an error and some
    /// may be there. They MUST be the ones that follow `last`.
    pub(crate) async fn publish(&self, last: Last, records: &[Carried]) -> Result<Last, BusError> {
        self.nats.publish(last, records).await
    }

    pub(crate) fn tell(&self, tell: impl FnOnce(&mut Relaying)) {
        self.relaying.send_modify(tell);
    }
}
