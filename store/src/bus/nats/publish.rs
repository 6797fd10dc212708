//! Publishing: each message says behind which one it belongs, so nothing comes twice, or out of order.
//!
//! Whoever publishes counts from a last message that was looked at. Two who count from the same one give the same
//! record the same sequence: so when one is refused in the middle, the other's message that lies there is the very
//! same, and the next one fits again. What is asked at the end is only whether the last one lies where it must.

use super::{
    Nats, STREAM,
    connection::DEADLINE,
    message,
    stream::{refusal, unavailable},
};
use crate::bus::{BusError, Carried, Last};
use async_nats::{
    header::{
        NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
        NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM,
    },
    jetstream::{
        self, Context,
        context::{PublishAckFuture, PublishError, PublishErrorKind},
        message::PublishMessage,
    },
};
use std::error::Error;
use tokio::time::timeout;

impl Nats {
    pub(crate) async fn publish(&self, last: Last, records: &[Carried]) -> Result<Last, BusError> {
        let Some(end) = records.last() else { return Ok(last) };
        let sequence = last.sequence + records.len() as u64;
        // What was sent before a connection broke is never answered, so that is not waited for.
        let mut connection = self.connection();
        let began = *connection.borrow();
        let lost = connection.wait_for(|now| !now.up || *now != began);
        let found = tokio::select! {
            biased;
            _ = lost => return Err(BusError::Unavailable("not connected".to_owned())),
            found = self.send(last, records) => found?,
        };
        match found == sequence {
            true => Ok(Last { sequence, position: Some(end.stored.position) }),
            false => Err(BusError::Moved),
        }
    }

    /// Answers with the last one's sequence.
    async fn send(&self, last: Last, records: &[Carried]) -> Result<u64, BusError> {
        if records.len() > 1 && self.knows_batches() {
            match self.as_one(last, records).await {
                // A batch that the server has no room or no permission for is still welcome in pieces.
                Err(BusError::Refused(reason)) => tracing::debug!(reason, "NATS refused a batch"),
                answered => return answered,
            }
        }
        self.one_by_one(last, records).await
    }

    /// Each message with an answer of its own, all of them under way at once.
    async fn one_by_one(&self, last: Last, records: &[Carried]) -> Result<u64, BusError> {
        let mut answers = Vec::with_capacity(records.len());
        for (carried, before) in records.iter().zip(last.sequence..) {
            answers.push(send_one(&self.jetstream, carried, before).await?);
        }
        let acknowledged = async {
            let mut outcome = Err(BusError::Moved);
            for answer in answers {
                outcome = answer.await.map(|acknowledged| acknowledged.sequence).map_err(failure);
            }
            outcome
        };
        // Each answer has a deadline that begins when it is waited for, so the window has one of its own.
        let silent = |_| Err(BusError::Unavailable("the stream does not acknowledge".to_owned()));
        timeout(DEADLINE, acknowledged).await.unwrap_or_else(silent)
    }

    /// All messages or none, with one answer.
    async fn as_one(&self, last: Last, records: &[Carried]) -> Result<u64, BusError> {
        let name = self.client.new_inbox();
        let (end, others) = records.split_last().ok_or(BusError::Moved)?;
        for (carried, number) in others.iter().zip(1_u64..) {
            let mut headers = message::headers(carried);
            headers.insert(NATS_BATCH_ID, name.as_str());
            headers.insert(NATS_BATCH_SEQUENCE, number.to_string());
            if number == 1 {
                headers.insert(NATS_EXPECTED_STREAM, STREAM);
                headers.insert(NATS_EXPECTED_LAST_SEQUENCE, last.sequence.to_string());
            }
            let (subject, bytes) =
                (message::subject(&carried.stored.record.stream), carried.stored.record.bytes().clone());
            let sent = self.client.publish_with_headers(subject, headers, bytes).await;
            sent.map_err(|error| unavailable(&error))?;
        }
        let mut headers = message::headers(end);
        headers.insert(NATS_BATCH_ID, name.as_str());
        headers.insert(NATS_BATCH_SEQUENCE, records.len().to_string());
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
        let publish = PublishMessage::build().payload(end.stored.record.bytes().clone()).headers(headers);
        let sent = self.jetstream.send_publish(message::subject(&end.stored.record.stream), publish).await;
        let answer = sent.map_err(failure)?;
        answer.await.map(|acknowledged| acknowledged.sequence).map_err(failure)
    }
}

async fn send_one(context: &Context, carried: &Carried, before: u64) -> Result<PublishAckFuture, BusError> {
    let record = &carried.stored.record;
    let publish = PublishMessage::build()
        .payload(record.bytes().clone())
        .headers(message::headers(carried))
        .expected_stream(STREAM)
        .expected_last_sequence(before);
    context.send_publish(message::subject(&record.stream), publish).await.map_err(failure)
}

fn failure(error: PublishError) -> BusError {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => BusError::Moved,
        PublishErrorKind::StreamNotFound => BusError::NoStream,
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe | PublishErrorKind::MaxAckPending => {
            unavailable(&error)
        }
        PublishErrorKind::MaxPayloadExceeded | PublishErrorKind::WrongLastMessageId => {
            BusError::Refused(error.to_string())
        }
        PublishErrorKind::Other => {
            match error.source().and_then(|source| source.downcast_ref::<jetstream::Error>()) {
                Some(refused) => refusal(refused.error_code(), refused),
                None => unavailable(&error),
            }
        }
    }
}
