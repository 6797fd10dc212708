//! What is mailed, read from the files that stand in for a mail server, and what the links in it do.

use crate::support::{ADMIN, Evident, PASSWORD, answer, once, patiently};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

const NEW: &str = "seventeen grey herons at the lake";

/// A mail as it lies in its file.
pub(crate) struct Mail(String);

impl Mail {
    /// The one mail of this kind, once it is there.
    pub(crate) fn of(evident: &Evident, kind: &str) -> Self {
        Self::that(evident, kind, |_| true)
    }

    /// The one mail of this kind to this address, once it is there.
    fn to(evident: &Evident, email: &str, kind: &str) -> Self {
        Self::that(evident, kind, |mail| mail.contains(&format!("To: {email}\r\n")))
    }

    fn that(evident: &Evident, kind: &str, is_meant: impl Fn(&str) -> bool) -> Self {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let mails =
                files(evident, kind).into_iter().map(|file| fs::read_to_string(file).expect("a mail"));
            let mut mails = mails.filter(|mail| is_meant(mail));
            match (mails.next(), mails.next()) {
                (Some(mail), None) => return Self(mail.replace("=\r\n", "").replace("=3D", "=")),
                (Some(_), Some(_)) => panic!("two mails of kind {kind}"),
                (None, _) => assert!(Instant::now() < deadline, "no mail of kind {kind} came"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What stands behind `#token=` in its link, wherever that leads.
    pub(crate) fn only_token(&self) -> String {
        self.after("#token=")
    }

    /// What stands behind `#token=` in the link to this page of the front end.
    fn token(&self, page: &str) -> String {
        self.after(&format!("https://app.example.com{page}#token="))
    }

    fn after(&self, link: &str) -> String {
        let (_, rest) = self.0.split_once(link).unwrap_or_else(|| panic!("no {link} in {}", self.0));
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    }
}

fn files(evident: &Evident, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(evident.folder().join("data/mail")) else { return Vec::new() };
    let files = entries.map(|entry| entry.expect("an entry").path());
    files.filter(|file| file.to_string_lossy().ends_with(&format!(".{kind}.eml"))).collect()
}

async fn me(evident: &Evident, token: &str) -> (StatusCode, Value) {
    answer(evident.request(Method::GET, "/auth/me").bearer_auth(token)).await
}

#[tokio::test]
async fn an_address_is_verified_a_password_is_replaced_and_an_address_is_changed_by_mail() {
    let evident = Evident::start_with([
        ("EVIDENT_FRONTEND_URL", "https://app.example.com"),
        ("EVIDENT_LOG_FORMAT", "json"),
    ]);
    let (ada, new) = ("ada@example.com", "ada@new.example.com");
    let mut tokens = Vec::new();

    evident.register(ada).await;
    let verify = Mail::to(&evident, ada, "verification").token("/verify-email");
    let (status, _) = evident.post("/auth/email/verify", json!({"token": verify})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, refused) = evident.post("/auth/email/verify", json!({"token": verify})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid-mail-token")));
    tokens.push(verify);
    let session = evident.login(ada).await;
    assert_eq!(session["user"]["email_verified"], true);

    // Where a link leads is nobody's to say who asks.
    let forgot = evident.request(Method::POST, "/auth/password/forgot").json(&json!({"email": ada}));
    let (status, _) = answer(forgot.header("x-forwarded-host", "evil.example")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let reset = Mail::to(&evident, ada, "password-reset").token("/reset-password");
    let body = json!({"token": reset, "new_password": NEW});
    let (status, _) = evident.post("/auth/password/reset", body.clone()).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, refused) = evident.post("/auth/password/reset", body).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("invalid-mail-token")));
    tokens.push(reset);
    let (status, _) = evident.post("/auth/refresh", json!({"refresh_token": session["refresh_token"]})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "every session ended");
    let (status, _) = evident.post("/auth/login", json!({"email": ada, "password": PASSWORD})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    Mail::to(&evident, ada, "password-changed");
    let (status, signed_in) = evident.post("/auth/login", json!({"email": ada, "password": NEW})).await;
    assert_eq!(status, StatusCode::OK, "{signed_in}");
    let token = signed_in["access_token"].as_str().expect("a token");

    let wish = json!({"password": NEW, "new_email": new});
    let wished = once(evident.request(Method::POST, "/auth/email")).bearer_auth(token).json(&wish);
    assert_eq!(patiently(wished).await.0, StatusCode::ACCEPTED);
    Mail::to(&evident, ada, "email-change-notice");
    let change = Mail::to(&evident, new, "email-change").token("/verify-email");
    let (status, shown) = me(&evident, token).await;
    assert_eq!((status, &shown["user"]["email"]), (StatusCode::OK, &json!(ada)));
    let verified = evident.request(Method::POST, "/auth/email/verify").json(&json!({"token": change}));
    let verified = verified.send().await.expect("an answer");
    assert_eq!(verified.status(), StatusCode::NO_CONTENT);
    tokens.push(change);
    let position = verified.headers()["evident-position"].to_str().expect("a position").to_owned();
    let asked = evident.request(Method::GET, "/auth/me").bearer_auth(token);
    let (status, shown) = patiently(asked.header("evident-min-position", position)).await;
    assert_eq!((status, &shown["user"]["email"]), (StatusCode::OK, &json!(new)));
    assert_eq!(shown["user"]["email_verified"], true);
    Mail::to(&evident, ada, "email-changed");

    nothing_of_it_is_logged(&evident, &[ada, new], &tokens);
    let check = evident.operator(&["rebuild", "--check"]);
    assert!(check.status.success(), "{check:?}");
}

#[tokio::test]
async fn mails_of_an_erased_person_do_not_stay() {
    let evident = Evident::start();
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    let id = evident.register(ada).await;
    evident.register(bob).await;
    Mail::to(&evident, ada, "verification");
    Mail::to(&evident, bob, "verification");
    let admin = evident.token(ADMIN).await;
    let erasure = evident.request(Method::POST, &format!("/users/{id}/erasure")).bearer_auth(&admin);
    let (status, said) = answer(erasure).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{said}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while files(&evident, "verification").len() > 1 {
        assert!(Instant::now() < deadline, "the mail of somebody who was erased stays");
        std::thread::sleep(Duration::from_millis(20));
    }
    Mail::to(&evident, bob, "verification");
}

/// Neither log lines nor stores hold a token or, but for what is sealed, an address; files are their owner's alone.
fn nothing_of_it_is_logged(evident: &Evident, addresses: &[&str], tokens: &[String]) {
    let lines = fs::read_to_string(evident.folder().join("log.jsonl")).expect("log lines");
    assert!(lines.contains("password-reset.eml"), "the line names the file");
    for secret in addresses.iter().copied().chain(tokens.iter().map(String::as_str)) {
        assert!(!lines.contains(secret), "{secret} is logged");
    }
    let data = evident.folder().join("data");
    for entry in fs::read_dir(&data).expect("the folder") {
        let file = entry.expect("an entry").path();
        if file.is_file() {
            let bytes = fs::read(&file).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            assert!(tokens.iter().all(|token| !text.contains(token)), "{} holds a token", file.display());
        }
    }
    for file in files(evident, "password-reset") {
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
