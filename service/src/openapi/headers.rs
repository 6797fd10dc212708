//! Headers: once, for all operations that they belong to.

use super::operations;
use crate::{browser::Delivery, extract::IfMatch};
use utoipa::{
    IntoParams,
    openapi::{
        OpenApi, RefOr, Required, Response, Schema,
        header::{Header, HeaderBuilder},
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

/// A header's name, what is said of it, and its form.
type Said = (&'static str, &'static str, Form);

const REQUEST_ID: Said = (
    "X-Request-Id",
    "1 to 64 of `A-Za-z0-9_-`, for logs and events. One is made when there is none of this form.",
    Form::Text,
);
const TRACE: Said = ("traceparent", "W3C trace context, kept in the events that follow.", Form::Text);
const IDEMPOTENCY_KEY: Said = (
    "Idempotency-Key",
    "1 to 255 visible ASCII characters. For a day the same key with the same body answers as the first time.",
    Form::Like("^[!-~]{1,255}$"),
);
const MIN_POSITION: Said = (
    "Evident-Min-Position",
    "The `Evident-Position` of a command, exactly as it came: the answer includes what that command did.",
    Form::Opaque("evident-position"),
);
const IF_MATCH: Said = (
    "If-Match",
    "`ETag`s, one of which was read, or `*`: 412 unless one is the present one.",
    Form::Like(r#"^([*]|"[0-9]+"(, "[0-9]+")*)$"#),
);
const TOKEN_DELIVERY: Said = (
    "Evident-Token-Delivery",
    "`cookie`: browsers get tokens as cookies, and none in the body. Else `body`.",
    Form::Like("^(body|cookie)$"),
);

const REQUEST_ID_ANSWERED: Said = (
    "X-Request-Id",
    "The request's id, under which the log tells more.",
    Form::Like("^[A-Za-z0-9_-]{1,64}$"),
);
const POSITION: Said = (
    "Evident-Position",
    "The answer reflects everything up to here. For `Evident-Min-Position`.",
    Form::Opaque("evident-position"),
);
const ETAG: Said = ("ETag", "The version, for `If-Match`.", Form::Like(r#"^"[0-9]+"$"#));
const LOCATION: Said = ("Location", "Where what was created is read.", Form::Like("^/api/v1/"));
const RETRY_AFTER: Said = ("Retry-After", "Whole seconds to wait.", Form::Number);
const RATE_LIMIT: Said = (
    "RateLimit",
    "What is left of each limit that this request was counted in, and in how many seconds there is more.",
    Form::Text,
);
const RATE_LIMIT_POLICY: Said = ("RateLimit-Policy", "Those limits.", Form::Text);
const CHALLENGE: Said = ("WWW-Authenticate", "As RFC 6750 wants it.", Form::Like("^Bearer"));
const ALLOW: Said = ("Allow", "What can be done.", Form::Text);

/// What is read or written by one request at a time, and so has an `ETag`.
const VERSIONED: [&str; 2] = ["#/components/schemas/User", "#/components/schemas/Role"];

/// Adds to every operation the headers that it understands and answers with.
pub(super) fn describe(document: &mut OpenApi) {
    for (path, is_command, operation) in operations(document) {
        let ours = path.starts_with("/api/");
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
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            let answered = answered(status, response, ours);
            response
                .headers
                .extend(answered.into_iter().map(|said| (said.0.to_owned(), header(said).into())));
        }
    }
}

fn answered(status: &str, response: &Response, ours: bool) -> Vec<Said> {
    let mut said = vec![REQUEST_ID_ANSWERED];
    if ours {
        said.extend([RATE_LIMIT, RATE_LIMIT_POLICY]);
    }
    match status {
        "401" | "403" => said.push(CHALLENGE),
        "405" => said.push(ALLOW),
        "429" | "503" => said.push(RETRY_AFTER),
        _ => {}
    }
    if status.starts_with(['2', '3']) {
        said.extend(ours.then_some(POSITION));
        said.extend((shows_a_version(response) || status == "304").then_some(ETAG));
        said.extend((status == "201" && shows(response, VERSIONED[0])).then_some(LOCATION));
    }
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

fn parameter((name, description, form): Said) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(form.schema()))
        .build()
}

fn header((_, description, form): Said) -> Header {
    HeaderBuilder::new().schema(Some(form.schema())).description(Some(description)).build()
}

/// What a header's value looks like.
#[derive(Clone, Copy)]
enum Form {
    /// Any text: what does not help is passed over.
    Text,
    /// A text of this form (a regular expression).
    Like(&'static str),
    /// A text that is ours, by the name of its form.
    Opaque(&'static str),
    /// A whole number, not negative.
    Number,
}

impl Form {
    fn schema(self) -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        match self {
            Form::Text => text.build(),
            Form::Like(pattern) => text.pattern(Some(pattern)).build(),
            Form::Opaque(name) => text.format(Some(SchemaFormat::Custom(name.into()))).build(),
            Form::Number => {
                let format = Some(SchemaFormat::KnownFormat(KnownFormat::Int32));
                ObjectBuilder::new().schema_type(Type::Integer).format(format).minimum(Some(0)).build()
            }
        }
        .into()
    }
}

impl IntoParams for Delivery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(TOKEN_DELIVERY)]
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(IF_MATCH)]
    }
}
