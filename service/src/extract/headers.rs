//! Headers that change what a request means: versions that must still hold, and keys that make repeating safe.

use crate::problem::{Code, Problem};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use events::Version;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};

/// The entity tag of a version: `"7"`.
#[must_use]
pub fn etag(version: Version) -> HeaderValue {
    // Digits between quotes are always a header's value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What a write wants to find (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// It does not say.
    Absent,
    /// `*`: whatever there is.
    Any,
    /// One of these versions. Weak tags are none (strong comparison, §8.8.3.2), nor are tags that we never gave.
    OneOf(Vec<Version>),
}

impl IfMatch {
    /// Refuses to go on unless the present version is wanted. `Version::NONE` is a thing that is not there.
    ///
    /// # Errors
    ///
    /// `precondition-failed`.
    pub fn must_admit(&self, present: Version) -> Result<(), Problem> {
        let admitted = match self {
            IfMatch::Absent => true,
            IfMatch::Any => present != Version::NONE,
            IfMatch::OneOf(versions) => versions.contains(&present),
        };
        if admitted { Ok(()) } else { Err(Problem::new(Code::PreconditionFailed)) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tags) = tags(&parts.headers, &IF_MATCH)? else { return Ok(IfMatch::Absent) };
        Ok(match tags {
            Tags::Any => IfMatch::Any,
            Tags::List(tags) => {
                let strong = tags.iter().filter(|tag| !tag.weak);
                IfMatch::OneOf(strong.filter_map(|tag| version(tag.text)).collect())
            }
        })
    }
}

/// Whether the reader already has the present version (RFC 9110 §13.1.2): then 304 is the answer. Compares weakly.
#[must_use]
pub fn unchanged(headers: &HeaderMap, present: Version) -> bool {
    match tags(headers, &IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(tags))) => tags.iter().any(|tag| version(tag.text) == Some(present)),
        // A precondition that cannot be read saves no traffic, and does no harm.
        Ok(None) | Err(_) => false,
    }
}

/// Whether the asker has what carries this tag, a text of letters and digits, already (`If-None-Match`).
#[must_use]
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    match tags(headers, &IF_NONE_MATCH) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::List(tags))) => tags.iter().any(|offered| offered.text == tag),
        Ok(None) | Err(_) => false,
    }
}

enum Tags<'a> {
    Any,
    List(Vec<Tag<'a>>),
}

struct Tag<'a> {
    weak: bool,
    text: &'a str,
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Tags<'a>>, Problem> {
    let refused =
        || Problem::new(Code::MalformedRequest).detail(format!("The header {name} is not a list of tags."));
    let mut list = Vec::new();
    let mut any = false;
    for value in headers.get_all(name) {
        // Our tags hold digits, so a comma inside of one makes it none of ours either way.
        for part in
            value.to_str().map_err(|_| refused())?.split(',').map(str::trim).filter(|part| !part.is_empty())
        {
            any |= part == "*";
            let (weak, tag) = part.strip_prefix("W/").map_or((false, part), |tag| (true, tag));
            match tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) {
                Some(text) => list.push(Tag { weak, text }),
                None if part == "*" => {}
                None => return Err(refused()),
            }
        }
    }
    match (any, list.is_empty()) {
        (true, true) => Ok(Some(Tags::Any)),
        (true, false) => Err(refused()),
        (false, true) if headers.contains_key(name) => Err(refused()),
        (false, true) => Ok(None),
        (false, false) => Ok(Some(Tags::List(list))),
    }
}

/// A version as we write it: no sign, no leading zero.
fn version(text: &str) -> Option<Version> {
    let version = text.parse().ok().map(Version)?;
    (version.to_string() == text).then_some(version)
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key under which a command may be repeated: 1 to 255 visible ASCII characters. Taken as `Option<IdempotencyKey>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let mut values = parts.headers.get_all(&IDEMPOTENCY_KEY).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.as_bytes(),
            (Some(_), Some(_)) => return Err(Problem::new(Code::InvalidIdempotencyKey)),
        };
        let fits = (1..=255).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        match str::from_utf8(value) {
            Ok(text) if fits => Ok(Some(Self(text.to_owned()))),
            Ok(_) | Err(_) => Err(Problem::new(Code::InvalidIdempotencyKey)),
        }
    }
}
