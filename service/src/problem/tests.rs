//! What a problem says, and what it keeps to itself.

use super::*;
use std::collections::BTreeSet;

#[derive(Debug, thiserror::Error)]
#[error("stream user-7 cannot be read")]
struct Unread(#[source] std::io::Error);

fn unread() -> Unread {
    Unread(std::io::Error::other("disk on fire"))
}

#[test]
fn each_code_is_one_of_its_own_and_an_error() {
    let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), Code::ALL.len());
    for code in Code::ALL {
        let status = code.status();
        assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code:?}");
    }
}

#[test]
fn a_refused_credential_is_challenged_as_rfc_6750_wants() {
    let challenge = |code| {
        let response = Problem::new(code).into_response();
        response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    assert_eq!(challenge(Code::Unauthenticated).as_deref(), Some("Bearer"));
    assert_eq!(challenge(Code::InvalidToken).as_deref(), Some("Bearer error=\"invalid_token\""));
    assert_eq!(challenge(Code::Forbidden).as_deref(), Some("Bearer error=\"insufficient_scope\""));
    assert_eq!(challenge(Code::NotFound), None);
}

#[test]
fn what_passes_by_itself_says_when_to_try_again() {
    for code in Code::ALL.iter().filter(|code| code.status() == StatusCode::SERVICE_UNAVAILABLE) {
        assert_eq!(Problem::new(*code).into_response().headers()[RETRY_AFTER], "1", "{code:?}");
    }
    let problem = Problem::new(Code::TooManyAttempts).retry_after(Duration::from_millis(60_001));
    assert_eq!(problem.into_response().headers()[RETRY_AFTER], "61");
}

#[test]
fn a_limit_is_told_with_the_time_until_it_admits_again() {
    let limit = Limit { name: "visits", quota: 5, window: Duration::from_secs(60) };
    let answer = Problem::limited(Code::TooManyRequests, limit, Duration::from_millis(1_001)).into_response();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let told = ["retry-after", "ratelimit-policy", "ratelimit"].map(|name| &answer.headers()[name]);
    assert_eq!(told, ["2", "\"visits\";q=5;w=60", "\"visits\";r=0;t=2"]);
}

#[test]
fn a_cause_is_kept_whole_for_the_log_and_never_answered() {
    let problem = Problem::broken(unread());
    assert_eq!(problem.cause(), Some("stream user-7 cannot be read: disk on fire"));
    let body = String::from_utf8(problem.body(Some("r-1"))).expect("JSON");
    assert!(body.contains("\"request_id\":\"r-1\"") && !body.contains("fire"), "{body}");
}
