//! The names of orders, buyers, locks and owners, by number. They are as long as in production.

use uuid::Uuid;

/// A permutation of the integers that looks random.
pub(crate) fn scatter(number: u64) -> u64 {
    let mut value = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// The id of an order: a UUID, 36 bytes.
pub(crate) fn order(number: u64) -> String {
    Uuid::from_u64_pair(scatter(number), scatter(!number)).to_string()
}

/// An id of 36 bytes that is no UUID.
pub(crate) fn plain_order(number: u64) -> String {
    format!("order-{:016x}{:014x}", scatter(number), scatter(!number) >> 8)
}

/// A buyer: 12 bytes, another one for every number.
pub(crate) fn buyer(number: u64) -> String {
    format!("u{:011}", number.wrapping_mul(48_271) % 99_999_999_977)
}

/// The key of a lock.
pub(crate) fn lock(number: u64) -> String {
    format!("lock:{number}")
}

/// The token of an owner: a UUID, as usual.
pub(crate) fn token(number: u64) -> String {
    order(number ^ u64::MAX >> 1)
}
