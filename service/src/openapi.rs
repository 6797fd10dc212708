//! What the OpenAPI document says of headers: once, for all operations that they belong to.
//!
//! What an operation's method and path decide is added by [`describe_headers`]. That a command can be held to a version
//! it says itself, by naming [`IfMatch`] among its parameters.

use crate::extract::IfMatch;
use utoipa::{
    IntoParams,
    openapi::{
        OpenApi, PathItem, RefOr, Required, Response, Schema,
        header::{Header, HeaderBuilder},
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

/// A header's name and what is said of it.
type Said = (&'static str, &'static str);

const REQUEST_ID: Said =
    ("X-Request-Id", "1 to 64 of `A-Za-z0-9_-`, for logs and events. One is made when there is none.");
const TRACE: Said = ("traceparent", "W3C trace context, kept in the events that follow.");
const IDEMPOTENCY_KEY: Said = (
    "Idempotency-Key",
    "1 to 255 visible ASCII characters. For a day the same key with the same body answers as the first time.",
);
const MIN_POSITION: Said = (
    "Evident-Min-Position",
    "The `Evident-Position` of a command, exactly as it came: the answer includes what that command did.",
);
const IF_MATCH: Said = ("If-Match", "The `ETag` that was read: 412 unless it is the present one.");

const REQUEST_ID_ANSWERED: Said = ("X-Request-Id", "The request's id, under which the log tells more.");
const POSITION: Said =
    ("Evident-Position", "The answer reflects everything up to here. For `Evident-Min-Position`.");
const ETAG: Said = ("ETag", "The version, for `If-Match`.");
const LOCATION: Said = ("Location", "Where what was created is read.");
const RETRY_AFTER: Said = ("Retry-After", "With 429 and 503: whole seconds to wait.");
const RATE_LIMIT: Said = ("RateLimit", "With 429: what is left of the limit, and for how long.");
const RATE_LIMIT_POLICY: Said = ("RateLimit-Policy", "With 429: the limit.");
const CHALLENGE: Said = ("WWW-Authenticate", "With 401 and 403: as RFC 6750 wants it.");

/// What is read or written by one request at a time, and so has an `ETag`.
const VERSIONED: [&str; 2] = ["#/components/schemas/User", "#/components/schemas/Role"];

/// Adds to every operation the headers that it understands and answers with.
pub fn describe_headers(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let ours = path.starts_with("/api/");
        for (is_command, operation) in operations(item) {
            let mut understood = vec![REQUEST_ID, TRACE];
            match (ours, is_command) {
                (true, true) => understood.push(IDEMPOTENCY_KEY),
                (true, false) => understood.push(MIN_POSITION),
                (false, _) => {}
            }
            operation
                .parameters
                .get_or_insert_default()
                .extend(understood.into_iter().map(|said| parameter(said).into()));
            let signed = operation.security.is_some();
            for (status, response) in &mut operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                let answered = answered(status, response, ours, signed);
                response
                    .headers
                    .extend(answered.into_iter().map(|said| (said.0.to_owned(), header(said.1).into())));
            }
        }
    }
}

/// Each operation of a path, and whether it is a command.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let commands = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    let commands = commands.into_iter().flatten().map(|operation| (true, operation));
    commands.chain(item.get.iter_mut().map(|operation| (false, operation)))
}

fn answered(status: &str, response: &Response, ours: bool, signed: bool) -> Vec<Said> {
    let mut said = vec![REQUEST_ID_ANSWERED];
    if status == "default" {
        said.extend([RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY]);
        said.extend(signed.then_some(CHALLENGE));
        return said;
    }
    said.extend(ours.then_some(POSITION));
    said.extend((shows_a_version(response) || status == "304").then_some(ETAG));
    said.extend((status == "201" && shows(response, VERSIONED[0])).then_some(LOCATION));
    said
}

fn shows_a_version(response: &Response) -> bool {
    VERSIONED.iter().any(|schema| shows(response, schema))
}

fn shows(response: &Response, schema: &str) -> bool {
    response.content.values().any(|content| {
        let RefOr::T(content) = content else { return false };
        matches!(&content.schema, Some(RefOr::Ref(shown)) if shown.ref_location == schema)
    })
}

fn parameter((name, description): Said) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text()))
        .build()
}

fn header(description: &str) -> Header {
    HeaderBuilder::new().schema(Some(text())).description(Some(description)).build()
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(IF_MATCH)]
    }
}
