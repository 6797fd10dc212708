//! `POST /users/import`, and what becomes of those who were imported.

use crate::house::{Answer, Guest, House, PASSWORD};
use events::{Fact, StreamName, UserId};
use serde_json::{Value, json};
use service::config::Registration;
use std::time::Duration;

/// [`PASSWORD`], as other systems hash it.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG";
const SCRYPT: &str =
    "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU";
const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$3xmXbyk2QpiyNcnoBbzRPwEBsYPTbDlRdtmLyBvQltA=";

/// A form of these fields, the first of which is the file.
fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut form = String::new();
    for (name, text) in fields {
        let file = if *name == "file" { "; filename=\"people\"" } else { "" };
        form += &format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n");
    }
    (form + "--edge--\r\n").into_bytes()
}

pub(crate) async fn import(house: &House, by: &Guest, fields: &[(&str, &str)]) -> Answer {
    house.post("/users/import").by(by).raw("multipart/form-data; boundary=edge", &form(fields)).send().await
}

pub(crate) fn counts(body: &Value) -> [u64; 3] {
    ["imported", "present", "refused"].map(|count| body[count].as_u64().expect("a count"))
}

fn id_in(row: &Value) -> UserId {
    row["user_id"].as_str().expect("an id").parse().expect("an id")
}

/// People come with passwords and roles, so a token that was stolen must not be enough to bring an admin along.
#[tokio::test]
async fn importing_takes_a_fresh_proof_and_the_right_before_a_file_is_read() {
    let house = House::with(|config| config.access_ttl = Duration::from_secs(3_600)).await;
    let admin = house.admin().await;
    let ada = house.guest("ada@x.io").await;
    let nonsense = |by| house.post("/users/import").by(by).raw("text/plain", b"no form").send();
    nonsense(&admin).await.must_say(415, "unsupported-media-type");
    nonsense(&ada).await.must_say(403, "forbidden");
    house.clock.advance(Duration::from_secs(901));
    nonsense(&admin).await.must_say(401, "insufficient-user-authentication");
    let admin = house.signed_in("root@admins.example").await;
    let file = format!("email,password_hash,roles\neve@x.io,{BCRYPT},admin\n");
    assert_eq!(counts(&import(&house, &admin, &[("file", &file)]).await.must_be(200).body()), [1, 0, 0]);
}

#[tokio::test]
async fn whoever_was_imported_signs_in_as_before_and_is_hashed_anew() {
    let house = House::new().await;
    let admin = house.admin().await;
    let file = format!(
        "email,display_name,password_hash\nbea@x.io,Bea,{BCRYPT}\nsam@x.io,Sam,\"{SCRYPT}\"\ndan@x.io,,{DJANGO}\n"
    );
    let answer = import(&house, &admin, &[("file", &file)]).await.must_be(200);
    assert!(answer.header("evident-position").is_some());
    assert_eq!(counts(&answer.body()), [3, 0, 0], "{}", answer.body());
    for (row, email) in ["bea@x.io", "sam@x.io", "dan@x.io"].iter().enumerate() {
        let id = id_in(&answer.body()["rows"][row]);
        house.login(email, "wrong horse battery staple").await.must_say(401, "invalid-credentials");
        assert_eq!(house.told_of(id).await, ["user.imported"]);
        for _ in 0..2 {
            house.login(email, PASSWORD).await.must_be(200);
            house.settle().await;
            assert_eq!(house.told_of(id).await, ["user.imported", "user.password_rehashed"]);
        }
        let facts = house.facts(&StreamName::user(id)).await;
        let Some(Fact::PasswordRehashed(fact)) = facts.last() else { panic!("{facts:?}") };
        let hash = &fact.credential.open().expect("a hash").password_hash;
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    }
    house.login("nobody@x.io", PASSWORD).await.must_say(401, "invalid-credentials");
}

#[tokio::test]
async fn importing_again_changes_nothing_and_brings_back_nobody() {
    let house = House::new().await;
    let admin = house.admin().await;
    let lines = (0..50).map(|n| format!("{{\"email\":\"user{n}@x.io\"}}\n")).collect::<String>();
    let fields = [("format", "json"), ("file", lines.as_str())];
    let first = import(&house, &admin, &fields).await.must_be(200).body();
    assert_eq!(counts(&first), [50, 0, 0]);
    let erased = id_in(&first["rows"][7]);
    house.post(&format!("/users/{erased}/erasure")).by(&admin).send().await.must_be(202);
    let before = house.all_told().await.len();
    let again = import(&house, &admin, &fields).await.must_be(200).body();
    assert_eq!(counts(&again), [0, 50, 0]);
    assert_eq!(house.all_told().await.len(), before);
    assert_eq!(house.told_of(erased).await, ["user.imported", "user.erased"]);
}

#[tokio::test]
async fn the_same_key_answers_as_the_first_time() {
    let house = House::new().await;
    let admin = house.admin().await;
    let body = form(&[("file", "email\nada@x.io\nbob@x.io\nno address\n")]);
    let send = async || {
        let asking = house.post("/users/import").by(&admin).key("once");
        asking.raw("multipart/form-data; boundary=edge", &body).send().await.must_be(200)
    };
    let (first, again) = (send().await, send().await);
    assert_eq!(counts(&first.body()), [2, 0, 1]);
    assert_eq!(first.body(), again.body());
}

#[tokio::test]
async fn what_is_wrong_with_a_row_is_told_by_its_line_and_does_nothing() {
    let house = House::new().await;
    let admin = house.admin().await;
    house.guest("taken@x.io").await;
    let file = [
        "email,display_name,password_hash,roles",
        "ada@x.io,Ada,,auditor",
        "nobody,\u{202e},5f4dcc3b5aa765d61d8327deb882cf99,No Role!",
        "b@x.io,,$2b$15$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG,",
        "taken@x.io,,,",
        "c@x.io,,,no-such-role",
        "short,row",
    ]
    .join("\r\n");
    let before = house.all_told().await.len();
    for dry_run in ["true", "false"] {
        let answer = import(&house, &admin, &[("file", &file), ("dry_run", dry_run)]).await.must_be(200);
        let body = answer.body();
        assert_eq!(counts(&body), [1, 0, 5], "{body}");
        let codes: Vec<_> = body["rows"].as_array().expect("rows").iter().map(reasons).collect();
        let expected = [
            (2, vec![]),
            (3, vec!["email_invalid", "display_name_invalid", "password_hash_unsupported", "role_invalid"]),
            (4, vec!["password_hash_too_costly"]),
            (5, vec!["email_taken"]),
            (6, vec!["role_unknown"]),
            (7, vec!["row_malformed"]),
        ];
        assert_eq!(
            codes,
            expected.map(|(line, codes)| (line, codes.iter().map(ToString::to_string).collect()))
        );
        let written = house.all_told().await.len() - before;
        assert_eq!(written, usize::from(dry_run == "false"));
    }
}

fn reasons(row: &Value) -> (u64, Vec<String>) {
    let errors = row["errors"].as_array().expect("errors");
    let codes = errors.iter().map(|error| error["code"].as_str().expect("a code").to_owned());
    (row["line"].as_u64().expect("a line"), codes.collect())
}

#[tokio::test]
async fn nobody_imports_somebody_above_themselves() {
    let house = House::new().await;
    let admin = house.admin().await;
    let define = |name: &'static str, permissions: &'static [&'static str]| {
        house.put(&format!("/roles/{name}")).by(&admin).json(json!({ "permissions": permissions })).send()
    };
    define("clerk", &["users:write"]).await.must_be(201);
    define("keeper", &["users:write", "roles:write"]).await.must_be(201);
    let plain = house.guest("plain@x.io").await;
    let clerk = house.guest_with(&admin, "clerk@x.io", "clerk").await;
    let keeper = house.guest_with(&admin, "keeper@x.io", "keeper").await;
    let file = [("file", "email,roles\nroot@x.io,admin\nada@x.io,\n")];
    import(&house, &plain, &file).await.must_say(403, "forbidden");
    for (by, code, imported) in
        [(&clerk, "role_forbidden", [1, 0, 1]), (&keeper, "role_above_own", [0, 1, 1])]
    {
        let body = import(&house, by, &file).await.must_be(200).body();
        assert_eq!(counts(&body), imported, "{body}");
        assert_eq!(reasons(&body["rows"][0]), (2, vec![code.to_owned()]));
    }
}

#[tokio::test]
async fn a_form_that_is_not_understood_is_refused_whole() {
    let house = House::new().await;
    let admin = house.admin().await;
    let before = house.all_told().await.len();
    let many = format!("email\n{}", (0..2_001).map(|n| format!("user{n}@x.io\n")).collect::<String>());
    for (fields, pointer, code) in [
        (vec![("format", "csv")], "/file", "required"),
        (vec![("file", "email\na@x.io\n"), ("format", "xml")], "/format", "unknown_value"),
        (vec![("file", "email\na@x.io\n"), ("admin", "yes")], "/admin", "unknown_field"),
        (vec![("file", "email\na@x.io\n"), ("file", "email\nb@x.io\n")], "/file", "duplicate_field"),
        (vec![("file", "email,is_admin\na@x.io,true\n")], "/file", "file_malformed"),
        (vec![("file", "[{\"email\":\"a@x.io\"}"), ("format", "json")], "/file", "file_malformed"),
        (vec![("file", many.as_str())], "/file", "too_many_rows"),
    ] {
        import(&house, &admin, &fields).await.must_refuse(pointer, code);
    }
    let send = |content_type: &'static str, body: Vec<u8>| {
        house.post("/users/import").by(&admin).raw(content_type, &body).send()
    };
    send("application/json", b"{}".to_vec()).await.must_say(415, "unsupported-media-type");
    send("multipart/form-data", form(&[("file", "")])).await.must_say(415, "unsupported-media-type");
    let cut = form(&[("file", "email\na@x.io\n")]);
    let cut = cut[..cut.len() - 12].to_vec();
    send("multipart/form-data; boundary=edge", cut).await.must_say(400, "malformed-request");
    let large = form(&[("file", &"x".repeat(9 << 20))]);
    send("multipart/form-data; boundary=edge", large).await.must_say(413, "content-too-large");
    assert_eq!(house.all_told().await.len(), before);
}

#[tokio::test]
async fn an_address_is_as_verified_as_the_row_says() {
    let house = House::with(|config| config.registration = Registration::Verified).await;
    let admin = house.admin().await;
    let file = format!(
        "email,email_verified,password_hash\nyes@x.io,TRUE,{BCRYPT}\nno@x.io,false,{BCRYPT}\nsilent@x.io,,{BCRYPT}\nodd@x.io,maybe,\n"
    );
    let body = import(&house, &admin, &[("file", &file)]).await.must_be(200).body();
    assert_eq!(counts(&body), [3, 0, 1], "{body}");
    assert_eq!(reasons(&body["rows"][3]), (5, vec!["invalid_value".to_owned()]));
    assert_eq!(house.told_of(id_in(&body["rows"][0])).await, ["user.imported", "user.email_verified"]);
    house.login("yes@x.io", PASSWORD).await.must_be(200);
    for email in ["no@x.io", "silent@x.io"] {
        house.login(email, PASSWORD).await.must_say(401, "invalid-credentials");
    }
    let lines = "{\"email\": \"json@x.io\", \"email_verified\": true}\n{\"email\": \"text@x.io\", \"email_verified\": \"true\"}\n";
    let body = import(&house, &admin, &[("format", "json"), ("file", lines)]).await.must_be(200).body();
    assert_eq!(house.told_of(id_in(&body["rows"][0])).await, ["user.imported", "user.email_verified"]);
    assert_eq!(reasons(&body["rows"][1]), (2, vec!["row_malformed".to_owned()]));
}
