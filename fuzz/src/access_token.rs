//! Access tokens: whatever is sent as one is refused in good order.

#![no_main]

use events::Timestamp;
use libfuzzer_sys::fuzz_target;
use service::{
    api_key::ApiKey,
    token::{Verifier, VerifyingKey},
};
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let key = VerifyingKey { kid: "key".into(), public: [7; 32] };
    Verifier::new("http://evident.test", "http://evident.test", [key])
});

fuzz_target!(|text: &str| {
    // Nobody has the private half of that key, so nothing that is made up here may hold.
    assert!(VERIFIER.verify(text, Timestamp::from_micros(1_795_521_600_000_000)).is_err());
    if let Some(key) = ApiKey::read(text) {
        assert_eq!(*key.text(), text, "a key has one spelling");
    }
});
