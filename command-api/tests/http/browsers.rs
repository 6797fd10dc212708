//! Tokens as cookies: signing in, staying signed in and signing out as a browser does, and as a strange page would.

use crate::house::{Answer, House, PASSWORD};
use events::StreamName;
use serde_json::json;
use std::time::Duration;

/// The page that may: the house's own origin.
const HOME: &str = "http://127.0.0.1:8080";

/// The cookies that an answer sets, as `Cookie` would send them back.
fn kept(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("a text"));
    set.filter_map(|line| line.split(';').next()).collect::<Vec<_>>().join("; ")
}

async fn login(house: &House) -> Answer {
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let asking = house.post("/auth/login").header("evident-token-delivery", "cookie").json(body);
    asking.header("origin", HOME).send().await
}

#[tokio::test]
async fn tokens_come_as_cookies_and_nowhere_else() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let answer = login(&house).await.must_be(200);
    let set: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("text")).collect();
    let [access, refresh, ..] = set.as_slice() else { panic!("{set:?}") };
    assert!(
        access.starts_with("evident_access=ey")
            && access.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{access}"
    );
    assert!(
        refresh.starts_with("evident_refresh=rt_") && refresh.contains("; Max-Age=2592000;"),
        "{refresh}"
    );
    let body = answer.body();
    assert_eq!(
        (body["expires_in"].as_u64(), body["user"]["id"].as_str()),
        (Some(600), Some(ada.id.to_string().as_str()))
    );
    for token in ["access_token", "refresh_token", "token_type"] {
        assert!(body.get(token).is_none(), "{body}");
    }
    let asking = || house.put(&format!("/users/{}", ada.id)).json(json!({ "display_name": "Ada" }));
    asking().header("cookie", &kept(&answer)).header("origin", HOME).send().await.must_be(200);
    asking()
        .header("cookie", &kept(&answer))
        .header("sec-fetch-site", "same-origin")
        .send()
        .await
        .must_be(200);
}

#[tokio::test]
async fn over_https_the_cookies_are_the_hosts_own() {
    let house = House::with(|config| config.public_url = "https://id.example.com".to_owned()).await;
    house.guest("ada@x.io").await;
    login(&house).await.must_say(403, "cross-site");
    let body = json!({ "email": "ada@x.io", "password": PASSWORD });
    let asking = house.post("/auth/login").header("evident-token-delivery", "cookie").json(body);
    let answer = asking.header("origin", "https://id.example.com").send().await.must_be(200);
    for line in answer.headers.get_all("set-cookie") {
        let line = line.to_str().expect("a text");
        assert!(
            line.starts_with("__Host-evident_") && line.contains("; HttpOnly; Secure; SameSite=Lax"),
            "{line}"
        );
        assert!(line.contains("; Path=/;") && !line.contains("Domain") && line.len() < 4_096, "{line}");
    }
}

#[tokio::test]
async fn a_cookie_is_exchanged_for_cookies_and_the_old_ones_are_used_up() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let first = kept(&login(&house).await.must_be(200));
    let refresh = async |cookies: &str| {
        house.post("/auth/refresh").header("cookie", cookies).header("origin", HOME).send().await
    };
    let answer = refresh(&first).await.must_be(200);
    // Nobody asked for cookies this time: what no script could read must not become what one can.
    assert!(answer.body().get("refresh_token").is_none());
    let second = kept(&answer);
    assert!(second.contains("evident_access=ey") && second != first);
    house.clock.advance(Duration::from_secs(60));
    refresh(&second).await.must_be(200);
    refresh(&first).await.must_say(401, "invalid-refresh-token");
    refresh(&second).await.must_say(401, "invalid-refresh-token");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookies_back() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let answer = login(&house).await.must_be(200);
    let (cookies, session) = (kept(&answer), answer.body()["session_id"].as_str().expect("an id").to_owned());
    let refresh_alone = cookies.split("; ").find(|pair| pair.starts_with("evident_refresh")).expect("a pair");
    let out = house.post("/auth/logout").header("cookie", refresh_alone).header("origin", HOME).send().await;
    let out = out.must_be(204);
    let set: Vec<_> =
        out.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("text")).collect();
    assert!(set.len() == 2 && set.iter().all(|line| line.contains("=; Path=/; Max-Age=0;")), "{set:?}");
    assert_eq!(out.header("clear-site-data"), Some("\"cache\", \"storage\""));
    let told = house.told(&StreamName::session(session.parse().expect("an id"))).await;
    assert_eq!(told, ["session.started", "session.revoked"]);
    let again = house.delete("/auth/sessions").header("cookie", &cookies).header("origin", HOME).send().await;
    again.must_say(401, "invalid-token");
}

/// As a server does that asks for a browser: it hands on the cookies, and adds an access token of its own.
#[tokio::test]
async fn a_refresh_cookie_signs_out_beside_an_access_token_that_has_expired() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let cookies = kept(&login(&house).await.must_be(200));
    house.clock.advance(Duration::from_secs(601));
    let out = || house.post("/auth/logout").by(&ada).header("cookie", &cookies);
    out().send().await.must_say(401, "invalid-token");
    out().header("origin", HOME).send().await.must_be(204);
    let refresh = house.post("/auth/refresh").header("cookie", &cookies).header("origin", HOME).send().await;
    refresh.must_say(401, "invalid-refresh-token");
    house.refresh(&ada.refresh_token).await.must_be(200);
}

#[tokio::test]
async fn a_strange_page_moves_nobody() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let cookies = kept(&login(&house).await.must_be(200));
    let before = house.all_told().await.len();
    let strange = [
        vec![],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "none")],
        vec![("origin", "null")],
        vec![("origin", "http://127.0.0.1:8081")],
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    ];
    for from in strange {
        let credentials = json!({ "email": "ada@x.io", "password": PASSWORD });
        let commands = [
            house.post("/auth/login").header("evident-token-delivery", "cookie").json(credentials),
            house.post("/auth/refresh"),
            house.post("/auth/logout"),
            house.delete("/auth/sessions"),
            house.put(&format!("/users/{}", ada.id)).json(json!({ "display_name": "Eve" })),
        ];
        for command in commands {
            let command = command.header("cookie", &cookies);
            let command = from.iter().fold(command, |command, (name, value)| command.header(name, value));
            command.send().await.must_say(403, "cross-site");
        }
    }
    assert_eq!(house.all_told().await.len(), before);
    // A token that a program put there itself goes with any origin, whatever the browser adds.
    let asking = house.put(&format!("/users/{}", ada.id)).by(&ada).json(json!({ "display_name": "Ada" }));
    asking.header("cookie", &cookies).header("origin", "https://evil.example").send().await.must_be(200);
}

#[tokio::test]
async fn a_cookie_that_comes_twice_is_nobodys() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let cookies = kept(&login(&house).await.must_be(200));
    for path in ["/auth/refresh", "/auth/logout"] {
        let twice = format!("{cookies}; {cookies}");
        let answer = house.post(path).header("cookie", &twice).header("origin", HOME).send().await;
        answer.must_say(400, "malformed-request");
    }
    let asking = house.post("/auth/login").header("evident-token-delivery", "carrier pigeon");
    asking
        .json(json!({ "email": "ada@x.io", "password": PASSWORD }))
        .send()
        .await
        .must_say(400, "malformed-request");
}
