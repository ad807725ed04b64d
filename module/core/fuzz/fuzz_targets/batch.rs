//! Batches for a blank sale, one after the other: each has four bytes of its length before it.

#![no_main]

#[path = "../../tests/support/hostile.rs"]
mod hostile;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hostile::batch(bytes));
