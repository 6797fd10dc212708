//! Records tell which trace they came of: whoever carries or follows them goes on with it. Who records spans, and whether
//! anybody does, is not known here (`service/telemetry`).

use events::Record;
use tracing::{Level, Span, info_span};

/// A span for each of these records that came of a traced request, open until it is dropped. `name` says what is done with
/// them, `kind` whether they leave (`producer`) or arrive (`consumer`).
pub fn spans<'a>(
    name: &'static str,
    kind: &'static str,
    records: impl ExactSizeIterator<Item = &'a Record>,
) -> Vec<Span> {
    if !tracing::span_enabled!(target: "trace", Level::INFO) {
        return Vec::new();
    }
    let batch_size = records.len() as u64;
    let traced = records.filter_map(|record| Some((record, record.context.traceparent.as_deref()?)));
    let begin = |(record, traceparent): (&Record, &str)| {
        info_span!(
            target: "trace",
            "record",
            name,
            kind,
            traceparent,
            event.type = record.event_type,
            batch.size = batch_size,
        )
    };
    traced.map(begin).collect()
}
