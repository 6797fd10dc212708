//! The subscription: everything that is published from now on, and the last message before it.
//!
//! It holds no place in the stream. Whatever interrupts it, it begins anew at the last message; what was published
//! meanwhile is a gap, which followers fill from the log. So it does not matter whether the server restarted, or the
//! consumer or the whole stream was deleted.

use super::{
    Nats, STREAM, message,
    stream::{refusal, unavailable},
};
use crate::bus::{BusError, Carried, WINDOW_RECORDS, tail::Feeder};
use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::ConsumerErrorKind,
};
use events::LogId;
use futures_util::StreamExt;
use metrics::counter;
use std::{
    convert::Infallible,
    mem::{Discriminant, discriminant},
    time::Duration,
};
use tokio::time::sleep;

/// How long one request for messages stands, and how often the server says meanwhile that it is still there. Two
/// silences end the subscription.
const STANDS: Duration = Duration::from_secs(10);
const HEARTBEAT: Duration = Duration::from_millis(500);
/// How soon the server forgets a subscriber that went without a word.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// The first and the longest pause before subscribing is tried again.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Nats {
    /// Feeds a tail until nobody wants it.
    pub(crate) async fn feed(&self, log: LogId, feeder: Feeder) {
        tokio::select! {
            () = feeder.unwanted() => {}
            never = self.feed_forever(log, &feeder) => match never {},
        }
    }

    async fn feed_forever(&self, log: LogId, feeder: &Feeder) -> Infallible {
        let mut connection = self.connection();
        let mut pause = PAUSE;
        let mut told = Told::Nothing;
        loop {
            let up = connection.wait_for(|connection| connection.up).await;
            let times = up.map(|connection| connection.times).unwrap_or_default();
            let Err(ended) = tokio::select! {
                ended = self.subscribe(log, feeder, &mut pause, &mut told) => ended,
                _ = connection.wait_for(|now| !now.up || now.times != times) => {
                    Err(BusError::Unavailable("the connection was lost".to_owned()))
                }
            };
            feeder.live(false);
            told.trouble(&ended);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn subscribe(
        &self,
        log: LogId,
        feeder: &Feeder,
        pause: &mut Duration,
        told: &mut Told,
    ) -> Result<Infallible, BusError> {
        let config = pull::Config {
            description: Some("follows an Evident log".to_owned()),
            deliver_policy: DeliverPolicy::Last,
            ack_policy: AckPolicy::None,
            memory_storage: true,
            inactive_threshold: FORGOTTEN,
            ..Default::default()
        };
        let consumer = self.jetstream.create_consumer_on_stream(config, STREAM).await.map_err(|error| {
            match error.kind() {
                ConsumerErrorKind::JetStream(refused) => refusal(refused.error_code(), refused),
                ConsumerErrorKind::TimedOut
                | ConsumerErrorKind::Request
                | ConsumerErrorKind::InvalidConsumerType
                | ConsumerErrorKind::InvalidName
                | ConsumerErrorKind::Other => unavailable(&error),
            }
        })?;
        let requests =
            consumer.stream().max_messages_per_batch(WINDOW_RECORDS).expires(STANDS).heartbeat(HEARTBEAT);
        let messages = requests.messages().await.map_err(|error| unavailable(&error))?;
        let carried = messages.map(|message| match message {
            Ok(message) => message::carried(log, &message),
            Err(error) => Err(unavailable(&error)),
        });
        // What has arrived together is taken in together, so that followers wake once for it.
        let mut chunks = carried.ready_chunks(WINDOW_RECORDS);
        feeder.live(true);
        while let Some(chunk) = chunks.next().await {
            let count = chunk.len();
            let received = chunk.into_iter().collect::<Result<Vec<Carried>, _>>();
            counter!("evident_bus_received_total").increment(count as u64);
            if feeder.take(received?) {
                counter!("evident_bus_gaps_total").increment(1);
            }
            *pause = PAUSE;
            told.all_is_well();
        }
        Err(BusError::Unavailable("the subscription ended".to_owned()))
    }
}

/// What the log's lines said last, so that they tell of changes only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    AllIsWell,
    Trouble(Discriminant<BusError>),
}

impl Told {
    fn all_is_well(&mut self) {
        if std::mem::replace(self, Self::AllIsWell) != Self::AllIsWell {
            tracing::info!("events come over NATS");
        }
    }

    fn trouble(&mut self, ended: &BusError) {
        let trouble = Self::Trouble(discriminant(ended));
        if std::mem::replace(self, trouble) != trouble {
            tracing::warn!(error = %ended, "events do not come over NATS for the moment; the log has them");
        }
    }
}
