//! The wire: OTLP over HTTP (opentelemetry-proto 1.x), the few messages that a process which sends spans needs. Fields
//! that are not here are never set.

use super::trace::{Finished, Kind, Value};
use prost::Message;

/// Who sends.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) service: &'static str,
    /// Tells its runs, and processes of one name, apart.
    pub(super) instance: [u8; 8],
}

/// `ExportTraceServiceRequest`, whose one field is that of `TracesData`.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

/// `InstrumentationScope`.
#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Truth(bool),
    #[prost(int64, tag = "3")]
    Whole(i64),
    #[prost(double, tag = "4")]
    Number(f64),
}

/// `STATUS_CODE_ERROR`.
const FAILED: i32 = 2;

/// One message of these spans.
pub(super) fn message(process: &Process, spans: &[Finished]) -> Vec<u8> {
    let instance = format!("{:016x}", u64::from_be_bytes(process.instance));
    let about = [
        ("service.namespace", "evident"),
        ("service.name", process.service),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", &instance),
    ];
    let attributes = about.map(|(key, value)| pair(key, &Value::Text(value.to_owned()))).to_vec();
    let scope = Scope { name: "evident".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: spans.iter().map(span).collect() }];
    let resource_spans = vec![ResourceSpans { resource: Some(Resource { attributes }), scope_spans }];
    Request { resource_spans }.encode_to_vec()
}

fn span(finished: &Finished) -> Span {
    let Finished { place, parent, about, started_nanos, ended_nanos } = finished;
    Span {
        trace_id: place.trace.to_vec(),
        span_id: place.span.to_vec(),
        parent_span_id: parent.map(|parent| parent.to_vec()).unwrap_or_default(),
        name: about.name.clone(),
        kind: match about.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Producer => 4,
            Kind::Consumer => 5,
        },
        start_time_unix_nano: *started_nanos,
        end_time_unix_nano: *ended_nanos,
        attributes: about.attributes.iter().map(|(key, value)| pair(key, value)).collect(),
        status: about.failed.then_some(Status { code: FAILED }),
    }
}

fn pair(key: &str, value: &Value) -> KeyValue {
    let value = match value {
        Value::Text(text) => Any::Text(text.clone()),
        Value::Truth(truth) => Any::Truth(*truth),
        Value::Whole(whole) => Any::Whole(*whole),
        Value::Number(number) => Any::Number(*number),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}
