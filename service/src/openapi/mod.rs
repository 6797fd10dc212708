//! What the OpenAPI document says of all operations alike: the headers that they understand and answer with, and how
//! they fail. What an operation's method, path, security and parameters decide is added here; what is its own it says
//! itself: that it can be held to a version by naming [`IfMatch`](crate::extract::IfMatch) among its parameters, and
//! which rules may say no by the codes in its extension `x-problems`.

mod cookies;
mod headers;
mod passwords;
mod problems;
mod texts;

pub use cookies::describe_cookies;
pub use passwords::describe_new_passwords;
pub use texts::{HoldText, PermissionText, RoleText};

use utoipa::openapi::{
    OpenApi, PathItem, RefOr, Required, Schema,
    path::Operation,
    schema::{OneOf, SchemaType, Type},
};

/// Completes every operation of the document.
pub fn describe(document: &mut OpenApi) {
    problems::describe(document);
    headers::describe(document);
    for (_, _, operation) in operations(document) {
        unwrap_optional_body(operation);
    }
}

/// Each operation with its path, and whether it is a command.
fn operations(document: &mut OpenApi) -> impl Iterator<Item = (&str, bool, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        let commands = [put, post, delete, patch].into_iter().flatten();
        let commands = commands.map(|operation| (path.as_str(), true, operation));
        commands.chain(get.iter_mut().map(|operation| (path.as_str(), false, operation)))
    })
}

/// A body that may be left out is not one that may be `null`, which is what an `Option` comes to in the document.
fn unwrap_optional_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(OneOf { items, .. }))) = &content.schema else { continue };
        let nothing = |item: &&RefOr<Schema>| matches!(item, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
        if let [one] = items.iter().filter(|item| !nothing(item)).collect::<Vec<_>>()[..] {
            content.schema = Some(one.clone());
            body.required = Some(Required::False);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// What the document says of one operation, once it is complete.
    fn described(path: &str, method: &str, operation: Value) -> Value {
        let mut document: OpenApi = serde_json::from_value(json!({
            "openapi": "3.1.0",
            "info": {"title": "", "version": ""},
            "paths": {path: {method: operation}},
        }))
        .expect("a document");
        describe(&mut document);
        serde_json::to_value(&document).expect("JSON")["paths"][path][method].clone()
    }

    fn codes(operation: &Value, status: &str) -> Value {
        let schema = &operation["responses"][status]["content"]["application/problem+json"]["schema"];
        schema["allOf"][1]["properties"]["code"]["enum"].clone()
    }

    #[test]
    fn an_operation_says_how_it_fails_by_what_it_is_and_by_what_it_names() {
        let operation = json!({
            "operationId": "renameThing",
            "security": [{"bearer": ["things:write"]}],
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": {"204": {"description": ""}, "default": {"description": ""}},
            "x-problems": ["last-admin", "email-taken"],
        });
        let operation = described("/api/v1/things/{id}", "put", operation);
        assert_eq!(codes(&operation, "401"), json!(["unauthenticated", "invalid-token"]));
        let refused = json!(["forbidden", "second-factor-missing", "https-required", "cross-site"]);
        assert_eq!(codes(&operation, "403"), refused);
        assert_eq!(codes(&operation, "404"), json!(["not-found"]));
        assert_eq!(codes(&operation, "409"), json!(["email-taken", "last-admin"]));
        assert_eq!(codes(&operation, "412"), Value::Null);
        assert_eq!(codes(&operation, "415"), json!(["unsupported-media-type"]));
        let headers = &operation["responses"]["429"]["headers"];
        for header in ["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"] {
            assert!(headers[header].is_object(), "{header}");
        }
        for status in ["204", "401", "404"] {
            assert!(operation["responses"][status]["headers"]["RateLimit"].is_object(), "{status}");
        }
        assert!(operation["responses"]["default"].is_null() && operation["x-problems"].is_null());
    }

    #[test]
    fn a_query_of_machines_needs_nobody_and_no_position() {
        let operation = described("/health", "get", json!({"responses": {"200": {"description": ""}}}));
        for status in ["401", "403", "404", "413", "422"] {
            assert!(operation["responses"][status].is_null(), "{status}");
        }
        assert_eq!(codes(&operation, "500"), json!(["internal"]));
        assert!(operation["responses"]["200"]["headers"]["RateLimit"].is_null());
    }

    #[test]
    fn a_body_that_may_be_left_out_may_not_be_null() {
        let object = json!({"type": "object"});
        let either = json!({"oneOf": [object, {"type": "null"}]});
        let operation = json!({
            "requestBody": {"content": {"application/json": {"schema": either}}},
            "responses": {"204": {"description": ""}},
        });
        let body = described("/api/v1/auth/logout", "post", operation)["requestBody"].clone();
        assert_eq!(body["content"]["application/json"]["schema"], object);
        assert_eq!(body["required"], false);
    }
}
