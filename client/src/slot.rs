//! The slots of a cluster, and which key is in which.

use crc::{CRC_16_XMODEM, Crc, Digest};

/// The slots of a cluster.
pub(crate) const SLOTS: u16 = 16_384;

static CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// The slot of a key.
pub(crate) fn slot(key: &[u8]) -> u16 {
    SlotOf::begin(tag(key).unwrap_or(key)).slot()
}

/// The part of a key that decides its slot, if it is not the whole key.
pub(crate) fn tag(key: &[u8]) -> Option<&[u8]> {
    let begin = key.iter().position(|&byte| byte == b'{')? + 1;
    let len = key[begin..].iter().position(|&byte| byte == b'}')?;
    (len > 0).then(|| &key[begin..begin + len])
}

/// The slot of bytes without a tag, for many that begin alike.
#[derive(Clone)]
pub(crate) struct SlotOf(Digest<'static, u16>);

impl SlotOf {
    pub(crate) fn begin(bytes: &[u8]) -> Self {
        let mut digest = CRC.digest();
        digest.update(bytes);
        Self(digest)
    }

    /// The slot of what it began with, and these bytes.
    pub(crate) fn and(&self, bytes: &[u8]) -> u16 {
        let mut longer = self.clone();
        longer.0.update(bytes);
        longer.slot()
    }

    fn slot(self) -> u16 {
        self.0.finalize() % SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        for (key, expected) in [("sale", 1_974), ("{user1000}.following", 3_443), ("foo{}{bar}", 8_363)] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_eq!(SlotOf::begin(b"sa").and(b"le"), 1_974);
    }
}
