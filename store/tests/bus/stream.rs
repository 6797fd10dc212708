//! The stream as an administrator sees it, by a connection of its own.

use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context,
        consumer::{AckPolicy, DeliverPolicy, pull},
        stream::{Config, Info},
    },
};
use events::{Position, Record};
use futures_util::{StreamExt, TryStreamExt};
use std::time::Duration;
use store::log::{Log, Stored};

pub(crate) const STREAM: &str = "EVIDENT";

/// A connection beside Evident's, to look, and to do what Evident never would.
pub(crate) struct Admin {
    pub(crate) jetstream: Context,
}

/// What the stream holds, checked to be a chain: each message says that it follows the one before.
#[derive(Debug)]
pub(crate) struct Copy {
    /// The position that the first one follows; none when the stream is empty.
    pub(crate) after: Option<Position>,
    pub(crate) records: Vec<Stored>,
}

impl Admin {
    pub(crate) async fn connect(url: &str) -> Self {
        let client = async_nats::ConnectOptions::new().request_timeout(Some(Duration::from_secs(20)));
        let client = client.connect(url).await.expect("NATS answers");
        Self { jetstream: jetstream::new(client) }
    }

    pub(crate) async fn info(&self) -> Info {
        let stream = self.jetstream.get_stream(STREAM).await.expect("there is a stream");
        stream.cached_info().clone()
    }

    pub(crate) async fn configure(&self, change: impl FnOnce(&mut Config)) {
        let mut config = self.info().await.config;
        change(&mut config);
        self.jetstream.update_stream(config).await.expect("the configuration can be changed");
    }

    pub(crate) async fn delete_stream(&self) {
        self.jetstream.delete_stream(STREAM).await.expect("the stream can be deleted");
    }

    pub(crate) async fn delete_consumers(&self) -> usize {
        let stream = self.jetstream.get_stream(STREAM).await.expect("there is a stream");
        let names: Vec<String> = stream.consumer_names().try_collect().await.expect("consumers are listed");
        for name in &names {
            stream.delete_consumer(name).await.expect("a consumer can be deleted");
        }
        names.len()
    }

    /// Puts a record into the stream behind the relay's back.
    pub(crate) async fn forge(&self, record: &Record, position: u64, after: u64) {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", record.id.to_string());
        headers.insert("Evident-Log", record.log.to_string());
        headers.insert("Evident-Position", position.to_string());
        headers.insert("Evident-After", after.to_string());
        let bytes = record.bytes().clone();
        let sent = self.jetstream.publish_with_headers("evident.forged.forged", headers, bytes).await;
        sent.expect("sent").await.expect("stored");
    }

    /// All that is in the stream.
    pub(crate) async fn copy(&self) -> Copy {
        let stream = self.jetstream.get_stream(STREAM).await.expect("there is a stream");
        let count = usize::try_from(stream.cached_info().state.messages).expect("a length");
        let mut copy = Copy { after: None, records: Vec::with_capacity(count) };
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            ..Default::default()
        };
        let consumer = stream.create_consumer(config).await.expect("a consumer");
        let messages = consumer.batch().max_messages(count.max(1)).expires(Duration::from_secs(20));
        let mut messages = messages.messages().await.expect("messages").take(count);
        while let Some(message) = messages.next().await {
            let message = message.expect("a message");
            let sequence = message.info().expect("a sequence").stream_sequence;
            copy.add(sequence, message.headers.as_ref().expect("headers"), &message.payload);
        }
        assert_eq!(copy.records.len(), count);
        copy
    }
}

impl Copy {
    fn add(&mut self, sequence: u64, headers: &HeaderMap, payload: &bytes::Bytes) {
        let number =
            |name| headers.get(name).expect(name).as_str().parse().map(Position).expect("a position");
        let (position, after) = (number("Evident-Position"), number("Evident-After"));
        let record = Record::parse(payload.clone()).expect("a record");
        assert_eq!(headers.get("Evident-Log").expect("a log").as_str(), record.log.to_string());
        let before = self.records.last().map(|stored| stored.position);
        assert_eq!(
            before.or(self.after).unwrap_or(after),
            after,
            "message {sequence} does not follow the last"
        );
        assert!(after < position, "message {sequence} goes back");
        self.after = self.after.or(Some(after));
        self.records.push(Stored { position, record });
    }

    /// Holds it against the log: from where it begins, it is the same records at the same positions, to the end.
    pub(crate) async fn is_the_tail_of(&self, log: &Log) {
        let mut after = self.after.expect("the stream is not empty");
        let mut copied = self.records.as_slice();
        while let page @ [.., last] = log.read_all(after, 10_000).await.expect("the log answers").as_slice() {
            after = last.position;
            assert!(copied.len() >= page.len(), "the stream ends before {after}");
            let (here, rest) = copied.split_at(page.len());
            for (copied, stored) in here.iter().zip(page) {
                assert_eq!(copied.position, stored.position);
                assert_eq!(copied.record.bytes(), stored.record.bytes());
            }
            copied = rest;
        }
        assert!(copied.is_empty(), "the stream holds more than the log");
    }
}
