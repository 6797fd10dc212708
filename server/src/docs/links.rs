//! Where one operation's answer leads to: what a client, or a tool that tries the API, may do next with what it was given.

use utoipa::openapi::{
    OpenApi, RefOr,
    link::{Link, LinkBuilder},
    path::Operation,
};

/// After which operation and answer comes which other one, with which parameter or field of the body from where.
struct Next {
    after: (&'static str, &'static str),
    then: &'static str,
    with: &'static [(&'static str, &'static str)],
    body: Option<(&'static str, &'static str)>,
}

const fn next(
    after: (&'static str, &'static str),
    then: &'static str,
    with: &'static [(&'static str, &'static str)],
) -> Next {
    Next { after, then, with, body: None }
}

const fn next_with_body(
    after: (&'static str, &'static str),
    then: &'static str,
    body: (&'static str, &'static str),
) -> Next {
    Next { after, then, with: &[], body: Some(body) }
}

const CREATED: (&str, &str) = ("createUser", "201");
const REGISTERED: (&str, &str) = ("register", "201");
const LOGGED_IN: (&str, &str) = ("login", "200");
const REFRESHED: (&str, &str) = ("refresh", "200");
const ACCOUNT: (&str, &str) = ("createServiceAccount", "201");
const DEFINED: (&str, &str) = ("defineRole", "201");
const DELETED: (&str, &str) = ("deleteUser", "202");

const ID: &[(&str, &str)] = &[("id", "$response.body#/id")];
/// What was read is read again no earlier than the command, and held to the version that it led to.
const ID_SEEN: &[(&str, &str)] =
    &[("id", "$response.body#/id"), ("header.Evident-Min-Position", "$response.header.Evident-Position")];
const ID_HELD: &[(&str, &str)] =
    &[("id", "$response.body#/id"), ("header.If-Match", "$response.header.ETag")];
const OWN_SESSION: &[(&str, &str)] = &[("id", "$response.body#/session_id")];
const NAME: &[(&str, &str)] = &[("name", "$response.body#/name")];
const SAME_ID_SEEN: &[(&str, &str)] =
    &[("id", "$request.path.id"), ("header.Evident-Min-Position", "$response.header.Evident-Position")];
const TOKEN: (&str, &str) = ("refresh_token", "$response.body#/refresh_token");

const NEXT: &[Next] = &[
    next(CREATED, "getUser", ID_SEEN),
    next(CREATED, "putUser", ID_HELD),
    next(CREATED, "patchUser", ID_HELD),
    next(CREATED, "deleteUser", ID_HELD),
    next(CREATED, "eraseUser", ID),
    next(CREATED, "suspendUser", ID),
    next(CREATED, "reinstateUser", ID),
    next(CREATED, "liftLockout", ID),
    next(CREATED, "grantRole", ID),
    next(CREATED, "userHistory", ID_SEEN),
    next(CREATED, "exportUser", ID_SEEN),
    next(CREATED, "userSessions", ID_SEEN),
    next(CREATED, "endSessions", ID),
    next(REGISTERED, "getUser", ID_SEEN),
    next(REGISTERED, "patchUser", ID_HELD),
    next(REGISTERED, "deleteUser", ID_HELD),
    next(DELETED, "getUser", SAME_ID_SEEN),
    next(DELETED, "eraseUser", &[("id", "$request.path.id")]),
    next_with_body(LOGGED_IN, "refresh", TOKEN),
    next_with_body(LOGGED_IN, "logout", TOKEN),
    next(LOGGED_IN, "endOwnSession", OWN_SESSION),
    next_with_body(REFRESHED, "refresh", TOKEN),
    next_with_body(REFRESHED, "logout", TOKEN),
    next(ACCOUNT, "issueKey", ID),
    next(ACCOUNT, "listKeys", ID_SEEN),
    next(ACCOUNT, "removeServiceAccount", ID),
    next(DEFINED, "defineRole", NAME),
    next(DEFINED, "removeRole", NAME),
    next(DEFINED, "grantRole", &[("role", "$response.body#/name")]),
];

/// Adds the links to the answers that they lead from. Where an operation is not in the document nothing leads.
pub(super) fn describe(document: &mut OpenApi) {
    for next in NEXT {
        let (after, status) = next.after;
        let Some(operation) = operation(document, after) else { continue };
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
            response.links.insert(next.then.to_owned(), link(next).into());
        }
    }
}

fn operation<'a>(document: &'a mut OpenApi, id: &str) -> Option<&'a mut Operation> {
    let items = document.paths.paths.values_mut();
    let mut operations = items.flat_map(|item| {
        [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch]
            .into_iter()
            .flatten()
    });
    operations.find(|operation| operation.operation_id.as_deref() == Some(id))
}

fn link(next: &Next) -> Link {
    let link = LinkBuilder::new().operation_id(next.then);
    let link = next.with.iter().fold(link, |link, (name, from)| link.parameter(*name, *from));
    link.request_body(next.body.map(|(field, from)| serde_json::json!({field: from}))).build()
}
