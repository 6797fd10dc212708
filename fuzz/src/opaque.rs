//! Texts that only we make: nobody else's is taken for one.

#![no_main]

use events::{LogId, Position};
use libfuzzer_sys::fuzz_target;
use service::{cursor::Cursors, position::PositionTokens};
use uuid::Uuid;

fuzz_target!(|text: &str| {
    let log = LogId(Uuid::from_u128(7));
    let positions = PositionTokens::new([7; 32], log);
    if let Ok(position) = positions.read(text) {
        assert_eq!(positions.issue(position), text, "a position has one spelling");
    }
    let cursors = Cursors::new([7; 32]);
    if let Ok(position) = cursors.open::<u64>("users", text) {
        assert_eq!(cursors.seal("users", &Position(position)), text, "a cursor has one spelling");
    }
    assert!(command_api::fuzzing::refresh_token_is_read_back(text));
});
