//! Problems: how every error answers (RFC 9457). The texts are for people, the codes are for programs and stay.

use crate::rate_limit::{self, Left, Limit, whole_seconds};
use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, error::Error, time::Duration};
use utoipa::{IntoResponses, ToSchema};

macro_rules! codes {
    ($($name:ident $text:literal $status:ident $title:literal;)*) => {
        /// Every way in which a request can fail. The text of a code never changes once it has been served.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All of them, in the order of their statuses.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as it stands in `code` and at the end of `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The status that it answers with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)* }
            }

            /// The same sentence each time, for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    MalformedJson "malformed-json" BAD_REQUEST "The body is not JSON in UTF-8";
    MalformedRequest "malformed-request" BAD_REQUEST "The request is not well formed";
    InvalidCursor "invalid-cursor" BAD_REQUEST "The cursor is not one of this list with these filters";
    InvalidPosition "invalid-position" BAD_REQUEST "The position is not one that this service gave";
    InvalidIdempotencyKey "invalid-idempotency-key" BAD_REQUEST "An Idempotency-Key is 1 to 255 visible ASCII characters";
    InvalidMailToken "invalid-mail-token" BAD_REQUEST "The link does not hold, or no longer";
    Unauthenticated "unauthenticated" UNAUTHORIZED "Sign in first";
    InvalidToken "invalid-token" UNAUTHORIZED "The access token does not hold, or no longer";
    InvalidCredentials "invalid-credentials" UNAUTHORIZED "Address and password do not go together";
    SecondFactorRequired "second-factor-required" UNAUTHORIZED "A code of the second factor is needed, too";
    InvalidRefreshToken "invalid-refresh-token" UNAUTHORIZED "The refresh token does not hold, or no longer";
    InsufficientUserAuthentication "insufficient-user-authentication" UNAUTHORIZED "Prove once more who you are";
    Forbidden "forbidden" FORBIDDEN "You may not do this";
    SecondFactorMissing "second-factor-missing" FORBIDDEN "A second factor is demanded of you";
    HttpsRequired "https-required" FORBIDDEN "This is answered over https alone";
    CrossSite "cross-site" FORBIDDEN "A browser sent this from a page that may not";
    RegistrationClosed "registration-closed" FORBIDDEN "Nobody can register here";
    NotFound "not-found" NOT_FOUND "There is nothing here";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "This cannot be done to what is here";
    NotAcceptable "not-acceptable" NOT_ACCEPTABLE "The answer would be JSON, which is not accepted";
    RequestTimeout "request-timeout" REQUEST_TIMEOUT "The request took too long to arrive";
    Conflict "conflict" CONFLICT "This does not fit the present state";
    EmailTaken "email-taken" CONFLICT "Somebody has this address already";
    LastAdmin "last-admin" CONFLICT "Nobody else could act as admin";
    LegalHold "legal-hold" CONFLICT "A legal hold stands";
    BuiltInRole "built-in-role" CONFLICT "A built-in role stays as it is";
    RoleUnknown "role-unknown" CONFLICT "There is no such role";
    TooManyRoles "too-many-roles" CONFLICT "The user has as many roles as anybody can have";
    TooManyKeys "too-many-keys" CONFLICT "The account has as many keys as it can have";
    HistoryFull "history-full" CONFLICT "The account was changed as often as it may be";
    NoSecondFactor "no-second-factor" CONFLICT "There is no second factor, or none to confirm";
    SecondFactorDemanded "second-factor-demanded" CONFLICT "The second factor is demanded, and stays";
    UserDeleted "user-deleted" CONFLICT "The account is deleted";
    PreconditionFailed "precondition-failed" PRECONDITION_FAILED "It has changed since you saw it";
    ContentTooLarge "content-too-large" PAYLOAD_TOO_LARGE "The body is too large";
    UriTooLong "uri-too-long" URI_TOO_LONG "The address of the request is too long";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body must be application/json";
    Validation "validation" UNPROCESSABLE_ENTITY "The request does not hold what it should";
    IdempotencyKeyReused "idempotency-key-reused" UNPROCESSABLE_ENTITY "The Idempotency-Key came with another body before";
    TooManyAttempts "too-many-attempts" TOO_MANY_REQUESTS "Too many attempts; try again later";
    TooManyRequests "too-many-requests" TOO_MANY_REQUESTS "Too many requests; slow down";
    HeadersTooLarge "headers-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "The headers are too many or too large";
    Internal "internal" INTERNAL_SERVER_ERROR "Something is broken here";
    ReadModelBehind "read-model-behind" SERVICE_UNAVAILABLE "What you want to see is not here yet";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "Too much to do; try again later";
    Unavailable "unavailable" SERVICE_UNAVAILABLE "Something that is needed cannot be reached";
    Contended "contended" SERVICE_UNAVAILABLE "Others were faster each time; try again";
}

impl Code {
    /// What RFC 9110 §11.6.1 and RFC 6750 §3 want beside a refused credential.
    const fn challenge(self) -> Option<&'static str> {
        if matches!(self, Code::InvalidToken) {
            Some("Bearer error=\"invalid_token\"")
        } else if matches!(self, Code::InsufficientUserAuthentication) {
            Some("Bearer error=\"insufficient_user_authentication\"")
        } else if matches!(self, Code::Forbidden) {
            Some("Bearer error=\"insufficient_scope\"")
        } else if self.status().as_u16() == 401 {
            Some("Bearer")
        } else {
            None
        }
    }
}

/// One thing that is wrong with a request, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901) into the body; for a query, `/` and the parameter's name.
    pub pointer: String,
    /// What, for programs.
    pub code: Cow<'static, str>,
    /// What, for people.
    pub detail: Cow<'static, str>,
}

impl FieldError {
    /// One thing that is wrong at `pointer`.
    #[must_use]
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// Why a request gets no answer. It knows nothing that the one who asked may not know, but for its cause, which is
/// logged and never answered.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    cause: Option<String>,
    /// Whether what is asked for may well be there.
    hides: bool,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl Problem {
    /// A problem of this kind. One that passes by itself says when to try again.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = code.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let problem = Self(Box::new(Parts {
            code,
            detail: None,
            errors: Vec::new(),
            headers,
            cause: None,
            hides: false,
        }));
        if code.status() == StatusCode::SERVICE_UNAVAILABLE {
            return problem.retry_after(Duration::from_secs(1));
        }
        problem
    }

    /// A request whose fields are wrong. `errors` MUST NOT be empty.
    #[must_use]
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self::new(Code::Validation).errors(errors)
    }

    /// 404 to whoever may not even know whether it is there. The answer is that of [`Code::NotFound`], whatever there is;
    /// whoever watches for attacks is told that somebody asked for what is not theirs.
    #[must_use]
    pub fn hidden() -> Self {
        let mut problem = Self::new(Code::NotFound);
        problem.0.hides = true;
        problem
    }

    /// Disk, network, a corrupt fact: 500, with nothing but a request id. The frame logs the cause, once.
    #[must_use]
    pub fn broken(error: impl Error) -> Self {
        Self::new(Code::Internal).because(error)
    }

    /// Says more about this one case, in a sentence. MUST NOT hold anything that is secret or of another person.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says which fields are wrong.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Says when trying again may help, in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)))
    }

    /// 429: one attempt too many at what is limited so, until `wait` has passed. Says the limit as
    /// `draft-ietf-httpapi-ratelimit-headers-10` writes it.
    #[must_use]
    pub fn limited(code: Code, limit: Limit, wait: Duration) -> Self {
        let mut problem = Self::new(code).retry_after(wait);
        rate_limit::tell(&mut problem.0.headers, &[Left { limit, attempts: 0, more_in: wait }]);
        problem
    }

    /// 401: whoever asks proved who they are longer ago than this allows (RFC 9470 §3).
    #[must_use]
    pub fn stale_authentication(max_age: Duration) -> Self {
        let challenge = format!(
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"A more recent authentication is required\", max_age=\"{}\"",
            max_age.as_secs()
        );
        let problem = Self::new(Code::InsufficientUserAuthentication);
        match HeaderValue::try_from(challenge) {
            Ok(value) => problem.header(WWW_AUTHENTICATE, value),
            // Digits and plain words are always a header's value.
            Err(_) => problem,
        }
    }

    /// Adds a header to the answer, in place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Keeps what led here, with everything beneath it, for the log alone.
    #[must_use]
    pub fn because(mut self, error: impl Error) -> Self {
        let mut cause = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            let text = source.to_string();
            // Errors that quote their source in their own text would say it twice.
            if !cause.ends_with(&text) {
                cause.push_str(": ");
                cause.push_str(&text);
            }
            next = source.source();
        }
        self.0.cause = Some(cause);
        self
    }

    /// The kind of problem.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Whether it keeps from its caller that they may not do this.
    pub(crate) fn hides(&self) -> bool {
        self.0.hides
    }

    /// What led here, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The answer's body. The frame knows the request's id; an answer that passes no frame has none.
    pub(crate) fn body(&self, request_id: Option<&str>) -> Vec<u8> {
        let Parts { code, detail, errors, headers: _, cause: _, hides: _ } = &*self.0;
        let body = ProblemBody {
            kind: format!("urn:evident:problem:{}", code.as_str()),
            title: code.title().into(),
            status: code.status().as_u16(),
            detail: detail.clone().unwrap_or(Cow::Borrowed(code.title())),
            code: code.as_str().into(),
            request_id: request_id.unwrap_or_default().to_owned(),
            errors: (!errors.is_empty()).then(|| errors.clone()),
        };
        // Texts and numbers always serialise.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    /// The frame finds the problem among the response's extensions, logs its cause and adds the request's id.
    fn into_response(self) -> Response {
        let mut response = (self.code().status(), self.headers().clone(), self.body(None)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.extensions_mut().insert(self);
        response
    }
}

/// How an error answers: RFC 9457, with `code`, `request_id` and, for validation, `errors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:evident:problem:` and the code, which has its paragraph in `/docs/PROBLEMS.md`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong; the same sentence for the same code.
    pub title: Cow<'static, str>,
    /// The status of the answer.
    pub status: u16,
    /// What went wrong this time.
    pub detail: Cow<'static, str>,
    /// What went wrong, for programs.
    pub code: Cow<'static, str>,
    /// The id under which the service's log tells more.
    pub request_id: String,
    /// Which fields are wrong; with `validation` and refused query parameters only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Vec<FieldError>)]
    pub errors: Option<Vec<FieldError>>,
}

/// For the OpenAPI document: an operation that is not done answers like this. [`crate::openapi::describe`] says with which
/// statuses and codes.
#[derive(Debug, IntoResponses)]
pub enum Problems {
    /// What went wrong: `code` says it to programs.
    #[response(status = "default", content_type = "application/problem+json")]
    Problem(#[to_schema] ProblemBody),
}

#[cfg(test)]
mod tests;
