//! Batches for a blank sale, one after the other: each has four bytes of its length before it.

#![no_main]

#[path = "../../tests/support/hostile.rs"]
mod hostile;

use libfuzzer_sys::fuzz_target;
use seckill_core::{Sale, Seed};

fuzz_target!(|bytes: &[u8]| {
    let mut sale = Sale::new(Seed([1, 2]));
    let mut rest = bytes;
    while !rest.is_empty() && sale.follow(hostile::unframe(&mut rest)).is_ok() {}
    hostile::examine(&sale);
});
