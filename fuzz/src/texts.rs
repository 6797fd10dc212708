//! What people type: addresses, passwords, names.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    command_api::fuzzing::address(text);
    command_api::fuzzing::password(text);
    command_api::fuzzing::name(text);
});
