//! The connection: made in the background, and again whenever it is lost.

use crate::bus::BusError;
use async_nats::{
    Client, ConnectOptions, Event, ServerAddr,
    jetstream::{self, context::ContextBuilder},
};
use metrics::{counter, gauge};
use percent_encoding::percent_decode_str;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How long NATS may take over a request. A longer silence is looked into by asking again.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often the server is asked whether it is still there. Two silences end the connection.
const PING_EVERY: Duration = Duration::from_secs(5);

/// A connection to NATS. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Nats {
    pub(super) client: Client,
    pub(super) jetstream: jetstream::Context,
    pub(super) replicas: usize,
    connection: watch::Receiver<Connection>,
}

/// Whether NATS is connected, and the how-manieth time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) up: bool,
    pub(crate) times: u64,
}

impl Nats {
    pub(crate) async fn connect(urls: &str, replicas: usize) -> Result<Self, BusError> {
        let servers = urls.split(',').map(|url| url.trim().parse()).collect::<Result<Vec<ServerAddr>, _>>();
        let servers = servers.map_err(|_| BusError::MalformedUrl)?;
        let (connecting, connection) = watch::channel(Connection::default());
        let watch = Arc::new(Watch { connecting, said: Mutex::default() });
        let mut options = ConnectOptions::new()
            .name("evident")
            .retry_on_initial_connect()
            .connection_timeout(CONNECT_DEADLINE)
            .request_timeout(Some(DEADLINE))
            .ping_interval(PING_EVERY)
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                watch.note(&event);
                std::future::ready(())
            });
        // The client does not look for a user in its URLs.
        if let Some(server) = servers.iter().find(|server| server.has_user_pass()) {
            let (user, password) =
                (server.username().unwrap_or_default(), server.password().unwrap_or_default());
            options = options.user_and_password(decoded(user)?, decoded(password)?);
        }
        let client = options.connect(servers).await.map_err(|_| BusError::MalformedUrl)?;
        let jetstream = ContextBuilder::new().timeout(DEADLINE).ack_timeout(DEADLINE).build(client.clone());
        Ok(Self { client, jetstream, replicas, connection })
    }

    pub(crate) fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }
}

fn decoded(text: &str) -> Result<String, BusError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| BusError::MalformedUrl)?;
    Ok(text.into_owned())
}

fn pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_millis(10).saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE)
}

/// Tells of what befalls the connection, each thing once.
#[derive(Debug)]
struct Watch {
    connecting: watch::Sender<Connection>,
    /// Why it last could not be made.
    said: Mutex<Option<String>>,
}

impl Watch {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected => {
                counter!("evident_bus_connects_total").increment(1);
                gauge!("evident_bus_connected").set(1);
                self.connecting.send_modify(|connection| {
                    *connection = Connection { up: true, times: connection.times + 1 };
                });
                drop(self.swap(None));
                tracing::info!("NATS is connected");
            }
            Event::Disconnected | Event::Closed => {
                gauge!("evident_bus_connected").set(0);
                let lost = self.connecting.send_if_modified(|connection| std::mem::take(&mut connection.up));
                if lost {
                    tracing::warn!("NATS is away; everything goes on from the log until it is back");
                }
            }
            Event::ClientError(error) => {
                let error = error.to_string();
                if self.swap(Some(error.clone())).as_ref() != Some(&error) {
                    tracing::warn!(error, "NATS cannot be connected to");
                }
            }
            Event::SlowConsumer(_) => counter!("evident_bus_slow_total").increment(1),
            Event::ServerError(error) => tracing::warn!(%error, "NATS complains"),
            Event::LameDuckMode | Event::Draining => {}
        }
    }

    fn swap(&self, said: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner), said)
    }
}
