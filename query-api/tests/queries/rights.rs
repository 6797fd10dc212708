//! Who may ask what. Whatever is not in this table is asked by nobody.

use crate::world::{World, anonymous};
use http::{StatusCode, header};

const OK: u16 = 200;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

/// Each route, and what it answers a plain user, an auditor and an admin. `{other}` is somebody else.
pub(crate) const RIGHTS: &[(&str, [u16; 3])] = &[
    ("/api/v1/auth/me", [OK, OK, OK]),
    ("/api/v1/auth/sessions", [OK, OK, OK]),
    ("/api/v1/users", [FORBIDDEN, OK, OK]),
    ("/api/v1/users/{self}", [OK, OK, OK]),
    ("/api/v1/users/{self}?as_of=1000", [FORBIDDEN, OK, OK]),
    ("/api/v1/users/{self}/sessions", [OK, OK, OK]),
    ("/api/v1/users/{self}/history", [OK, OK, OK]),
    ("/api/v1/users/{self}/export", [OK, OK, OK]),
    ("/api/v1/users/{other}", [NOT_FOUND, OK, OK]),
    ("/api/v1/users/{other}?as_of=1000", [NOT_FOUND, OK, OK]),
    ("/api/v1/users/{other}/sessions", [NOT_FOUND, OK, OK]),
    ("/api/v1/users/{other}/history", [NOT_FOUND, OK, OK]),
    ("/api/v1/users/{other}/export", [NOT_FOUND, OK, OK]),
    ("/api/v1/roles", [FORBIDDEN, OK, OK]),
    ("/api/v1/service-accounts", [FORBIDDEN, FORBIDDEN, OK]),
    ("/api/v1/service-accounts/{self}/keys", [FORBIDDEN, FORBIDDEN, NOT_FOUND]),
    ("/api/v1/holds", [FORBIDDEN, OK, OK]),
    ("/api/v1/users/{self}/picture", [NOT_FOUND, NOT_FOUND, NOT_FOUND]),
    ("/api/v1/users/{other}/picture", [NOT_FOUND, NOT_FOUND, NOT_FOUND]),
    ("/api/v1/users/{self}/hold", [FORBIDDEN, NOT_FOUND, NOT_FOUND]),
    ("/api/v1/audit/events", [FORBIDDEN, OK, OK]),
    ("/api/v1/audit/events/1", [FORBIDDEN, OK, OK]),
    ("/api/v1/audit/export", [FORBIDDEN, OK, OK]),
    ("/api/v1/operations/parked", [FORBIDDEN, FORBIDDEN, OK]),
];

#[tokio::test]
async fn each_role_may_ask_what_the_table_says_and_nothing_else() {
    let mut world = World::new().await;
    let other = world.somebody("Other", &["user"]).await;
    for (at, role) in ["user", "auditor", "admin"].into_iter().enumerate() {
        let caller = world.somebody(role, &[role]).await;
        for (path, statuses) in RIGHTS {
            let path = path.replace("{self}", &caller.user.to_string());
            let path = path.replace("{other}", &other.user.to_string());
            let answer = world.get(&path, &caller).await;
            assert_eq!(answer.status.as_u16(), statuses[at], "{role} asks {path}");
        }
    }
}

#[tokio::test]
async fn somebody_else_looks_like_nobody() {
    let mut world = World::new().await;
    let (ada, other) = (world.somebody("Ada", &["user"]).await, world.somebody("Other", &["user"]).await);
    for rest in ["", "/sessions", "/history", "/export", "/picture"] {
        let of_other = world.get(&format!("/api/v1/users/{}{rest}", other.user), &ada).await;
        let of_nobody =
            world.get(&format!("/api/v1/users/01935a1c-0000-7000-8000-00000000ffff{rest}"), &ada).await;
        assert_eq!(of_other.status, StatusCode::NOT_FOUND);
        assert_eq!(of_other.body, of_nobody.body);
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_challenged_on_every_route() {
    let world = World::new().await;
    for (path, _) in RIGHTS {
        let path = path.replace("{self}", "x").replace("{other}", "x");
        let answer = world.ask(anonymous(&path)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "unauthenticated"),
            "{path}"
        );
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        let answer = world.ask(anonymous(&path).header(header::AUTHORIZATION, "Bearer a.b.c")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "invalid-token"),
            "{path}"
        );
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
    }
}

#[tokio::test]
async fn the_table_names_every_documented_route() {
    let world = World::new().await;
    let document = query_api::router(world.app.clone()).into_openapi();
    let signed = document.paths.paths.keys().filter(|path| path.starts_with("/api/v1"));
    for path in signed {
        let path = path.replace("{id}", "{self}").replace("{position}", "1");
        assert!(RIGHTS.iter().any(|(known, _)| *known == path), "{path} is in no table");
    }
}
