//! Words, one a line, as the arguments of a command.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| support::untrusted::arguments(bytes));
