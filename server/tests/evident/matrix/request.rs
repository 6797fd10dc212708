//! What is sent to each operation, so that who may do it gets it done.

use super::{
    stage::{Person, Stage, in_an_hour, text},
    table::Operation,
};
use crate::support::PASSWORD;
use serde_json::{Value, json};

/// A red dot (PNG).
const PICTURE: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\
    \x08\x02\x00\x00\x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\x54\x78\x9c\x63\xf8\xcf\xc0\x00\
    \x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// The path and the body of one request of `caller` about somebody.
pub(super) async fn of(
    stage: &mut Stage,
    operation: &Operation,
    caller: Option<&Person>,
    about: &Person,
) -> (String, Option<Value>) {
    let mut path = operation.path.clone();
    while let Some(name) = parameter(&path) {
        let value = filled(stage, operation, &path, &name, about).await;
        path = path.replacen(&format!("{{{name}}}"), &value, 1);
    }
    (path, body(stage, operation, caller.unwrap_or(about)))
}

fn parameter(path: &str) -> Option<String> {
    let (_, rest) = path.split_once('{')?;
    rest.split_once('}').map(|(name, _)| name.to_owned())
}

/// The form that is sent where a body is one: its content type, and itself.
pub(super) fn form(stage: &mut Stage, operation: &Operation) -> Option<(&'static str, Vec<u8>)> {
    let file = match operation.id.as_str() {
        "importUsers" => format!("email\n{}\n", stage.fresh_email()).into_bytes(),
        "putPicture" => PICTURE.to_vec(),
        _ => return None,
    };
    Some(form_with(&file))
}

/// The form of a picture.
pub(super) fn picture() -> (&'static str, Vec<u8>) {
    form_with(PICTURE)
}

fn form_with(file: &[u8]) -> (&'static str, Vec<u8>) {
    let head = b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n";
    ("multipart/form-data; boundary=edge", [head, file, b"\r\n--edge--\r\n"].concat())
}

/// What stands for one parameter of a path, all before it being filled already.
async fn filled(stage: &mut Stage, operation: &Operation, path: &str, name: &str, about: &Person) -> String {
    let before = path.split('{').next().unwrap_or_default();
    match (before, name) {
        ("/api/v1/users/", "id") => {
            match operation.id.as_str() {
                "getPicture" => stage.picture(&about.id).await,
                "getUserHold" => stage.hold_on(&about.id).await,
                _ => {}
            }
            about.id.clone()
        }
        ("/api/v1/auth/sessions/", "id") | (_, "session") => about.session.clone(),
        ("/api/v1/service-accounts/", "id") => stage.service_account(&[]).await,
        (_, "key") => {
            let account = before.split('/').nth(4).expect("an account").to_owned();
            text(&stage.api_key(&account, &[]).await, "id")
        }
        (_, "role") => "plain".to_owned(),
        ("/api/v1/roles/", "name") => {
            let name = stage.fresh_name();
            stage.role(&name, &[]).await;
            name
        }
        ("/api/v1/holds/", "name") => stage.hold().await,
        ("/api/v1/audit/events/", "position") => "1".to_owned(),
        _ => panic!("say here what {{{name}}} of {} is", operation.name()),
    }
}

fn body(stage: &mut Stage, operation: &Operation, by: &Person) -> Option<Value> {
    Some(match operation.id.as_str() {
        "register" => json!({"email": stage.fresh_email(), "password": PASSWORD}),
        "login" => json!({"email": by.email, "password": PASSWORD}),
        "refresh" => json!({"refresh_token": by.refresh_token}),
        "reauthenticate" | "removeTotp" => json!({"password": PASSWORD}),
        "confirmTotp" => json!({"code": "123456"}),
        "changePassword" => json!({"current_password": PASSWORD, "new_password": "another long password"}),
        "forgotPassword" | "requestVerification" => json!({"email": by.email}),
        "resetPassword" => json!({"token": "mt_none", "new_password": "another long password"}),
        "verifyEmail" => json!({"token": "mt_none"}),
        "changeEmail" => json!({"password": PASSWORD, "new_email": stage.fresh_email()}),
        "closeAccount" => json!({"password": PASSWORD}),
        "createUser" => json!({"email": stage.fresh_email()}),
        "putUser" | "patchUser" => json!({"display_name": "Somebody"}),
        "holdUser" => json!({"reason": "a claim"}),
        "holdPeriod" => json!({
            "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "reason": "a claim"
        }),
        "suspendUser" => json!({"reason": "spam"}),
        "defineRole" => json!({"permissions": []}),
        "createServiceAccount" => json!({"name": "a program", "permissions": []}),
        "importUsers" | "putPicture" => return None,
        "issueKey" => json!({"name": "a key", "permissions": [], "expires_at": in_an_hour()}),
        id if operation.takes_a_body => panic!("say here what {id} is sent"),
        _ => return None,
    })
}
