//! Messages as they come from NATS: headers and a record.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: (Vec<(String, String)>, &[u8])| {
    let (headers, payload) = message;
    store::bus::fuzzing::carried(&headers, payload);
});
