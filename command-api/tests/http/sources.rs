//! Where a request comes from, over a real socket: what it is throttled by, and what its events keep of it.

use crate::house::{House, PASSWORD};
use events::{Fact, StreamName};
use serde_json::json;
use service::{
    clock::Entropy,
    http::{Frame, Limits, frame, serve},
    shared::Limiter,
};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const WRONG: &str = "wrong horse battery staple";

/// Serves a house behind a trusted proxy on this machine, until the token is dropped.
pub(crate) async fn served(house: &House) -> (SocketAddr, tokio_util::sync::DropGuard) {
    let rules = Frame {
        limits: Limits::default(),
        https: false,
        require_https: false,
        cors_origins: vec![],
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        entropy: Entropy::System,
        limiter: Limiter::in_process(house.clock.clone()),
        begun: TaskTracker::new(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, frame(house.router(), &rules), Limits::default(), stop.clone()));
    (address, stop.drop_guard())
}

async fn login(address: SocketAddr, from: &str, password: &str) -> u16 {
    let request = reqwest::Client::new().post(format!("http://{address}/api/v1/auth/login"));
    let request = request.header("x-forwarded-for", from).header("x-request-id", "a-request-1");
    let request = request.header("user-agent", "Netscape/4.0");
    let answer = request.json(&json!({ "email": "ada@x.io", "password": password })).send().await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn guessing_from_one_place_locks_nobody_out_elsewhere() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let (address, _serving) = served(&house).await;
    for _ in 0..5 {
        assert_eq!(login(address, "203.0.113.7", WRONG).await, 401);
    }
    assert_eq!(login(address, "203.0.113.7", PASSWORD).await, 429);
    assert_eq!(
        login(address, "198.51.100.1, 203.0.113.7", PASSWORD).await,
        429,
        "what clients forge is not believed"
    );
    assert_eq!(login(address, "203.0.113.8", PASSWORD).await, 200);
}

#[tokio::test]
async fn guessing_from_everywhere_is_throttled_too() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let (address, _serving) = served(&house).await;
    let mut looked_at = 0;
    for place in 0..40 {
        looked_at += u32::from(login(address, &format!("2001:db8:0:{place:x}::1"), WRONG).await == 401);
    }
    assert_eq!(looked_at, 20);
}

#[tokio::test]
async fn one_subscribers_addresses_are_one_place() {
    let house = House::new().await;
    house.guest("ada@x.io").await;
    let (address, _serving) = served(&house).await;
    for host in 0..5 {
        assert_eq!(login(address, &format!("2001:db8::{host:x}"), WRONG).await, 401);
    }
    assert_eq!(login(address, "2001:db8::ffff", WRONG).await, 429);
}

#[tokio::test]
async fn an_event_keeps_its_request_and_its_place() {
    let house = House::new().await;
    let ada = house.guest("ada@x.io").await;
    let (address, _serving) = served(&house).await;
    assert_eq!(login(address, "203.0.113.7", WRONG).await, 401);
    house.settle().await;
    let stream = StreamName::sign_in(ada.id);
    let stored = house.stored(&stream).await;
    assert_eq!(stored[0].record.context.correlation_id, "a-request-1");
    let facts = house.facts(&stream).await;
    let Some(Fact::SignInFailed(failed)) = facts.first() else { panic!("{facts:?}") };
    let network = failed.network.open().expect("the key lives");
    assert_eq!(network.ip.as_deref(), Some("203.0.113.7"));
    assert_eq!(network.user_agent.as_deref(), Some("Netscape/4.0"));
}

#[tokio::test]
async fn trying_each_of_many_accounts_once_from_one_place_is_limited() {
    let house = House::new().await;
    let (address, _serving) = served(&house).await;
    let try_one = async |from: &str, number: usize| {
        let request = reqwest::Client::new().post(format!("http://{address}/api/v1/auth/login"));
        let body = json!({ "email": format!("somebody-{number}@x.io"), "password": WRONG });
        let answer = request.header("x-forwarded-for", from).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("JSON")["code"].clone())
    };
    for number in 0..40 {
        assert_eq!(try_one("203.0.113.7", number).await, (401, json!("invalid-credentials")));
    }
    assert_eq!(try_one("203.0.113.7", 40).await, (429, json!("too-many-requests")));
    assert_eq!(try_one("203.0.113.8", 41).await.0, 401);
}

#[tokio::test]
async fn one_person_has_one_budget_of_commands_from_wherever() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada@x.io").await, house.guest("bob@x.io").await);
    let (address, _serving) = served(&house).await;
    let client = reqwest::Client::new();
    let rename = async |guest: &crate::house::Guest, from: usize| {
        let request = client.put(format!("http://{address}/api/v1/users/{}", guest.id)).json(&json!({}));
        let request = request.header("x-forwarded-for", format!("198.51.100.{}", from % 250));
        request.bearer_auth(&guest.access_token).send().await.expect("an answer").status().as_u16()
    };
    for number in 0..500 {
        assert_eq!(rename(&ada, number).await, 422);
    }
    assert_eq!(rename(&ada, 500).await, 429);
    assert_eq!(rename(&bob, 500).await, 422);
}
