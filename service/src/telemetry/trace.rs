//! Spans: what is recorded of one request on its way through command, log, bus and projection, and in which trace.
//!
//! Whoever wants to be seen opens a `tracing` span whose target is `trace`; nobody else in the workspace knows more than
//! that. Four of its fields are about the span itself: `name`, `kind` (`server`, `producer`, `consumer`), `failed`, and
//! `traceparent`, for a span whose parent is elsewhere: in the client, or in a record. All others are its attributes.

use super::outbox::Outbox;
use crate::clock::{Clock, Entropy};
use std::fmt;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

/// The target of every span that is part of a trace.
pub(super) const TARGET: &str = "trace";
/// The longest text of an attribute, in characters: routes and names are shorter.
const MAX_TEXT: usize = 200;

/// Where a span stands: which trace, and which of its spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
}

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) place: Place,
    pub(super) parent: Option<[u8; 8]>,
    pub(super) about: About,
    pub(super) started_nanos: u64,
    pub(super) ended_nanos: u64,
}

/// What is known of a span besides its place and time.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) failed: bool,
    pub(super) attributes: Vec<(&'static str, Value)>,
    traceparent: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Internal,
    Server,
    Producer,
    Consumer,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Truth(bool),
}

/// What is kept with a span while it is open.
#[derive(Debug)]
enum Traced {
    Recorded(Open),
    /// Its trace is not one of the sample, and neither are those below it.
    Left,
}

#[derive(Debug)]
struct Open {
    place: Place,
    parent: Option<[u8; 8]>,
    about: About,
    started_nanos: u64,
}

/// Records the spans of the sample. Which traces are in it follows from their ids alone, so that all processes agree.
pub(super) struct Traces {
    outbox: Outbox,
    sample_ppm: u32,
    clock: Clock,
    entropy: Entropy,
}

impl Traces {
    pub(super) const fn new(outbox: Outbox, sample_ppm: u32, clock: Clock, entropy: Entropy) -> Self {
        Self { outbox, sample_ppm, clock, entropy }
    }

    /// Where a new span stands, and below which one; none when its trace is left out.
    fn place<'a, S: LookupSpan<'a>>(
        &self,
        span: &SpanRef<'a, S>,
        about: &About,
    ) -> Option<(Place, Option<[u8; 8]>)> {
        let own = self.entropy.bytes();
        if let Some((parent, sampled)) = about.traceparent.as_deref().and_then(parse) {
            let place = Place { trace: parent.trace, span: own };
            return (sampled && self.is_sampled(parent.trace)).then_some((place, Some(parent.span)));
        }
        match span.parent() {
            Some(parent) => match parent.extensions().get::<Traced>()? {
                Traced::Recorded(open) => {
                    Some((Place { trace: open.place.trace, span: own }, Some(open.place.span)))
                }
                Traced::Left => None,
            },
            // What happens by itself is nobody's request: only these begin a trace.
            None if about.kind == Kind::Server => {
                let trace = self.entropy.bytes();
                self.is_sampled(trace).then_some((Place { trace, span: own }, None))
            }
            None => None,
        }
    }

    /// The last bytes of a trace's id are its random ones (W3C Trace Context 2 §3.2.2.3).
    fn is_sampled(&self, trace: [u8; 16]) -> bool {
        let [.., a, b, c, d] = trace;
        let share = (u64::from(u32::from_be_bytes([a, b, c, d])) * 1_000_000) >> 32;
        share < u64::from(self.sample_ppm)
    }

    fn now_nanos(&self) -> u64 {
        u64::try_from(self.clock.now().micros()).unwrap_or(0).saturating_mul(1_000)
    }
}

impl<S> Layer<S> for Traces
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut about = About { name: attributes.metadata().name().to_owned(), ..About::default() };
        attributes.record(&mut about);
        let traced = match self.place(&span, &about) {
            Some((place, parent)) => {
                Traced::Recorded(Open { place, parent, about, started_nanos: self.now_nanos() })
            }
            None => Traced::Left,
        };
        span.extensions_mut().insert(traced);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(Traced::Recorded(open)) = span.extensions_mut().get_mut() {
            values.record(&mut open.about);
        }
    }

    fn on_close(&self, id: span::Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let traced = span.extensions_mut().remove();
        if let Some(Traced::Recorded(open)) = traced {
            let Open { place, parent, about, started_nanos } = open;
            let ended_nanos = self.now_nanos().max(started_nanos);
            self.outbox.put(Finished { place, parent, about, started_nanos, ended_nanos });
        }
    }
}

impl About {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("name", Value::Text(name)) => self.name = name,
            ("traceparent", Value::Text(text)) => self.traceparent = Some(text),
            ("failed", Value::Truth(failed)) => self.failed = failed,
            ("kind", Value::Text(kind)) => {
                self.kind = match kind.as_str() {
                    "server" => Kind::Server,
                    "producer" => Kind::Producer,
                    "consumer" => Kind::Consumer,
                    _ => Kind::Internal,
                }
            }
            (name, value) => self.attributes.push((name, value)),
        }
    }
}

impl Visit for About {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::Text(format!("{value:?}").chars().take(MAX_TEXT).collect()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value.chars().take(MAX_TEXT).collect()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Number(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Truth(value));
    }
}

/// As `traceparent` writes it (W3C Trace Context §3.2), of a span that is recorded.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace), u64::from_be_bytes(self.span));
        write!(f, "00-{trace:032x}-{span:016x}-01")
    }
}

/// A place, and whether whoever wrote it records its trace. What is no `traceparent` of version 00 is none.
fn parse(text: &str) -> Option<(Place, bool)> {
    let mut parts = text.split('-');
    let hex = |part: Option<&str>, len: usize| {
        let part = part.filter(|part| part.len() == len)?;
        u128::from_str_radix(part, 16).ok()
    };
    let version = hex(parts.next(), 2)?;
    let (trace, span, flags) = (hex(parts.next(), 32)?, hex(parts.next(), 16)?, hex(parts.next(), 2)?);
    let whole = version == 0 && trace != 0 && span != 0 && parts.next().is_none();
    let span = u64::try_from(span).ok()?.to_be_bytes();
    whole.then_some((Place { trace: trace.to_be_bytes(), span }, flags & 1 == 1))
}

/// The `traceparent` of the span that is open here, for what happens elsewhere because of it; none when nothing is
/// recorded.
pub(crate) fn current() -> Option<String> {
    if !tracing::span_enabled!(target: TARGET, tracing::Level::INFO) {
        return None;
    }
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = registry.current_span();
        let span = registry.span(current.id()?)?;
        match span.extensions().get::<Traced>()? {
            Traced::Recorded(open) => Some(open.place.to_string()),
            Traced::Left => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Timestamp;
    use tracing::{dispatcher::Dispatch, info_span};
    use tracing_subscriber::layer::SubscriberExt;

    const CLIENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// Runs something under a recorder of this sample, and gives the spans that ended.
    fn recorded(sample_ppm: u32, run: impl FnOnce()) -> Vec<Finished> {
        let (outbox, mut finished) = Outbox::of(4_000);
        let clock = Clock::set_to(Timestamp::from_micros(7));
        let traces = Traces::new(outbox, sample_ppm, clock, Entropy::seeded(1));
        tracing::dispatcher::with_default(&Dispatch::new(Registry::default().with(traces)), run);
        std::iter::from_fn(|| finished.try_recv().ok()).collect()
    }

    #[test]
    fn a_span_goes_on_where_the_client_or_the_span_around_it_is() {
        let spans = recorded(1_000_000, || {
            let request = info_span!(target: "trace", "request", kind = "server", name = "GET /x", traceparent = CLIENT, status = tracing::field::Empty, failed = tracing::field::Empty);
            request.in_scope(|| {
                assert_eq!(current().map(|text| text[..36].to_owned()), Some(CLIENT[..36].to_owned()));
                drop(info_span!(target: "trace", "append", records = 2_u64));
            });
            request.record("status", 500_u64);
            request.record("failed", true);
        });
        let [append, request] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((request.about.name.as_str(), request.about.kind), ("GET /x", Kind::Server));
        assert!(request.about.failed && !append.about.failed);
        assert_eq!(request.parent.map(u64::from_be_bytes), Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!(append.parent, Some(request.place.span));
        assert_eq!(append.place.trace, request.place.trace);
        assert_eq!(append.about.attributes, [("records", Value::Whole(2))]);
        assert_eq!(request.about.attributes, [("status", Value::Whole(500))]);
        assert_eq!((request.started_nanos, request.ended_nanos), (7_000, 7_000));
    }

    #[test]
    fn what_is_left_out_is_left_out_with_all_below_it() {
        let a_trace = || {
            info_span!(target: "trace", "request", kind = "server").in_scope(|| {
                assert_eq!(current(), None);
                drop(info_span!(target: "trace", "append"));
            });
        };
        assert!(recorded(0, a_trace).is_empty());
        let unwanted = CLIENT.replace("-01", "-00");
        let spans =
            recorded(1_000_000, || drop(info_span!(target: "trace", "request", traceparent = unwanted)));
        assert!(spans.is_empty(), "the client records nothing: {spans:?}");
        let spans = recorded(1_000_000, || drop(info_span!(target: "trace", "append")));
        assert!(spans.is_empty(), "nobody asked for it: {spans:?}");
    }

    #[test]
    fn a_sample_is_about_its_share_and_the_same_everywhere() {
        let many = || {
            for number in 1..=4_000_u128 {
                // Spread as random ids are.
                let trace = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                drop(
                    info_span!(target: "trace", "x", traceparent = format!("00-{trace:032x}-00f067aa0ba902b7-01")),
                );
            }
        };
        let traces =
            |spans: Vec<Finished>| spans.into_iter().map(|span| span.place.trace).collect::<Vec<_>>();
        let (first, second) = (traces(recorded(250_000, many)), traces(recorded(250_000, many)));
        assert!((850..1_150).contains(&first.len()), "{}", first.len());
        assert_eq!(first, second);
    }

    #[test]
    fn a_full_outbox_holds_nobody_up() {
        let (outbox, mut finished) = Outbox::of(2);
        let traces = Traces::new(outbox, 1_000_000, Clock::System, Entropy::System);
        let five = || (0..5).for_each(|_| drop(info_span!(target: "trace", "x", kind = "server")));
        tracing::dispatcher::with_default(&Dispatch::new(Registry::default().with(traces)), five);
        assert_eq!(std::iter::from_fn(|| finished.try_recv().ok()).count(), 2);
    }

    #[test]
    fn where_nobody_records_a_span_is_nothing() {
        // Whether it is disabled is no question for here: a recorder on another thread makes the place of the
        // macro an enabled one for all of them.
        let span = info_span!(target: "trace", "x", kind = "server");
        assert_eq!(span.in_scope(current), None);
    }

    #[test]
    fn what_is_no_traceparent_begins_a_trace_of_its_own() {
        for wrong in [
            "",
            "00",
            &CLIENT[1..],
            &CLIENT.replace("4b", "xx"),
            &format!("{CLIENT}-00"),
            &CLIENT.replace("00-", "01-"),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let (place, sampled) = parse(CLIENT).expect("it is one");
        assert!(sampled);
        assert_eq!(place.to_string(), CLIENT);
    }
}
