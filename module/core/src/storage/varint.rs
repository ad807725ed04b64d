//! Integers in as few bytes as they need: seven bits a byte, the low ones first (LEB128).
//!
//! Why not `unsigned-varint`: it accepts ten bytes with more than 64 bits and drops the excess, so one
//! integer would have several encodings. Neither is faster: CONFIRM, which decodes up to 32 events, differs
//! by less than 1 %.

/// Appends an integer.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Takes an integer from the front; `None` when it is cut short, too large, or longer than it need be.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    // Most have one byte.
    if let Some((&byte @ ..0x80, rest)) = bytes.split_first() {
        *bytes = rest;
        return Some(byte.into());
    }
    let mut value = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits.checked_shl(shift)?;
        if shifted >> shift != bits {
            return None;
        }
        value |= shifted;
        if byte < 0x80 {
            return (byte != 0 || shift == 0).then_some(value);
        }
    }
    None
}

/// A signed integer as an unsigned one, small when its magnitude is.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// The reverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_integer_comes_back(value: u64, signed: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            put(&mut bytes, zigzag(signed));
            let mut rest = &bytes[..];
            prop_assert_eq!(take(&mut rest), Some(value));
            prop_assert_eq!(take(&mut rest).map(unzigzag), Some(signed));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        let take = |mut bytes: &[u8]| take(&mut bytes);
        assert_eq!(take(&[]), None);
        assert_eq!(take(&[0x80]), None, "cut short");
        assert_eq!(take(&[0x80, 0]), None, "longer than need be");
        assert_eq!(take(&[0xff; 11]), None, "too large");
        assert_eq!(take(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]), None, "65 bits");
        assert_eq!(take(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Some(u64::MAX));
    }
}
