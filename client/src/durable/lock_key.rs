//! The key of the lock that a barrier writes.

use uuid::Uuid;

use crate::slot::{SlotOf, slot, tag};

/// A new key that begins with that of the sale, so that the patterns of an ACL which permit the sale permit it, and that
/// is in the same slot of a cluster.
pub(super) fn lock_key(sale: &[u8]) -> Vec<u8> {
    let mut key = sale.to_vec();
    key.extend_from_slice(format!(":durable:{}:", Uuid::new_v4().simple()).as_bytes());
    // Without a tag the whole key decides, so a number at its end is chosen: one of 16,384 fits.
    if tag(sale).is_none() {
        let (begun, slot) = (SlotOf::begin(&key), slot(sale));
        let is_in_slot = |number: &String| begun.and(number.as_bytes()) == slot;
        let number = (0u32..).map(|number| number.to_string()).find(is_in_slot);
        key.extend_from_slice(number.unwrap_or_default().as_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

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
