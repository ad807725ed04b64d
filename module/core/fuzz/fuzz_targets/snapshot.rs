//! A snapshot: head and parts, each after its length in four bytes.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| support::untrusted::snapshot(bytes));
