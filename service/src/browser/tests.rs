//! What a browser sends, and what becomes of it.

use super::*;
use crate::config::Environment;
use http::header::{COOKIE, ORIGIN, SET_COOKIE};

fn browsers(public_url: &str) -> Browsers {
    let variables = [("EVIDENT_PUBLIC_URL", public_url), ("EVIDENT_CORS_ORIGINS", "https://app.example.com")];
    Browsers::new(&Config::read(&Environment::of(variables)).expect("it is right"))
}

fn headers(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

fn code<T>(result: Result<T, Problem>) -> Option<Code> {
    result.err().map(|problem| problem.code())
}

const HOME: (HeaderName, &str) = (ORIGIN, "https://id.example.com");

#[test]
fn cookies_belong_to_one_host_over_https_and_only_a_loopback_may_do_without() {
    let mut set = HeaderMap::new();
    browsers("https://id.example.com/base").set(
        &mut set,
        Cookie::Access,
        "a.b-c_d",
        Duration::from_secs(600),
    );
    let expected = "__Host-evident_access=a.b-c_d; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax";
    assert_eq!(set[SET_COOKIE], expected);
    for (url, name) in [
        ("http://127.0.0.1:8080", "evident_refresh"),
        ("http://[::1]:8080", "evident_refresh"),
        ("http://localhost:3000", "evident_refresh"),
        ("https://localhost:3000", "__Host-evident_refresh"),
        ("http://id.example.com", "__Host-evident_refresh"),
        ("http://0.0.0.0:8080", "__Host-evident_refresh"),
        ("http://localhost.example.com", "__Host-evident_refresh"),
        ("http://127.0.0.1.example.com", "__Host-evident_refresh"),
    ] {
        assert_eq!(browsers(url).name(Cookie::Refresh), name, "{url}");
    }
    let mut set = HeaderMap::new();
    browsers("http://localhost").set(&mut set, Cookie::Device, "x", DEVICE_KNOWN);
    assert_eq!(set[SET_COOKIE], "evident_device=x; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax");
}

#[test]
fn a_cookie_is_read_by_its_whole_name_and_only_once() {
    let browsers = browsers("https://id.example.com");
    let token = |lines: &[(HeaderName, &'static str)]| {
        let headers = headers(lines);
        let token = browsers.access_token(&Method::GET, &headers).map(str::to_owned);
        token.map_err(|problem| problem.code())
    };
    assert_eq!(token(&[(COOKIE, "a=b; __Host-evident_access=x.y.z;c=d")]), Ok("x.y.z".into()));
    assert_eq!(token(&[(COOKIE, "a=b"), (COOKIE, "__Host-evident_access=x.y.z")]), Ok("x.y.z".into()));
    for none in [
        "evident_access=x",
        "__host-evident_access=x",
        "__Host-evident_access",
        "__Host-evident_access=",
        "__Host-evident_accessx=x",
        "__Host-evident_access =x",
        "x__Host-evident_access=x",
    ] {
        assert_eq!(token(&[(COOKIE, none)]), Err(Code::Unauthenticated), "{none}");
    }
    for two in [
        "__Host-evident_access=x; __Host-evident_access=y",
        "__Host-evident_access=x;__Host-evident_access=x",
        "__Host-evident_access=; __Host-evident_access=x",
    ] {
        assert_eq!(token(&[(COOKIE, two)]), Err(Code::MalformedRequest), "{two}");
    }
    let lines = [(COOKIE, "__Host-evident_access=x"), (COOKIE, "__Host-evident_access=x")];
    assert_eq!(token(&lines), Err(Code::MalformedRequest));
}

#[test]
fn a_header_comes_before_a_cookie_also_when_it_is_wrong() {
    let browsers = browsers("https://id.example.com");
    let cookie = (COOKIE, "__Host-evident_access=cookie");
    let right = headers(&[(AUTHORIZATION, "Bearer header"), cookie.clone()]);
    assert_eq!(
        browsers.access_token(&Method::POST, &right).ok(),
        Some("header"),
        "and nobody asks from where"
    );
    let wrong = headers(&[(AUTHORIZATION, "Basic YTpi"), cookie]);
    assert_eq!(code(browsers.access_token(&Method::GET, &wrong)), Some(Code::InvalidToken));
}

#[test]
fn a_command_by_cookie_comes_from_a_listed_page_or_not_at_all() {
    let browsers = browsers("https://id.example.com/base");
    let site = |site| (SEC_FETCH_SITE, site);
    let command = |mut lines: Vec<(HeaderName, &'static str)>| {
        lines.push((COOKIE, "__Host-evident_access=x; __Host-evident_refresh=y"));
        let headers = headers(&lines);
        let answers = [
            code(browsers.access_token(&Method::DELETE, &headers)),
            code(browsers.refresh_token(&headers)),
            code(browsers.must_be_ours(&headers)),
        ];
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(code(browsers.access_token(&Method::GET, &headers)), None, "reading changes nothing");
        answers[0]
    };
    for ours in [
        vec![HOME],
        vec![HOME, site("same-origin")],
        vec![site("same-origin")],
        vec![(ORIGIN, "https://app.example.com"), site("cross-site")],
    ] {
        assert_eq!(command(ours.clone()), None, "{ours:?}");
    }
    for strange in [
        vec![],
        vec![site("none")],
        vec![site("same-site")],
        vec![site("cross-site")],
        vec![site("same-origin"), site("same-origin")],
        vec![(ORIGIN, "null")],
        vec![(ORIGIN, "null"), site("same-origin")],
        vec![(ORIGIN, "http://id.example.com")],
        vec![(ORIGIN, "https://id.example.com:8443")],
        vec![(ORIGIN, "https://id.example.com.evil")],
        vec![(ORIGIN, "https://app.example.com/")],
        vec![(ORIGIN, "https://evilapp.example.com"), site("same-origin")],
        vec![HOME, (ORIGIN, "https://evil")],
    ] {
        assert_eq!(command(strange.clone()), Some(Code::CrossSite), "{strange:?}");
    }
}

#[test]
fn signing_out_takes_back_what_signs_in_and_knows_the_device_still() {
    let mut answer = HeaderMap::new();
    browsers("https://id.example.com").sign_out(&mut answer);
    let set: Vec<_> = answer.get_all(SET_COOKIE).iter().map(|line| line.to_str().expect("a text")).collect();
    assert_eq!(
        set,
        [
            "__Host-evident_access=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
            "__Host-evident_refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
        ]
    );
    assert_eq!(answer[CLEAR_SITE_DATA], "\"cache\", \"storage\"");
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
