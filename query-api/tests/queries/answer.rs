//! What is answered, taken apart for tests.

use axum::{Router, body::Body};
use http::{HeaderMap, StatusCode, request};
use http_body_util::BodyExt;
use query_api::App;
use serde_json::Value;
use service::position::EVIDENT_POSITION;
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// What the router answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What an app answers.
pub(crate) async fn ask(app: &App, request: request::Builder) -> Answer {
    let router: Router = query_api::router(app.clone()).into();
    let request = request.body(Body::empty()).expect("a request");
    let (head, body) = router.oneshot(request).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes().to_vec();
    Answer { status: head.status, headers: head.headers, body }
}

/// What an app answers once its tables are as far as it must wait for. Where projecting takes its time, an asker is told
/// to come again, and does, for a minute.
pub(crate) async fn ask_until_shown(app: &App, request: impl Fn() -> request::Builder) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = ask(app, request()).await;
        if !answer.is_behind() || Instant::now() > deadline {
            return answer;
        }
    }
}

impl Answer {
    /// Whether its asker is told to come again, as the tables are not yet so far.
    pub(crate) fn is_behind(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE && self.code() == "read-model-behind"
    }

    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The code of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().expect("a problem").to_owned()
    }

    /// One field of each item of a list.
    pub(crate) fn each(&self, field: &str) -> Vec<Value> {
        let items = self.json()["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item[field].clone()).collect()
    }

    /// The position that it reflects.
    pub(crate) fn position(&self) -> String {
        self.headers[EVIDENT_POSITION].to_str().expect("a token").to_owned()
    }
}
