//! What is seen of a running process: its log, its metrics, and, where somebody asked for them, its traces and reports of its
//! errors.
//!
//! `trace` records spans, `outbox` takes them to a collector, `otlp` is how they are written on the way. `reports` is the
//! whole way of an error.

mod otlp;
mod outbox;
mod reports;
mod trace;

pub(crate) use trace::current as current_traceparent;

/// Whether a text is a DSN that reports can be sent to.
pub(crate) fn reports_to_somebody(dsn: &str) -> bool {
    reports::Destination::parse(dsn).is_some()
}

use crate::{
    clock::{Clock, Entropy},
    config::{Config, LogFormat},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use outbox::Sending;
use reports::{Reporting, Reports};
use std::{
    io::{self, BufWriter},
    panic,
    time::Duration,
};
use trace::Traces;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt, registry,
    registry::LookupSpan, util::SubscriberInitExt,
};

/// Lines that may wait for the terminal or the pipe. When it is full, lines are dropped rather than requests held up.
const WAITING_LINES: usize = 8_192;
/// The most bytes of them that are handed over at once.
const WRITTEN_AT_ONCE: usize = 64 * 1024;
/// What is logged of whom: everything of ours from `info` on, of libraries from `warn` on. The client of NATS says each
/// attempt to connect; `store` says what changed.
const FILTER: &str = "warn,async_nats=off,security=info,service=info,store=info,read_models=info,command_api=info,projector=info,\
    query_api=info,server=info,evident=info";
/// How often the histograms are brought up to date while nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);
/// Bounds of every histogram of seconds: from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 16] =
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of every histogram of sizes.
const SIZES: [f64; 12] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0];

/// Telemetry that could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Something else in this process logs already.
    #[error("log is set up already")]
    Log(#[from] tracing_subscriber::util::TryInitError),
    /// Something else in this process counts already.
    #[error("metrics cannot be set up")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// Nothing can be sent by https, for want of certificates.
    #[error("traces and reports cannot be sent")]
    Sending(#[from] reqwest::Error),
}

/// Keeps telemetry going. Dropped last, it writes out the lines that wait.
#[derive(Debug)]
pub struct Guard {
    metrics: Metrics,
    traces: Option<Sending>,
    reports: Option<Reporting>,
    _lines: WorkerGuard,
}

impl Guard {
    /// The metrics of this process.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Sends the spans and reports that wait, for a moment at most. To be called when nothing is done any more.
    pub async fn close(&self) {
        if let Some(traces) = &self.traces {
            traces.close().await;
        }
        if let Some(reports) = &self.reports {
            reports.close().await;
        }
    }
}

/// The metrics of this process. A cheap handle.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All of them as Prometheus text. No label tells who anybody is.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Sets up the log and the metrics of this process. Lines go to standard error by a thread of their own, one a record
/// whatever it holds: in JSON everything is escaped by its rules, in text control characters are. MUST be called once,
/// inside the runtime.
///
/// # Errors
///
/// When somebody else has set them up.
pub fn init(config: &Config, service: &'static str) -> Result<Guard, TelemetryError> {
    let (lines, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        // Its thread flushes whenever no line waits, so none lies here for longer than others are still being written.
        .finish(BufWriter::with_capacity(WRITTEN_AT_ONCE, io::stderr()));
    let (traces, sending) = match &config.otlp_url {
        Some(url) => {
            let entropy = Entropy::System;
            let (outbox, sending) = Sending::start(url, service, &entropy)?;
            let traces = Traces::new(outbox, config.trace_sample_ppm, Clock::System, entropy);
            (Some(traces), Some(sending))
        }
        None => (None, None),
    };
    let reports = match &config.sentry_dsn {
        Some(dsn) => Reporting::start(dsn, service)?,
        None => None,
    };
    let (reports, reporting) = reports.unzip();
    subscriber(config.log_format, lines, traces, reports).try_init()?;
    panic::set_hook(Box::new(log_panic));
    let metrics = recorder()?;
    let upkeep = metrics.0.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(Guard { metrics, traces: sending, reports: reporting, _lines: guard })
}

fn recorder() -> Result<Metrics, metrics_exporter_prometheus::BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES)?;
    builder.install_recorder().map(Metrics)
}

/// Lines alone, or lines and what else was asked for. Without traces nobody listens to spans, and each of them costs a
/// glance at a flag.
fn subscriber<W>(
    format: LogFormat,
    writer: W,
    traces: Option<Traces>,
    reports: Option<Reports>,
) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let heard = EnvFilter::new(FILTER);
    if traces.is_none() && reports.is_none() {
        return Box::new(registry().with(heard).with(lines(format, writer)));
    }
    let traced = filter_fn(|metadata| metadata.is_span() && metadata.target() == trace::TARGET);
    let mut layers = vec![lines(format, writer).with_filter(heard).boxed()];
    layers.extend(traces.map(|traces| traces.with_filter(traced).boxed()));
    layers.extend(reports.map(|reports| reports.with_filter(filter_fn(reports::are_told)).boxed()));
    Box::new(registry().with(layers))
}

fn lines<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let base = tracing_subscriber::fmt::layer();
    match format {
        LogFormat::Text => Box::new(base.with_target(false).with_writer(OneLine(writer))),
        LogFormat::Json => {
            let base = base.with_writer(writer).json();
            Box::new(base.flatten_event(true).with_current_span(false).with_span_list(false))
        }
    }
}

/// Keeps a record on one line, whatever its message quotes. Records come whole, each in one `write`.
struct OneLine<W>(W);

impl<'writer, W: MakeWriter<'writer>> MakeWriter<'writer> for OneLine<W> {
    type Writer = OneLine<W::Writer>;

    fn make_writer(&'writer self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for OneLine<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let line = record.strip_suffix(b"\n").unwrap_or(record);
        if line.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let mut escaped = String::from_utf8_lossy(line).replace('\n', "\\n").replace('\r', "\\r");
            escaped.push('\n');
            self.0.write_all(escaped.as_bytes())?;
        } else {
            self.0.write_all(record)?;
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A panic is a line like any other. What it says may quote what it stumbled over, so only its place is told.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(place, thread = thread.name().unwrap_or_default(), "a thread panicked");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const NASTY: &str = "x\r\n{\"level\":\"ERROR\"}\u{1b}[2J\u{7f}\u{9b}";

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(format, move || writer.clone(), None, None), log);
        let bytes = lines.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn nasty() {
        tracing::info!(target: "service", field = NASTY, shown = %NASTY, "message {NASTY}");
    }

    #[test]
    fn a_record_is_one_line_whatever_it_quotes() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, nasty);
            assert_eq!(text.matches(['\n', '\r']).count(), 1, "{text:?}");
            assert!(text.ends_with('\n'), "{text:?}");
        }
        let text = logged(LogFormat::Json, nasty);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        let record: serde_json::Value = serde_json::from_str(&text).expect("one object");
        assert_eq!((&record["level"], &record["field"]), (&"INFO".into(), &NASTY.into()));
    }

    #[test]
    fn libraries_are_heard_from_warnings_on() {
        let text = logged(LogFormat::Json, || {
            tracing::info!(target: "sqlx::query", "select everything");
            tracing::warn!(target: "sqlx::pool", "exhausted");
            tracing::debug!(target: "service::http", "chatter");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("exhausted"));
    }
}
