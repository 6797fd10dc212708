//! Which access tokens hold (SECURITY §C), against tokens that are signed here, rightly and wrongly.

use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use events::Timestamp;
use serde_json::{Value, json};
use service::{
    Code, Problem,
    token::{TokenError, Verifier, VerifyingKey},
};

const NOW_SECONDS: i64 = 1_795_468_800;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"one"}"#;

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed of 32 bytes")
}

fn public(name: &str, seed: u8) -> VerifyingKey {
    let public = key(seed).public_key().as_ref().try_into().expect("32 bytes");
    VerifyingKey { kid: name.to_owned(), public }
}

fn verifier() -> Verifier {
    Verifier::new("https://id.example.com", "evident", [public("one", 1)])
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example.com", "aud": "evident", "client_id": "evident",
        "sub": "019ad5e5-0000-7000-8000-000000000001",
        "exp": NOW_SECONDS + 600, "iat": NOW_SECONDS, "nbf": NOW_SECONDS, "auth_time": NOW_SECONDS,
        "jti": "019ad5e5-0000-7000-8000-000000000002", "sid": "019ad5e5-0000-7000-8000-000000000003",
        "pos": 7, "roles": ["user"],
    })
}

/// Signed over exactly these texts, whatever they are.
fn sign(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key(1).sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn right() -> String {
    sign(HEADER, &claims().to_string())
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    sign(HEADER, &claims.to_string())
}

fn verify(token: &str) -> Result<(), TokenError> {
    verifier().verify(token, at(0)).map(|_| ())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((NOW_SECONDS + seconds) * 1_000_000)
}

#[test]
fn a_right_token_holds_and_says_what_was_signed() {
    let claims = verifier().verify(&right(), at(0)).expect("right");
    assert_eq!((claims.pos.0, claims.exp, claims.roles.len()), (7, NOW_SECONDS + 600, 1));
    assert!(right().len() < 1_024);
    assert_eq!(serde_json::to_value(&*claims).expect("JSON"), self::claims());
}

#[test]
fn one_algorithm_and_one_type_hold() {
    for alg in ["none", "None", "nOnE", "HS256", "RS256", "ES256", "ES384", "Ed25519", "eddsa", ""] {
        let header = HEADER.replace("EdDSA", alg);
        assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::Foreign), "{alg}");
    }
    for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "rt+jwt", ""] {
        let header = HEADER.replace("at+jwt", typ);
        assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::Foreign), "{typ}");
    }
}

#[test]
fn no_signature_and_one_by_the_public_key_as_a_secret_are_refused() {
    let token = right();
    let signed = token.rsplit_once('.').expect("three parts").0;
    assert_eq!(verify(&format!("{signed}.")), Err(TokenError::Signature));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &public("one", 1).public);
    let forged = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, signed.as_bytes()));
    assert_eq!(verify(&format!("{signed}.{forged}")), Err(TokenError::Signature));
    let other = URL_SAFE_NO_PAD.encode(key(2).sign(signed.as_bytes()));
    assert_eq!(verify(&format!("{signed}.{other}")), Err(TokenError::Signature));
}

#[test]
fn a_signature_in_another_form_of_the_same_number_is_refused() {
    let token = right();
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    // S + L is the same number modulo the group's order L (RFC 8032 §5.1.7 wants S < L).
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hex");
    let mut carry = 0_u16;
    for (byte, addend) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(verify(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))), Err(TokenError::Signature));
}

#[test]
fn a_kid_only_looks_up_and_nothing_else_in_a_header_is_followed() {
    for kid in ["../../dev/null", "' or 1=1", "two", ""] {
        let header = HEADER.replace("\"one\"", &format!("\"{kid}\""));
        assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::UnknownKey), "{kid}");
    }
    let long = format!("\"{}\"", "k".repeat(65));
    for kid in [long.as_str(), "[\"one\"]", "null", "1", "{}"] {
        let header = HEADER.replace("\"one\"", kid);
        assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::Malformed), "{kid}");
    }
    for extra in
        ["\"crit\":[\"x\"]", "\"jku\":\"https://evil\"", "\"jwk\":{}", "\"x5u\":\"\"", "\"b64\":false"]
    {
        let header = HEADER.replace('}', &format!(",{extra}}}"));
        assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::Malformed), "{extra}");
    }
}

#[test]
fn issuer_and_audience_are_exactly_ours() {
    for (name, value) in [
        ("iss", json!("https://id.example.com/")),
        ("iss", json!("https://id.example.com.evil")),
        ("aud", json!("eviden")),
        ("aud", json!("Evident")),
    ] {
        assert_eq!(verify(&with(name, value.clone())), Err(TokenError::Foreign), "{name} {value}");
    }
    for value in [json!(["evident"]), json!(["evident", "other"]), json!(null)] {
        assert_eq!(verify(&with("aud", value.clone())), Err(TokenError::Malformed), "{value}");
    }
}

#[test]
fn every_claim_is_there_once_and_of_its_type() {
    for name in claims().as_object().expect("an object").keys() {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(verify(&sign(HEADER, &claims.to_string())), Err(TokenError::Malformed), "{name}");
    }
    for time in ["exp", "iat", "nbf", "auth_time"] {
        for value in [json!("1795469400"), json!(1.5), json!(1e308), json!(-1), json!(null), json!(true)] {
            assert_eq!(verify(&with(time, value.clone())), Err(TokenError::Malformed), "{time} {value}");
        }
    }
    assert_eq!(verify(&with("admin", json!(true))), Err(TokenError::Malformed));
    let twice = claims().to_string().replacen('{', "{\"sub\":\"019ad5e5-0000-7000-8000-00000000000f\",", 1);
    assert_eq!(verify(&sign(HEADER, &twice)), Err(TokenError::Malformed));
    let header = HEADER.replacen('{', "{\"alg\":\"none\",", 1);
    assert_eq!(verify(&sign(&header, &claims().to_string())), Err(TokenError::Malformed));
}

#[test]
fn a_token_has_one_spelling() {
    let token = right();
    let parts: Vec<&str> = token.split('.').collect();
    let wrong = [
        String::new(),
        "..".to_owned(),
        token.replace('.', ""),
        format!("{token}."),
        format!("{token}.{}", parts[2]),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}="),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 1]),
    ];
    for wrong in wrong {
        assert!(verify(&wrong).is_err(), "{wrong:?}");
    }
    let signed = format!("{}.{}", STANDARD.encode(HEADER), URL_SAFE.encode(claims().to_string() + " "));
    let signature = URL_SAFE_NO_PAD.encode(key(1).sign(signed.as_bytes()));
    assert_eq!(verify(&format!("{signed}.{signature}")), Err(TokenError::Malformed), "padding, signed over");
    let last = if token.ends_with('A') { "B" } else { "A" };
    assert!(verify(&format!("{}{last}", &token[..token.len() - 1])).is_err(), "stray last bits");
    for claims in ["[]", "null", "", "{} {}", "\u{feff}{}"] {
        assert_eq!(verify(&sign(HEADER, claims)), Err(TokenError::Malformed), "{claims}");
    }
}

#[test]
fn a_long_token_is_not_looked_at() {
    assert_eq!(verify(&with("client_id", json!("x".repeat(4_096)))), Err(TokenError::Malformed));
}

#[test]
fn time_is_looked_at_each_time_and_expiry_knows_no_leeway() {
    let (verifier, token) = (verifier(), right());
    assert!(verifier.verify(&token, at(0)).is_ok());
    assert!(verifier.verify(&token, at(599)).is_ok());
    assert_eq!(verifier.verify(&token, at(600)), Err(TokenError::Expired));
    assert!(verifier.verify(&token, at(-30)).is_ok(), "another service's clock may be a little behind");
    assert_eq!(verifier.verify(&token, at(-31)), Err(TokenError::Early));
    assert_eq!(verify(&with("nbf", json!(NOW_SECONDS + 31))), Err(TokenError::Early));
}

#[test]
fn a_key_that_goes_takes_its_tokens_along() {
    let (verifier, token) = (verifier(), right());
    assert!(verifier.verify(&token, at(0)).is_ok());
    verifier.replace_keys([public("two", 2)]);
    assert_eq!(verifier.verify(&token, at(0)), Err(TokenError::UnknownKey));
    verifier.replace_keys([public("two", 2), public("one", 1)]);
    assert!(verifier.verify(&token, at(0)).is_ok());
}

#[test]
fn remembering_many_tokens_forgets_none_that_holds() {
    let verifier = verifier();
    let tokens: Vec<String> = (0..300).map(|number| with("pos", json!(number))).collect();
    for _ in 0..2 {
        for (number, token) in (0..).zip(&tokens) {
            assert_eq!(verifier.verify(token, at(0)).map(|claims| claims.pos.0), Ok(number));
        }
    }
}

#[test]
fn the_one_who_sent_it_never_learns_why() {
    for error in [TokenError::Malformed, TokenError::Signature, TokenError::Expired, TokenError::UnknownKey] {
        assert_eq!(Problem::from(error).code(), Code::InvalidToken);
    }
}
