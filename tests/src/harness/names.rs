//! Names that look random, the same in every run.

use uuid::Uuid;

/// A permutation of the integers that looks random, so that nothing can be compressed.
pub(crate) fn scatter(number: u64) -> u64 {
    let mut value = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// The canonical text of a UUID; no two numbers have the same.
pub(crate) fn uuid(number: u64) -> String {
    Uuid::from_u64_pair(scatter(number), scatter(!number)).to_string()
}
