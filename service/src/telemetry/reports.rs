//! Error tracking: what would make somebody get up, sent to a collector that speaks Sentry's protocol. Only what the code
//! itself says leaves: the line's own words, where it stands, the problem's code, the request's id. Causes and fields of
//! libraries stay in the log, since they may quote what they stumbled over.

use crate::{
    clock::{Clock, Entropy},
    config::Secret,
};
use metrics::counter;
use std::{fmt, time::Duration};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Reports that may wait. A process that fails all the time says the same all the time: what is too much is dropped.
const QUEUE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// The fields of a line that leave with it. All of them are made by this code, or ids.
const TOLD: [&str; 4] = ["code", "place", "request_id", "thread"];

/// One line, without what it may quote.
#[derive(Debug, Default)]
pub(super) struct Report {
    message: String,
    target: &'static str,
    told: Vec<(&'static str, String)>,
}

/// Picks the lines that are reported.
pub(super) struct Reports(mpsc::Sender<Report>);

impl<S: Subscriber> Layer<S> for Reports {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut report = Report { target: event.metadata().target(), ..Report::default() };
        event.record(&mut report);
        if self.0.try_send(report).is_err() {
            dropped();
        }
    }
}

/// Errors of our own code. What libraries say may quote anything.
pub(super) fn are_told(metadata: &Metadata<'_>) -> bool {
    let ours =
        ["service", "store", "read_models", "command_api", "projector", "query_api", "server", "evident"];
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_event() && *metadata.level() == Level::ERROR && ours.contains(&crate_name)
}

impl Visit for Report {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else if TOLD.contains(&field.name()) {
            self.told.push((field.name(), format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if TOLD.contains(&field.name()) {
            self.told.push((field.name(), value.to_owned()));
        }
    }
}

/// Where reports go: a DSN (`https://KEY@HOST/PROJECT`) taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Destination {
    url: String,
    key: String,
}

impl Destination {
    /// None when the text is no DSN.
    pub(super) fn parse(dsn: &str) -> Option<Self> {
        let (scheme, rest) =
            dsn.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))?;
        let (key, place) = rest.split_once('@')?;
        let (host, project) = place.rsplit_once('/')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let whole = plain(key) && plain(project) && !host.is_empty() && !host.contains(['@', '?', '#', ' ']);
        whole.then(|| Self { url: format!("{scheme}://{host}/api/{project}/envelope/"), key: key.to_owned() })
    }
}

/// The task that sends.
#[derive(Debug)]
pub(super) struct Reporting {
    running: TaskTracker,
    closing: CancellationToken,
}

impl Reporting {
    /// Starts it. MUST be called inside the runtime. A text that is no DSN reports nothing; configuration refuses it.
    pub(super) fn start(
        dsn: &Secret,
        service: &'static str,
    ) -> Result<Option<(Reports, Self)>, reqwest::Error> {
        let Some(destination) = Destination::parse(dsn.expose()) else { return Ok(None) };
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let (clock, entropy) = (Clock::System, Entropy::System);
        let sender = Sender { client: client.build()?, destination, service, clock, entropy };
        let (reports, waiting) = mpsc::channel(QUEUE);
        let (running, closing) = (TaskTracker::new(), CancellationToken::new());
        running.spawn(sender.run(waiting, closing.clone()));
        running.close();
        Ok(Some((Reports(reports), Self { running, closing })))
    }

    /// Sends what waits, for a moment at most.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        // What is lost here stands in the log.
        drop(tokio::time::timeout(LAST_PATIENCE, self.running.wait()).await);
    }
}

struct Sender {
    client: reqwest::Client,
    destination: Destination,
    service: &'static str,
    clock: Clock,
    entropy: Entropy,
}

impl Sender {
    async fn run(self, mut waiting: mpsc::Receiver<Report>, closing: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled(), if !waiting.is_closed() => waiting.close(),
                report = waiting.recv() => match report {
                    Some(report) => self.send(&report).await,
                    None => return,
                },
            }
        }
    }

    async fn send(&self, report: &Report) {
        let id = format!("{:032x}", u128::from_be_bytes(self.entropy.bytes()));
        let seconds = self.clock.now().micros() as f64 / 1e6;
        let auth = format!(
            "Sentry sentry_version=7, sentry_client=evident/{}, sentry_key={}",
            env!("CARGO_PKG_VERSION"),
            self.destination.key
        );
        let request = self.client.post(&self.destination.url).header("x-sentry-auth", auth);
        let request = request.header("content-type", "application/x-sentry-envelope");
        let sent = request.body(envelope(&id, seconds, self.service, report)).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => counter!("evident_error_reports_sent_total").increment(1),
            // A line about it would be one more to report; the counter says it.
            Err(_) => dropped(),
        }
    }
}

/// An envelope (develop.sentry.dev/sdk/foundations/transport/envelopes) of one event.
fn envelope(id: &str, seconds: f64, service: &str, report: &Report) -> String {
    let tags: serde_json::Map<_, _> = report
        .told
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
        .chain([("service".to_owned(), service.into())])
        .collect();
    let event = serde_json::json!({
        "event_id": id,
        "timestamp": seconds,
        "platform": "rust",
        "level": "error",
        "logger": report.target,
        "release": concat!("evident@", env!("CARGO_PKG_VERSION")),
        "message": {"formatted": report.message},
        "tags": tags,
    })
    .to_string();
    let head = serde_json::json!({"event_id": id});
    let item =
        serde_json::json!({"type": "event", "length": event.len(), "content_type": "application/json"});
    format!("{head}\n{item}\n{event}\n")
}

fn dropped() {
    counter!("evident_error_reports_dropped_total").increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::{Registry, layer::SubscriberExt};

    #[test]
    fn what_a_line_may_quote_stays_in_the_log() {
        let (reports, mut waiting) = mpsc::channel(1);
        tracing::subscriber::with_default(Registry::default().with(Reports(reports)), || {
            let cause = "kanarie@example.com";
            tracing::error!(code = "internal", request_id = "r-1", cause, error = %cause, user.id = %cause, "request failed");
            tracing::error!("one too many");
        });
        let report = waiting.try_recv().expect("a report");
        assert!(waiting.try_recv().is_err(), "nobody waited for room");
        let text = envelope("1f", 7.5, "command-api", &report);
        assert!(!text.contains("kanarie"), "{text}");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let [head, item, event] = &lines[..] else { panic!("{text}") };
        assert_eq!((&head["event_id"], &event["event_id"]), (&"1f".into(), &"1f".into()));
        assert_eq!(item["length"], text.lines().nth(2).expect("the event").len());
        assert_eq!(event["message"]["formatted"], "request failed");
        let tags = serde_json::json!({"code": "internal", "request_id": "r-1", "service": "command-api"});
        assert_eq!(event["tags"], tags);
    }

    #[test]
    fn a_dsn_says_where_and_who() {
        let there = Destination::parse("https://abc123@errors.example.com/some/42").expect("a DSN");
        assert_eq!(there.url, "https://errors.example.com/some/api/42/envelope/");
        assert_eq!(there.key, "abc123");
        for wrong in [
            "",
            "https://errors.example.com/42",
            "ftp://a@b/1",
            "https://@b/1",
            "https://a@b",
            "https://a@/1",
            "https://a:b@c/1",
        ] {
            assert_eq!(Destination::parse(wrong), None, "{wrong}");
        }
    }
}
