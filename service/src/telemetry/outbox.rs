//! The way out for spans: a bounded queue, and a task that sends what is in it to a collector. Nobody waits for either.

use super::{otlp, trace::Finished};
use crate::config::Secret;
use metrics::counter;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Spans that may wait. When it is full, spans are dropped and counted.
const QUEUE: usize = 8_192;
/// The most spans in one message.
const BATCH: usize = 512;
/// How long the first of a batch waits for others.
const GATHERING: Duration = Duration::from_millis(200);
/// How long a collector may take to answer, and how long what is left may take when the process stops.
const PATIENCE: Duration = Duration::from_secs(5);
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// The queue's near end.
#[derive(Debug, Clone)]
pub(super) struct Outbox(mpsc::Sender<Finished>);

impl Outbox {
    /// A queue of this length, and its far end.
    pub(super) fn of(length: usize) -> (Self, mpsc::Receiver<Finished>) {
        let (sender, receiver) = mpsc::channel(length);
        (Self(sender), receiver)
    }

    pub(super) fn put(&self, span: Finished) {
        if self.0.try_send(span).is_err() {
            dropped(1);
        }
    }
}

/// The task that sends.
#[derive(Debug)]
pub(super) struct Sending {
    running: TaskTracker,
    closing: CancellationToken,
}

impl Sending {
    /// Starts it. MUST be called inside the runtime.
    pub(super) fn start(
        url: &Secret,
        service: &'static str,
        entropy: &crate::clock::Entropy,
    ) -> Result<(Outbox, Self), reqwest::Error> {
        let (outbox, spans) = Outbox::of(QUEUE);
        let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let sender = Sender {
            client: client.build()?,
            url: format!("{}/v1/traces", url.expose().trim_end_matches('/')),
            process: otlp::Process { service, instance: entropy.bytes() },
            trouble: false,
        };
        let (running, closing) = (TaskTracker::new(), CancellationToken::new());
        running.spawn(sender.run(spans, closing.clone()));
        running.close();
        Ok((outbox, Self { running, closing }))
    }

    /// Sends what waits, for a moment at most.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        if tokio::time::timeout(LAST_PATIENCE, self.running.wait()).await.is_err() {
            tracing::warn!("stopping: the last spans were not sent in time");
        }
    }
}

struct Sender {
    client: reqwest::Client,
    url: String,
    process: otlp::Process,
    /// Whether the last batch was not taken: one line when it begins, one when it ends.
    trouble: bool,
}

impl Sender {
    async fn run(mut self, mut spans: mpsc::Receiver<Finished>, closing: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled(), if !spans.is_closed() => spans.close(),
                taken = spans.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        return;
                    }
                    closing.run_until_cancelled(tokio::time::sleep(GATHERING)).await;
                    while batch.len() < BATCH && let Ok(span) = spans.try_recv() {
                        batch.push(span);
                    }
                    self.send(&batch).await;
                    batch.clear();
                }
            }
        }
    }

    async fn send(&mut self, batch: &[Finished]) {
        let message = otlp::message(&self.process, batch);
        let request =
            self.client.post(&self.url).header("content-type", "application/x-protobuf").body(message);
        let sent = request.send().await.and_then(reqwest::Response::error_for_status);
        let trouble = sent.is_err();
        match sent {
            Ok(_) => counter!("evident_trace_spans_sent_total").increment(batch.len() as u64),
            Err(error) => {
                dropped(batch.len());
                if !self.trouble {
                    // The address may hold a password.
                    let error = error.without_url();
                    tracing::warn!(%error, "the collector takes no traces; they are dropped");
                }
            }
        }
        if self.trouble && !trouble {
            tracing::info!("the collector takes traces again");
        }
        self.trouble = trouble;
    }
}

fn dropped(spans: usize) {
    counter!("evident_trace_spans_dropped_total").increment(spans as u64);
}
