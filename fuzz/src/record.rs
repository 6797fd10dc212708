//! Records, as they come from a log, a bus or a file: read or refused, and what was read is what was there.

#![no_main]

use bytes::Bytes;
use events::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = Record::parse(Bytes::copy_from_slice(bytes)) else { return };
    assert_eq!(record.bytes(), bytes);
    let _ = record.keys();
    // With no key at all, and with keys that open everything to the same.
    let _ = record.fact(|_, _| None);
    let _ = record.data(|_, _| None);
    let _ = record.fact(|_, _| Some(b"{}".to_vec()));
    let _ = record.data(|_, text| Some(text.to_vec()));
});
