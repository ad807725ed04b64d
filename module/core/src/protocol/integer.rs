//! Decimal integers from bytes.

use core::ops::RangeInclusive;

use super::error::Error;
use super::syntax::Unit;

/// Decimal digits and nothing else.
pub(super) fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte & 0x0f)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// An integer within a range; `name` is what the error calls it.
pub(super) fn integer_of(
    name: &'static str,
    bytes: &[u8],
    range: RangeInclusive<u64>,
    unit: Unit,
) -> Result<u64, Error> {
    match digits(bytes) {
        Some(value) if range.contains(&value) => Ok(value),
        _ => Err(no_integer(name, &range, unit)),
    }
}

#[cold]
fn no_integer(name: &'static str, range: &RangeInclusive<u64>, unit: Unit) -> Error {
    let (min, max) = (range.start().cast_signed(), range.end().cast_signed());
    Error::Integer { name, min, max, unit }
}
