//! Who asks too often has to wait.

use super::app::{request, settings};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Extensions, HeaderMap, StatusCode},
    routing::{get, post},
};
use events::{Timestamp, UserId};
use futures_util::stream;
use service::{
    Clock, Problem,
    extract::counted_as,
    http::{Frame, frame, serve},
    shared::{Class, Limiter, Who},
};
use std::{convert::Infallible, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use uuid::Uuid;

const LOGIN: &str = "/api/v1/auth/login";
const READ: &str = "/api/v1/things";
const WRITE: &str = "/api/v1/things/mine";

/// A framed router whose clock is set.
struct House {
    router: Router,
    clock: Clock,
}

impl House {
    fn new() -> Self {
        let clock = Clock::set_to(Timestamp::from_micros(1_795_521_600_000_000));
        let limiter = Limiter::in_process(clock.clone());
        Self { router: router(limiter), clock }
    }

    async fn ask(&self, method: &str, path: &str) -> (StatusCode, HeaderMap) {
        self.ask_with(method, path, Body::empty()).await
    }

    async fn ask_with(&self, method: &str, path: &str, body: Body) -> (StatusCode, HeaderMap) {
        let request = request(method, path).body(body).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("never fails").into_parts().0;
        (answer.status, answer.headers)
    }

    /// How many of so many are admitted.
    async fn admitted(&self, method: &str, path: &str, count: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..count {
            admitted += usize::from(self.ask(method, path).await.0 == StatusCode::OK);
        }
        admitted
    }
}

/// A command of somebody who is signed in.
async fn write(extensions: Extensions) -> Result<(), Problem> {
    counted_as(&extensions, Class::Commands, Who::User(UserId(Uuid::from_u128(7)))).await
}

fn router(limiter: Limiter) -> Router {
    let routes = Router::new()
        .route(LOGIN, post(|_: Bytes| async {}))
        .route(READ, get(|| async {}))
        .route(WRITE, post(write))
        .route("/health", get(|| async {}))
        .route("/metrics", get(|| async {}));
    frame(routes, &Frame { limiter, ..settings() })
}

#[tokio::test]
async fn a_burst_of_sign_ins_is_admitted_and_then_one_a_second() {
    let house = House::new();
    assert_eq!(house.admitted("POST", LOGIN, 50).await, 40);
    let (status, headers) = house.ask("POST", LOGIN).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(headers["ratelimit-policy"], "\"credentials\";q=40;w=40");
    assert_eq!(headers["ratelimit"], "\"credentials\";r=0;t=1");
    assert_eq!(headers["content-type"], "application/problem+json");
    house.clock.advance(Duration::from_secs(3));
    assert_eq!(house.admitted("POST", LOGIN, 50).await, 3);
}

#[tokio::test]
async fn every_way_to_write_a_path_is_one_bucket() {
    let house = House::new();
    let ways = [LOGIN, "/api/v1/auth/login/", "/api/v1/auth/login?a=b", "/api/v1/auth/login/?a"];
    let mut admitted = 0;
    for _ in 0..20 {
        for way in ways {
            admitted += house.admitted("POST", way, 1).await;
        }
    }
    assert_eq!(admitted, 40);
    assert_eq!(house.ask("POST", "//api/v1/auth/login").await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        house.ask("POST", "/api/v1/auth/l%6fgin").await.0,
        StatusCode::NOT_FOUND,
        "leads nowhere else either"
    );
}

#[tokio::test]
async fn who_is_turned_away_need_not_send_a_body() {
    let house = House::new();
    house.admitted("POST", LOGIN, 40).await;
    let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    assert_eq!(house.ask_with("POST", LOGIN, endless).await.0, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn reads_have_a_budget_of_their_own_that_leads_nowhere_and_machines_have_none() {
    let house = House::new();
    house.admitted("POST", LOGIN, 41).await;
    assert_eq!(house.admitted("GET", READ, 1_999).await, 1_999);
    assert_eq!(house.ask("GET", "/nowhere").await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.ask("GET", READ).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(house.ask("GET", "/nowhere").await.0, StatusCode::TOO_MANY_REQUESTS);
    for free in ["/health", "/metrics"] {
        assert_eq!(house.admitted("GET", free, 10).await, 10);
    }
}

#[tokio::test]
async fn every_answer_that_was_counted_tells_what_is_left() {
    let house = House::new();
    let told = async |method: &str, path: &str| {
        let (_, headers) = house.ask(method, path).await;
        ["ratelimit-policy", "ratelimit"].map(|name| Some(headers.get(name)?.to_str().ok()?.to_owned()))
    };
    let said = |policy: &str, left: &str| [Some(policy.to_owned()), Some(left.to_owned())];
    let policy = "\"credentials\";q=40;w=40";
    assert_eq!(told("POST", LOGIN).await, said(policy, "\"credentials\";r=39;t=1"));
    assert_eq!(told("POST", LOGIN).await, said(policy, "\"credentials\";r=38;t=1"));
    house.clock.advance(Duration::from_secs(2));
    assert_eq!(told("POST", LOGIN).await, said(policy, "\"credentials\";r=39;t=1"));
    let requests = "\"requests\";q=2000;w=2";
    assert_eq!(told("GET", "/nowhere").await, said(requests, "\"requests\";r=1999;t=1"));
    // Whoever is known is told of what is counted as theirs, too.
    let both = format!("{requests}, \"commands\";q=500;w=10");
    assert_eq!(told("POST", WRITE).await, said(&both, "\"requests\";r=1998;t=1, \"commands\";r=499;t=1"));
    assert_eq!(told("GET", "/health").await, [None, None]);
}

async fn served(limiter: Limiter) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut settings = settings();
    settings.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    let routes = Router::new().route(LOGIN, post(|| async {}));
    let limits = settings.limits;
    let stop = CancellationToken::new();
    let router = frame(routes, &Frame { limiter, ..settings });
    tokio::spawn(serve(listener, router, limits, stop.clone()));
    (address, stop.drop_guard())
}

async fn login_from(address: SocketAddr, forwarded: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {forwarded}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[tokio::test]
async fn a_source_is_who_the_proxy_says_and_not_what_the_client_says() {
    let clock = Clock::set_to(Timestamp::default());
    let (address, _serving) = served(Limiter::in_process(clock)).await;
    for number in 0..40 {
        assert_eq!(login_from(address, &format!("198.51.100.{number}, 203.0.113.7")).await, 200);
    }
    assert_eq!(login_from(address, "198.51.100.99, 203.0.113.7").await, 429);
    assert_eq!(login_from(address, "203.0.113.8").await, 200, "another source is not held up");
    for number in 0..40 {
        assert_eq!(login_from(address, &format!("2001:db8::{number:x}")).await, 200);
    }
    assert_eq!(login_from(address, "2001:db8::ffff").await, 429, "one subscriber has a /64");
    assert_eq!(login_from(address, "2001:db8:0:1::1").await, 200);
}
