//! The record: one fact as one byte string, a CloudEvents 1.0 structured JSON document.
//!
//! It is written once. The same bytes lie in the log, travel, are hashed and exported; nothing re-serialises them.

use crate::{
    EventId, Fact, Group, KeyId, KeyName, LogId, Personal, SealContext, Sealed, ServiceAccountId, StreamName,
    Timestamp, UserId, Version,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, fmt, str::FromStr};

/// The largest record, in bytes.
pub const MAX_RECORD_BYTES: usize = 60 * 1024;

/// 128 random bits in every record, so that its leaf hash confirms nothing to someone who guesses its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A signed-in person.
    User(UserId),
    /// A program, by one of its keys.
    Service {
        /// Its account.
        account: ServiceAccountId,
        /// The key.
        key: KeyId,
    },
    /// Somebody who is not signed in.
    Anonymous,
    /// Evident itself.
    System,
    /// An operator at the command line.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::User(id) => write!(f, "user:{id}"),
            Actor::Service { account, key } => write!(f, "service:{account}/{key}"),
            Actor::Anonymous => f.write_str("anonymous"),
            Actor::System => f.write_str("system"),
            Actor::Operator => f.write_str("operator"),
        }
    }
}

impl FromStr for Actor {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, RecordError> {
        let named = || match text.split_once(':')? {
            ("user", id) => id.parse().ok().map(Actor::User),
            ("service", ids) => service(ids),
            _ => None,
        };
        match text {
            "anonymous" => Ok(Actor::Anonymous),
            "system" => Ok(Actor::System),
            "operator" => Ok(Actor::Operator),
            _ => named().ok_or(RecordError::Attribute { name: "actor" }),
        }
    }
}

fn service(ids: &str) -> Option<Actor> {
    let (account, key) = ids.split_once('/')?;
    Some(Actor::Service { account: account.parse().ok()?, key: key.parse().ok()? })
}

/// Where a request stands among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// Who asked.
    pub actor: Actor,
    /// The request's id (`X-Request-Id`): 1 to 64 characters of `[A-Za-z0-9_-]`.
    pub correlation_id: String,
    /// The event that led to this one, when one did.
    pub causation_id: Option<EventId>,
    /// The W3C trace that the request belongs to (`traceparent`), when it does.
    pub traceparent: Option<String>,
}

/// A record before it is written.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The record's id.
    pub id: EventId,
    /// The log that it is for.
    pub log: LogId,
    /// The moment that the deciding service saw on its clock.
    pub time: Timestamp,
    /// The stream that it is for.
    pub stream: StreamName,
    /// Its place in the stream.
    pub version: Version,
    /// The request that it comes from.
    pub context: RequestContext,
    /// 128 random bits.
    pub salt: Salt,
    /// Whose keys seal its personal values. A fact without personal values needs none.
    pub person: Option<UserId>,
    /// What happened.
    pub fact: Fact,
}

/// Why a record cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is over [`MAX_RECORD_BYTES`].
    #[error("record is {bytes} bytes long, over {MAX_RECORD_BYTES}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It is not the JSON document that it should be.
    #[error("record is not a CloudEvents document of ours: {0}")]
    Malformed(#[from] serde_json::Error),
    /// One of its attributes does not hold what it should.
    #[error("record's attribute {name} is malformed")]
    Attribute {
        /// The attribute.
        name: &'static str,
    },
    /// It has personal values and nobody's keys to seal them with.
    #[error("fact {event_type} has personal values but no person")]
    Nobody {
        /// Its type.
        event_type: &'static str,
    },
    /// The value was already erased; there is nothing left to seal.
    #[error("fact {event_type} holds an erased value in {field}")]
    AlreadyErased {
        /// Its type.
        event_type: &'static str,
        /// The field.
        field: String,
    },
}

/// Why a record's fact cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    /// No fact of this type is known to this version of Evident.
    #[error("event type {0:?} is unknown")]
    UnknownType(String),
    /// The data does not fit the type.
    #[error("data of event type {event_type:?} does not fit: {source}")]
    Misfit {
        /// The type.
        event_type: String,
        /// What did not fit.
        source: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    id: EventId,
    source: String,
    r#type: &'static str,
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'static str,
    streamversion: Version,
    actor: String,
    correlationid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    salt: String,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: EventId,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    datacontenttype: Cow<'a, str>,
    streamversion: Version,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(borrow)]
    correlationid: Cow<'a, str>,
    causationid: Option<EventId>,
    traceparent: Option<String>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Draft {
    /// Writes the record. `seal` encrypts one group: it is given what to bind and the plaintext, and answers with
    /// ciphertext and tag. It is called once for each personal value, and never for facts without any.
    pub fn write(
        self,
        mut seal: impl FnMut(&SealContext<'_>, &[u8]) -> Vec<u8>,
    ) -> Result<Record, RecordError> {
        let event_type = self.fact.event_type();
        let mut data = self.fact.to_data()?;
        for (field, value) in &mut data {
            let Some(group) = Group::of_field(field) else { continue };
            let open = match serde_json::from_value(value.take())? {
                Personal::<Value>::Open(open) => open,
                Personal::Erased(_) => {
                    return Err(RecordError::AlreadyErased { event_type, field: field.clone() });
                }
            };
            let person = self.person.ok_or(RecordError::Nobody { event_type })?;
            let month = (group == Group::Network).then(|| self.time.month());
            let key = KeyName { person, group, month };
            let context = SealContext { event_id: self.id, stream: &self.stream, event_type, key };
            let ciphertext = STANDARD.encode(seal(&context, &serde_json::to_vec(&open)?));
            *value = serde_json::to_value(Sealed { sealed: group, key, ciphertext })?;
        }
        let written = Written {
            specversion: "1.0",
            id: self.id,
            source: format!("urn:evident:log:{}", self.log),
            r#type: event_type,
            subject: self.stream.as_str(),
            time: self.time,
            datacontenttype: "application/json",
            streamversion: self.version,
            actor: self.context.actor.to_string(),
            correlationid: &self.context.correlation_id,
            causationid: self.context.causation_id,
            traceparent: self.context.traceparent.as_deref(),
            salt: STANDARD.encode(self.salt.0),
            data,
        };
        Record::parse(serde_json::to_vec(&written)?.into())
    }
}

/// One written record: its exact bytes, and its attributes read from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    bytes: Bytes,
    data: std::ops::Range<usize>,
    /// The record's id.
    pub id: EventId,
    /// The log that it was written for.
    pub log: LogId,
    /// What happened, as on the wire.
    pub event_type: String,
    /// The stream that it belongs to.
    pub stream: StreamName,
    /// Its place in the stream.
    pub version: Version,
    /// The moment that the deciding service saw on its clock.
    pub time: Timestamp,
    /// The request that it came from.
    pub context: RequestContext,
}

impl Record {
    /// Reads a record's attributes and keeps its bytes as they are. The fact inside may be unknown to this version.
    pub fn parse(bytes: Bytes) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge { bytes: bytes.len() });
        }
        let read: Read<'_> = serde_json::from_slice(&bytes)?;
        let attribute = |name| RecordError::Attribute { name };
        if read.specversion != "1.0" {
            return Err(attribute("specversion"));
        }
        if read.datacontenttype != "application/json" {
            return Err(attribute("datacontenttype"));
        }
        if STANDARD.decode(read.salt.as_bytes()).map(|salt| salt.len()) != Ok(16) {
            return Err(attribute("salt"));
        }
        let log = read.source.strip_prefix("urn:evident:log:").and_then(|log| log.parse().ok());
        // `data` is borrowed from `bytes`, so the difference of the two addresses is its offset.
        let start = read.data.get().as_ptr().addr() - bytes.as_ptr().addr();
        Ok(Self {
            data: start..start + read.data.get().len(),
            id: read.id,
            log: log.ok_or(attribute("source"))?,
            event_type: read.r#type.into_owned(),
            stream: read.subject.parse().map_err(|_| attribute("subject"))?,
            version: read.streamversion,
            time: read.time,
            context: RequestContext {
                actor: read.actor.parse()?,
                correlation_id: read.correlationid.into_owned(),
                causation_id: read.causationid,
                traceparent: read.traceparent,
            },
            bytes,
        })
    }

    /// The exact bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The names of the keys that seal this record's personal values; none when the data does not say.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyName> {
        let sealed = |value: &Value| Some(serde_json::from_value::<Sealed>(value.clone()).ok()?.key);
        self.raw_data().map(|data| data.values().filter_map(sealed).collect()).unwrap_or_default()
    }

    /// The data for people to read: each sealed group as its value when `open` has the key, else `{"erased": true}`.
    pub fn data(
        &self,
        mut open: impl FnMut(&SealContext<'_>, &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Map<String, Value>, RecordError> {
        let mut data = self.opened(&mut open)?;
        for (field, value) in &mut data {
            if Group::of_field(field).is_some()
                && let Some(inner) = value.get_mut("open")
            {
                *value = inner.take();
            }
        }
        Ok(data)
    }

    /// What happened, with personal values where `open` has their keys. `open` is given what was bound and the
    /// ciphertext with its tag; it answers `None` when the key is gone, is not its to use, or does not fit.
    pub fn fact(
        &self,
        mut open: impl FnMut(&SealContext<'_>, &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Fact, FactError> {
        let misfit = |source| FactError::Misfit { event_type: self.event_type.clone(), source };
        let data = self.opened(&mut open).map_err(misfit)?;
        match Fact::from_data(&self.event_type, data) {
            Ok(Some(fact)) => Ok(fact),
            Ok(None) => Err(FactError::UnknownType(self.event_type.clone())),
            Err(source) => Err(misfit(source)),
        }
    }

    fn raw_data(&self) -> Result<Map<String, Value>, serde_json::Error> {
        serde_json::from_slice(&self.bytes[self.data.clone()])
    }

    fn opened(
        &self,
        open: &mut impl FnMut(&SealContext<'_>, &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Map<String, Value>, serde_json::Error> {
        let mut data = self.raw_data()?;
        for (field, value) in &mut data {
            if Group::of_field(field).is_none() {
                continue;
            }
            let sealed: Sealed = serde_json::from_value(value.take())?;
            let context = SealContext {
                event_id: self.id,
                stream: &self.stream,
                event_type: &self.event_type,
                key: sealed.key,
            };
            let plaintext = STANDARD.decode(&sealed.ciphertext).ok().and_then(|text| open(&context, &text));
            let personal = match plaintext {
                Some(plaintext) => Personal::Open(serde_json::from_slice::<Value>(&plaintext)?),
                None => Personal::Erased(true),
            };
            *value = serde_json::to_value(personal)?;
        }
        Ok(data)
    }
}
