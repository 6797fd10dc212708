//! A record as a message: its bytes as they are, and its place in headers.

use crate::{
    bus::{BusError, Carried},
    log::Stored,
};
use async_nats::{HeaderMap, jetstream};
use bytes::Bytes;
use events::{LogId, Position, Record, StreamName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{fmt::Display, str::FromStr};

/// The log that the record belongs to.
const LOG: &str = "Evident-Log";
/// The record's position.
const POSITION: &str = "Evident-Position";
/// The position of the record before it, 0 for the first one. Whoever is there has missed nothing.
const AFTER: &str = "Evident-After";

/// What stands in a subject as it is. Everything else is escaped like in a URL: dots would end a token, spaces the
/// subject, and `*` and `>` mean something.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// `evident.<category>.<stream>`: for example `evident.user.user-0198c3…`.
pub(super) fn subject(stream: &StreamName) -> String {
    let name = stream.as_str();
    let category = name.split_once('-').map_or(name, |(category, _)| category);
    // A token may not be empty.
    let category = if category.is_empty() { "-" } else { category };
    let escape = |text| utf8_percent_encode(text, ESCAPED);
    format!("evident.{}.{}", escape(category), escape(name))
}

/// There is no `Nats-Msg-Id`: see docs/DESIGN.md.
pub(super) fn headers(carried: &Carried) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(LOG, carried.stored.record.log.to_string());
    headers.insert(POSITION, carried.stored.position.to_string());
    headers.insert(AFTER, carried.after.to_string());
    headers
}

/// The position of a message of this log.
pub(super) fn position(log: LogId, sequence: u64, headers: &HeaderMap) -> Result<Position, BusError> {
    let found = read(sequence, headers, LOG)?;
    if found != log {
        return Err(BusError::OtherLog { expected: log, found });
    }
    read(sequence, headers, POSITION).map(Position)
}

pub(super) fn carried(log: LogId, message: &jetstream::Message) -> Result<Carried, BusError> {
    let sequence = message.info().map_or(0, |info| info.stream_sequence);
    let nothing = HeaderMap::new();
    let headers = message.headers.as_ref().unwrap_or(&nothing);
    read_whole(log, sequence, headers, message.payload.clone())
}

fn read_whole(log: LogId, sequence: u64, headers: &HeaderMap, payload: Bytes) -> Result<Carried, BusError> {
    let position = position(log, sequence, headers)?;
    let after = read(sequence, headers, AFTER).map(Position)?;
    let record = record(log, payload).map_err(|reason| malformed(sequence, reason))?;
    Ok(Carried { after, stored: Stored { position, record } })
}

/// A message of these headers and bytes, as far as they can be headers at all.
#[cfg(fuzzing)]
pub(crate) fn read_from(
    log: LogId,
    sequence: u64,
    headers: &[(String, String)],
    payload: Bytes,
) -> Result<Carried, BusError> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let read = (name.parse::<async_nats::HeaderName>(), value.parse::<async_nats::HeaderValue>());
        if let (Ok(name), Ok(value)) = read {
            all.append(name, value);
        }
    }
    read_whole(log, sequence, &all, payload)
}

fn record(log: LogId, bytes: Bytes) -> Result<Record, String> {
    let record = Record::parse(bytes).map_err(|error| error.to_string())?;
    if record.log == log { Ok(record) } else { Err(format!("it was written for log {}", record.log)) }
}

fn read<T: FromStr>(sequence: u64, headers: &HeaderMap, name: &str) -> Result<T, BusError> {
    let value = headers.get(name).and_then(|value| value.as_str().parse().ok());
    value.ok_or_else(|| malformed(sequence, format_args!("no {name}")))
}

fn malformed(sequence: u64, reason: impl Display) -> BusError {
    BusError::Malformed { sequence, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_streams_name_is_one_token_whatever_it_holds() {
        let named = |name: &str| subject(&name.parse().expect("a stream name"));
        assert_eq!(named("user-0198c3"), "evident.user.user-0198c3");
        assert_eq!(named("role-a.b *>%"), "evident.role.role-a%2Eb%20%2A%3E%25");
        assert_eq!(named("é"), "evident.%C3%A9.%C3%A9");
        assert_eq!(named("-"), "evident.-.-");
    }

    #[test]
    fn two_names_never_share_a_subject() {
        let names = ["a.b", "a%2Eb", "a b", "a_b", "A.b", "a-b", "ab"];
        let subjects: std::collections::HashSet<_> =
            names.iter().map(|name| subject(&name.parse().expect("a stream name"))).collect();
        assert_eq!(subjects.len(), names.len());
    }
}
