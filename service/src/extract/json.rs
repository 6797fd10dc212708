//! JSON bodies, read twice: once as JSON, so that what is malformed anywhere is malformed; once as what is meant.

use super::{body, fields};
use crate::problem::{Code, FieldError, Problem};
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use std::{cell::RefCell, collections::BTreeSet, fmt};

/// A body. `T` MUST refuse unknown fields (`deny_unknown_fields`).
///
/// Refuses with `unsupported-media-type`, `content-too-large`, `request-timeout`, `malformed-json`, or `validation`
/// with a JSON pointer to the first field that is not what it should be.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.method(), request.headers()) {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let bytes = body::read(request).await?;
        read(&bytes).map(Json)
    }
}

/// `application/json`, in UTF-8; for PATCH also its merge-patch (RFC 7396). A plain HTML form can send neither.
fn is_json(method: &Method, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let (media_type, parameters) = text.split_once(';').unwrap_or((text, ""));
    let media_type = media_type.trim();
    let merge_patch =
        method == Method::PATCH && media_type.eq_ignore_ascii_case("application/merge-patch+json");
    let utf8 =
        ["", "charset=utf-8", "charset=\"utf-8\""].contains(&parameters.trim().to_ascii_lowercase().as_str());
    utf8 && (merge_patch || media_type.eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let duplicates = check(bytes).map_err(|_| Problem::new(Code::MalformedJson))?;
    if !duplicates.is_empty() {
        return Err(Problem::validation(duplicates));
    }
    // Derived structs can also be read from arrays, field by field; a body of ours is an object.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::validation(vec![FieldError::new(
            "",
            "invalid_type",
            "The body must be an object.",
        )]));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Problem::validation(vec![fields::refused(&error)]))
}

/// Reads all of it as JSON, and finds the fields that stand there twice: which of the two is meant nobody can know.
fn check(bytes: &[u8]) -> serde_json::Result<Vec<FieldError>> {
    let found = RefCell::new(Vec::new());
    let mut json = serde_json::Deserializer::from_slice(bytes);
    Walk { at: String::new(), duplicates: &found }.deserialize(&mut json)?;
    json.end()?;
    Ok(found.into_inner())
}

struct Walk<'a> {
    at: String,
    duplicates: &'a RefCell<Vec<FieldError>>,
}

impl<'a> Walk<'a> {
    fn step(&self, segment: &str) -> Walk<'a> {
        Walk { at: format!("{}/{}", self.at, fields::escape(segment)), duplicates: self.duplicates }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let inner = self.step(&key);
            // One is enough to say; a body full of them is not answered with a list as long.
            if !seen.insert(key) && self.duplicates.borrow().is_empty() {
                let error = FieldError::new(inner.at.clone(), "duplicate_field", "This stands here twice.");
                self.duplicates.borrow_mut().push(error);
            }
            map.next_value_seed(inner)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while sequence.next_element_seed(self.step(&index.to_string()))?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
