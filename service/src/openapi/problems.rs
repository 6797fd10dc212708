//! How operations fail: each status with the codes that it may come with, and no `default` behind which one could hide.

use super::operations;
use crate::problem::{Code, FieldError, ProblemBody};
use std::collections::BTreeMap;
use utoipa::{
    ToSchema,
    openapi::{
        AllOf, ComponentsBuilder, Content, Object, OpenApi, Ref, RefOr, Response, Schema,
        path::{Operation, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

/// Where an operation names the codes that are its own.
const OWN: &str = "x-problems";

/// Adds to every operation the answers to requests that were not done.
pub(super) fn describe(document: &mut OpenApi) {
    for (path, is_command, operation) in operations(document) {
        let ours = path.starts_with("/api/");
        let own = own_codes(operation);
        let codes = Code::ALL
            .iter()
            .filter(|code| own.contains(code) || may_fail(ours, is_command, operation, **code));
        let mut by_status = BTreeMap::<_, Vec<Code>>::new();
        for code in codes {
            by_status.entry(code.status().as_str().to_owned()).or_default().push(*code);
        }
        let responses = &mut operation.responses.responses;
        responses.remove("default");
        for (status, codes) in by_status {
            responses.entry(status).or_insert_with(|| problem(&codes).into());
        }
    }
    let schemas = ComponentsBuilder::from(document.components.take().unwrap_or_default());
    document.components = Some(schemas.schema_from::<ProblemBody>().schema_from::<FieldError>().build());
}

/// The codes that an operation names; a word that is none of them is noticed by the test that looks for each in the
/// document.
fn own_codes(operation: &mut Operation) -> Vec<Code> {
    let named = operation.extensions.as_mut().and_then(|extensions| extensions.remove(OWN));
    let named: Vec<String> = named.and_then(|codes| serde_json::from_value(codes).ok()).unwrap_or_default();
    let known = |named: &String| Code::ALL.iter().find(|code| code.as_str() == named).copied();
    named.iter().filter_map(known).collect()
}

/// Whether operations of this kind may answer with this code, whatever they do.
fn may_fail(ours: bool, is_command: bool, operation: &Operation, code: Code) -> bool {
    let parameters = || {
        operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
    };
    let with = |place: ParameterIn| parameters().any(|parameter| parameter.parameter_in == place);
    let named = |name: &str| parameters().any(|parameter| parameter.name == name);
    let has_body = operation.request_body.is_some();
    // Beside nobody at all, who may be refused is who may not do more than whom they command, and a key in a person's place.
    let is_signed =
        operation.security.iter().flatten().any(|security| {
            serde_json::to_value(security).is_ok_and(|security| !security["bearer"].is_null())
        });
    match code {
        Code::MalformedRequest
        | Code::NotAcceptable
        | Code::UriTooLong
        | Code::HeadersTooLarge
        | Code::Internal
        | Code::Unavailable => true,
        Code::TooManyRequests | Code::Overloaded | Code::HttpsRequired => ours,
        Code::InvalidPosition | Code::ReadModelBehind => ours && !is_command,
        Code::InvalidIdempotencyKey
        | Code::IdempotencyKeyReused
        | Code::RequestTimeout
        | Code::ContentTooLarge
        | Code::Contended => is_command,
        Code::MalformedJson | Code::UnsupportedMediaType => has_body,
        Code::Validation => has_body || with(ParameterIn::Query),
        Code::InvalidCursor => named("cursor"),
        Code::PreconditionFailed => named("If-Match"),
        Code::NotFound => with(ParameterIn::Path),
        Code::CrossSite => is_signed && is_command,
        Code::Unauthenticated | Code::InvalidToken | Code::Forbidden | Code::SecondFactorMissing => is_signed,
        // The rules of single operations, which they name.
        Code::InvalidCredentials
        | Code::SecondFactorRequired
        | Code::InsufficientUserAuthentication
        | Code::NoSecondFactor
        | Code::SecondFactorDemanded
        | Code::InvalidRefreshToken
        | Code::InvalidMailToken
        | Code::RegistrationClosed
        | Code::MethodNotAllowed
        | Code::Conflict
        | Code::EmailTaken
        | Code::LastAdmin
        | Code::BuiltInRole
        | Code::RoleUnknown
        | Code::UserDeleted
        | Code::TooManyAttempts
        | Code::LegalHold
        | Code::TooManyRoles
        | Code::TooManyKeys
        | Code::HistoryFull => false,
    }
}

/// A problem with one of these codes, which are all of one status.
fn problem(codes: &[Code]) -> Response {
    let lines = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title()));
    let mut response = Response::new(lines.collect::<Vec<_>>().join("\n"));
    let one_of = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes.iter().map(|code| code.as_str())))
        .build();
    let narrowed: Object = ObjectBuilder::new().property("code", one_of).build();
    let mut schema = AllOf::new();
    schema.items =
        vec![Ref::from_schema_name(ProblemBody::name()).into(), RefOr::T(Schema::Object(narrowed))];
    let content = Content::new(Some(RefOr::T(Schema::AllOf(schema))));
    response.content.insert("application/problem+json".into(), content.into());
    response
}
