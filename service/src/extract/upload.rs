//! Files: `multipart/form-data` (RFC 7578), read whole and within the bound of their route.

use super::body;
use crate::problem::{Code, FieldError, Problem};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use std::collections::BTreeMap;

/// The most fields of one form.
const MAX_FIELDS: usize = 8;

/// A form: files and texts by the names of their fields, each of which stands there once.
#[derive(Debug, Default)]
pub struct Upload(BTreeMap<String, Bytes>);

impl Upload {
    /// Takes a file out; a form without it is refused.
    ///
    /// # Errors
    ///
    /// `validation`.
    pub fn file(&mut self, name: &'static str) -> Result<Bytes, Problem> {
        let missing = || FieldError::new(format!("/{name}"), "required", "This is required.");
        self.0.remove(name).ok_or_else(|| Problem::validation(vec![missing()]))
    }

    /// Takes a short text out, if it is there, as one of these.
    ///
    /// # Errors
    ///
    /// `validation`.
    pub fn one_of<T: Copy>(&mut self, name: &'static str, known: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        let found = known.iter().find(|(word, _)| word.as_bytes() == text);
        let unknown =
            || FieldError::new(format!("/{name}"), "unknown_value", "This is none of the possible values.");
        found.map(|(_, value)| Some(*value)).ok_or_else(|| Problem::validation(vec![unknown()]))
    }

    /// Refuses a form in which anything is left: it was meant for something else.
    ///
    /// # Errors
    ///
    /// `validation`.
    pub fn nothing_else(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => {
                let pointer = format!("/{}", super::fields::escape(&name));
                let error = FieldError::new(pointer, "unknown_field", "There is no such field.");
                Err(Problem::validation(vec![error]))
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE).cloned();
        let is_form = |text: &str| {
            let media_type = text.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("multipart/form-data")
        };
        let wrong =
            || Problem::new(Code::UnsupportedMediaType).detail("The body must be multipart/form-data.");
        let content_type =
            content_type.filter(|value| value.to_str().is_ok_and(is_form)).ok_or_else(wrong)?;
        let bytes = body::read(request).await?;
        let mut request = Request::new(Body::from(bytes));
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        // It is in memory already, and no longer than its route takes.
        DefaultBodyLimit::disable().apply(&mut request);
        read(Multipart::from_request(request, &()).await.map_err(|_| wrong())?).await
    }
}

async fn read(mut form: Multipart) -> Result<Upload, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest).detail("The form is not well formed.");
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let name = field.name().ok_or_else(malformed)?.to_owned();
        if upload.0.len() == MAX_FIELDS {
            return Err(malformed());
        }
        let bytes = field.bytes().await.map_err(|_| malformed())?;
        let pointer = format!("/{}", super::fields::escape(&name));
        if upload.0.insert(name, bytes).is_some() {
            let error = FieldError::new(pointer, "duplicate_field", "This stands here twice.");
            return Err(Problem::validation(vec![error]));
        }
    }
    Ok(upload)
}
