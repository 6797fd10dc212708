//! One command is one trace, from the client through command-api, the log and NATS to the projector, in real processes; and a
//! collector that fails holds nobody up.

use crate::{
    cluster::Installation,
    servers::Server,
    support::{ADMIN, PASSWORD, once, patiently_sent, sent, too_early},
};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use prost::Message;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

const CLIENT: &str = "00f067aa0ba902b7";
const PATIENCE: Duration = Duration::from_secs(30);

/// OTLP as a collector reads it, by the numbers of opentelemetry-proto's own files.
mod wire {
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct TracesData {
        #[prost(message, repeated, tag = "1")]
        pub(super) resource_spans: Vec<ResourceSpans>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct ResourceSpans {
        #[prost(message, optional, tag = "1")]
        pub(super) resource: Option<Resource>,
        #[prost(message, repeated, tag = "2")]
        pub(super) scope_spans: Vec<ScopeSpans>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Resource {
        #[prost(message, repeated, tag = "1")]
        pub(super) attributes: Vec<KeyValue>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct ScopeSpans {
        #[prost(message, repeated, tag = "2")]
        pub(super) spans: Vec<Span>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Span {
        #[prost(bytes = "vec", tag = "1")]
        pub(super) trace_id: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) span_id: Vec<u8>,
        #[prost(bytes = "vec", tag = "4")]
        pub(super) parent_span_id: Vec<u8>,
        #[prost(string, tag = "5")]
        pub(super) name: String,
        #[prost(int32, tag = "6")]
        pub(super) kind: i32,
        #[prost(fixed64, tag = "7")]
        pub(super) start_time_unix_nano: u64,
        #[prost(fixed64, tag = "8")]
        pub(super) end_time_unix_nano: u64,
        #[prost(message, repeated, tag = "9")]
        pub(super) attributes: Vec<KeyValue>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct KeyValue {
        #[prost(string, tag = "1")]
        pub(super) key: String,
        #[prost(message, optional, tag = "2")]
        pub(super) value: Option<AnyValue>,
    }
    #[derive(Clone, PartialEq, Message)]
    pub(super) struct AnyValue {
        #[prost(string, optional, tag = "1")]
        pub(super) string_value: Option<String>,
        #[prost(int64, optional, tag = "3")]
        pub(super) int_value: Option<i64>,
    }
}

/// A span, and the service that sent it.
#[derive(Debug)]
struct Seen {
    service: String,
    span: wire::Span,
}

/// Takes traces until it is told to fail.
struct Collector {
    url: String,
    fails: Arc<AtomicBool>,
    spans: mpsc::UnboundedReceiver<Seen>,
    seen: Vec<Seen>,
}

impl Collector {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, spans) = mpsc::unbounded_channel();
        let fails = Arc::new(AtomicBool::new(false));
        let failing = Arc::clone(&fails);
        let take = move |body: Bytes| async move {
            if failing.load(Ordering::SeqCst) {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            for of_process in wire::TracesData::decode(body).expect("OTLP").resource_spans {
                let service = text(&of_process.resource.expect("who sends").attributes, "service.name");
                let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.for_each(|span| drop(sender.send(Seen { service: service.clone(), span })));
            }
            StatusCode::OK
        };
        tokio::spawn(async { axum::serve(listener, Router::new().route("/v1/traces", post(take))).await });
        Self { url, fails, spans, seen: Vec::new() }
    }

    /// The one span of this name in a trace.
    async fn span(&mut self, trace: &str, service: &str, name: &str) -> &Seen {
        let wanted = |seen: &Seen| {
            seen.service == service && seen.span.name == name && hex(&seen.span.trace_id) == trace
        };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !self.seen.iter().any(wanted) {
            match tokio::time::timeout_at(deadline, self.spans.recv()).await {
                Ok(seen) => self.seen.push(seen.expect("the collector runs")),
                Err(_) => panic!("no {name} of {service} in the trace, only {:#?}", self.seen),
            }
        }
        let mut found = self.seen.iter().filter(|seen| wanted(seen));
        let first = found.next().expect("it was just found");
        assert!(found.next().is_none(), "{service} did {name} twice");
        first
    }
}

fn text(attributes: &[wire::KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_ref());
    value.and_then(|value| value.string_value.clone()).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs in, each time under another trace while other programs leave no processor to hash the password; gives the trace
/// of the time that it was done.
async fn signed_in_under_one_trace(login: impl Fn(String) -> RequestBuilder) -> String {
    let deadline = Instant::now() + Duration::from_secs(120);
    for number in 0.. {
        let trace = format!("4bf92f3577b34da6a3ce929d{number:08x}");
        let answered = sent(login(format!("00-{trace}-{CLIENT}-01"))).await.expect("an answer");
        if !too_early(&answered.body) || Instant::now() > deadline {
            assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
            return trace;
        }
    }
    unreachable!("somebody counts for two minutes and longer")
}

#[tokio::test]
async fn a_command_is_one_trace_through_every_process_and_a_broken_collector_holds_nobody_up() {
    let (nats, mut collector) = (Server::nats(), Collector::start().await);
    let installation =
        Installation::new([("EVIDENT_NATS_URL", nats.url()), ("EVIDENT_OTLP_URL", &collector.url)]);
    installation.migrate();
    let (mut commands, mut projector) = (installation.command_api(), installation.projector());
    commands.until_ready().await;
    projector.until_ready().await;
    // What the log held before NATS was found is never published.
    let deadline = Instant::now() + PATIENCE;
    while commands.counted("evident_relay_position").await == 0.0 {
        assert!(Instant::now() < deadline, "the log is not relayed: {}", commands.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let login = |traceparent: String| {
        let body = json!({"email": ADMIN, "password": PASSWORD});
        commands.request(Method::POST, "/api/v1/auth/login").json(&body).header("traceparent", traceparent)
    };
    let trace = signed_in_under_one_trace(login).await;

    let request = &collector.span(&trace, "command-api", "POST /api/v1/auth/login").await.span;
    assert_eq!((hex(&request.parent_span_id).as_str(), request.kind), (CLIENT, 2));
    let asked =
        request.attributes.iter().find(|pair| pair.key == "http.response.status_code").expect("a status");
    assert_eq!(asked.value.as_ref().and_then(|value| value.int_value), Some(200));
    let below = request.span_id.clone();
    // Who does what, below which span, as what kind.
    let steps = [
        ("command-api", "hashing", "", 1),
        ("command-api", "wait for a thread", "hashing", 1),
        ("command-api", "hash", "hashing", 1),
        ("command-api", "append", "", 1),
        ("command-api", "wait for the commit", "append", 1),
        ("command-api", "commit", "append", 1),
        ("command-api", "publish", "", 4),
        ("projector", "project", "", 5),
    ];
    for (service, name, parent, kind) in steps {
        let parent = match parent {
            "" => below.clone(),
            parent => collector.span(&trace, service, parent).await.span.span_id.clone(),
        };
        let span = &collector.span(&trace, service, name).await.span;
        assert_eq!((hex(&span.parent_span_id), span.kind), (hex(&parent), kind), "{service} {name}");
        assert!(
            span.start_time_unix_nano > 0 && span.end_time_unix_nano >= span.start_time_unix_nano,
            "{name}"
        );
    }

    let attributes = collector.seen.iter().flat_map(|seen| &seen.span.attributes);
    let keys: BTreeSet<_> = attributes.clone().map(|pair| pair.key.as_str()).collect();
    let known = [
        "batch.size",
        "event.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "records",
        "requests",
    ];
    assert_eq!(keys, BTreeSet::from(known));
    for value in attributes.filter_map(|pair| pair.value.as_ref()?.string_value.as_deref()) {
        assert!(!value.contains('@') && !value.contains(PASSWORD), "{value}");
    }

    collector.fails.store(true, Ordering::SeqCst);
    let untraced = async || patiently_sent(once(login(String::new()))).await.expect("an answer").status;
    assert_eq!(untraced().await, StatusCode::OK);
    let deadline = Instant::now() + PATIENCE;
    while commands.counted("evident_trace_spans_dropped_total").await == 0.0 {
        assert!(Instant::now() < deadline, "nobody counts what is dropped: {}", commands.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(commands.said().matches("the collector takes no traces").count(), 1, "{}", commands.said());
    assert_eq!(untraced().await, StatusCode::OK);
    assert!(commands.terminate().success());
}
