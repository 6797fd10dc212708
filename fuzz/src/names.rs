//! Texts that name something: each has one spelling.

#![no_main]

use events::{Actor, KeyName, Month, RoleName, SessionId, StreamName, Timestamp, UserId};
use libfuzzer_sys::fuzz_target;
use std::{fmt::Display, str::FromStr};

/// What is read says of itself what it was read from; at least, it reads that again.
fn comes_back<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert!(value.to_string().parse::<T>().is_ok_and(|again| again == value), "{text:?} became {value}");
    }
}

fuzz_target!(|text: &str| {
    comes_back::<StreamName>(text);
    comes_back::<RoleName>(text);
    comes_back::<Timestamp>(text);
    comes_back::<Month>(text);
    comes_back::<Actor>(text);
    comes_back::<KeyName>(text);
    comes_back::<UserId>(text);
    comes_back::<SessionId>(text);
    if let Ok(stream) = text.parse::<StreamName>() {
        let _ = stream.category();
    }
});
