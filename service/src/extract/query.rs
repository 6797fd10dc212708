//! Query parameters.

use super::fields;
use crate::problem::{Code, FieldError, Problem};
use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::{Uri, request::Parts};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{Error, MapDeserializer},
    },
    forward_to_deserialize_any,
};
use std::collections::BTreeSet;

/// The query. `T` MUST refuse unknown fields (`deny_unknown_fields`); its fields are texts, numbers, booleans, names of
/// variants, and options of these.
///
/// Refuses with `malformed-request` for a parameter that comes twice or is not known here, and with `validation` for one
/// whose value is not a possible one.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.uri).map(Query)
    }
}

fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let pairs = AxumQuery::<Vec<(String, String)>>::try_from_uri(uri);
    let AxumQuery(pairs) = pairs.map_err(|_| Problem::new(Code::MalformedRequest))?;
    let mut names = BTreeSet::new();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !names.insert(name)) {
        let pointer = format!("/{}", fields::escape(name));
        let twice = FieldError::new(pointer, "duplicate_field", "This stands here twice.");
        return Err(Problem::new(Code::MalformedRequest).errors(vec![twice]));
    }
    let pairs = MapDeserializer::new(pairs.iter().map(|(name, value)| (name.as_str(), Text(value))));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let refused = fields::refused(&error);
        let unknown = refused.code == "unknown_field";
        let code = if unknown { Code::MalformedRequest } else { Code::Validation };
        Problem::new(code).errors(vec![refused])
    })
}

/// A parameter's value: a text, and whatever that text can be read as.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'a> IntoDeserializer<'a, Error> for Text<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! read_as {
    ($($deserialize:ident $visit:ident $expected:literal;)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Error::invalid_value(Unexpected::Str(self.0), &$expected)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    read_as! {
        deserialize_bool visit_bool "true or false";
        deserialize_u8 visit_u8 "a number";
        deserialize_u16 visit_u16 "a number";
        deserialize_u32 visit_u32 "a number";
        deserialize_u64 visit_u64 "a number";
        deserialize_i64 visit_i64 "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
