//! The key of the lock that a barrier writes.

use crc::{CRC_16_XMODEM, Crc};
use uuid::Uuid;

/// The slots of a cluster.
const SLOTS: u16 = 16_384;

static CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// A new key that begins with that of the sale, so that the patterns of an ACL which permit the sale permit it, and that
/// is in the same slot of a cluster.
pub(super) fn lock_key(sale: &[u8]) -> Vec<u8> {
    let mut key = sale.to_vec();
    key.extend_from_slice(format!(":durable:{}:", Uuid::new_v4().simple()).as_bytes());
    // Without a tag the whole key decides, so a number at its end is chosen: one of 16,384 fits.
    if tag(sale).is_none() {
        let (mut begun, slot) = (CRC.digest(), CRC.checksum(sale) % SLOTS);
        begun.update(&key);
        let is_in_slot = |number: &String| {
            let mut digest = begun.clone();
            digest.update(number.as_bytes());
            digest.finalize() % SLOTS == slot
        };
        let number = (0u32..).map(|number| number.to_string()).find(is_in_slot);
        key.extend_from_slice(number.unwrap_or_default().as_bytes());
    }
    key
}

/// The part of a key that decides its slot, if it is not the whole key.
fn tag(key: &[u8]) -> Option<&[u8]> {
    let begin = key.iter().position(|&byte| byte == b'{')? + 1;
    let len = key[begin..].iter().position(|&byte| byte == b'}')?;
    (len > 0).then(|| &key[begin..begin + len])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(key: &[u8]) -> u16 {
        CRC.checksum(tag(key).unwrap_or(key)) % SLOTS
    }

    #[test]
    fn slots_are_those_of_redis() {
        for (key, expected) in [("sale", 1_974), ("{user1000}.following", 3_443), ("foo{}{bar}", 8_363)] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn a_lock_is_in_the_slot_of_its_sale() {
        for sale in
            ["sale", "{spring}:bottles", "bottles{spring}", "a{", "a}b", "{}", "{}{a}", "{{a}", "\u{e9}"]
        {
            let key = lock_key(sale.as_bytes());
            assert!(key.starts_with(sale.as_bytes()));
            assert_eq!(slot(&key), slot(sale.as_bytes()), "{sale}");
        }
    }
}
