//! Where the shards of a sale are, and which one is a buyer's.

use crc::{CRC_32_ISO_HDLC, Crc};
use seckill_core::protocol::Code;

use crate::error::{Error, Result};
use crate::slot::{SLOTS, SlotOf};

/// The most shards of a sale.
pub(crate) const MAX_SHARDS: usize = 1_024;
/// The longest name of a sharded sale, in bytes.
const MAX_NAME: usize = 512;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The keys of a sharded sale. They follow from its name, the number of its shards and a number that is drawn when it is
/// created: a sale that is created anew under the same name has other keys, so a command of the old one that arrives late
/// finds no sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    name: Vec<u8>,
    /// What tells it from a sale that was created under the same name at another time.
    salt: u32,
    shards: Vec<Vec<u8>>,
}

impl Layout {
    /// The layout of a sale with this many shards.
    pub(super) fn new(name: &[u8], shards: usize, salt: u32) -> Result<Self> {
        check_name(name)?;
        check_shards(shards)?;
        let shards = (0..shards).map(|shard| shard_key(name, shard, shards, salt)).collect();
        Ok(Self { name: name.to_vec(), salt, shards })
    }

    /// An ordinary sale: its only shard is at its own key.
    pub(super) fn ordinary(key: &[u8]) -> Self {
        Self { name: key.to_vec(), salt: 0, shards: vec![key.to_vec()] }
    }

    /// The layout that a directory lists.
    pub(super) fn listed(name: &[u8], salt: u32, shards: Vec<Vec<u8>>) -> Self {
        Self { name: name.to_vec(), salt, shards }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn salt(&self) -> u32 {
        self.salt
    }

    /// The key of each shard.
    pub(super) fn shards(&self) -> &[Vec<u8>] {
        &self.shards
    }

    /// Whether this is an ordinary sale, without a directory.
    pub(super) fn is_ordinary(&self) -> bool {
        self.shards == [&self.name[..]]
    }

    /// The shard that has all orders of a buyer.
    pub(super) fn home(&self, buyer: &[u8]) -> usize {
        // Both are far below the limits of the types.
        CRC.checksum(buyer) as usize % self.shards.len()
    }

    /// The stream of the transfers that are under way.
    pub(super) fn journal(&self) -> Vec<u8> {
        beside(&self.name, ":transfers")
    }

    /// The stream of the transfers that are done.
    pub(super) fn done(&self) -> Vec<u8> {
        beside(&self.name, ":transfers:done")
    }

    /// The lock of those who move units.
    pub(super) fn mover(&self) -> Vec<u8> {
        beside(&self.name, ":mover")
    }
}

/// A key in the slot of the directory.
fn beside(name: &[u8], what: &str) -> Vec<u8> {
    [b"{", name, b"}", what.as_bytes()].concat()
}

/// A key in the shard's part of the slots: with the first number from the salt on that leads there.
fn shard_key(name: &[u8], shard: usize, shards: usize, salt: u32) -> Vec<u8> {
    let begin = [name, format!(":{shard}:").as_bytes()].concat();
    let begun = SlotOf::begin(&begin);
    let is_here = |number: &String| {
        let slot = usize::from(begun.and(number.as_bytes()));
        slot * shards / usize::from(SLOTS) == shard
    };
    // One in some 1,024 fits at the least.
    let number = (u64::from(salt)..).map(|number| number.to_string()).find(is_here).unwrap_or_default();
    [b"{", &begin[..], number.as_bytes(), b"}"].concat()
}

/// The hash tags of the shards are their own, so the name must not have one.
fn check_name(name: &[u8]) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(error(format!("the name of a sharded sale must have 1 to {MAX_NAME} bytes")));
    }
    if name.iter().any(|byte| b"{}".contains(byte)) {
        return Err(error("the name of a sharded sale must not contain { or }: its shards have hash tags"));
    }
    Ok(())
}

fn check_shards(shards: usize) -> Result<()> {
    if (1..=MAX_SHARDS).contains(&shards) {
        return Ok(());
    }
    Err(error(format!("a sale has 1 to {MAX_SHARDS} shards")))
}

fn error(message: impl Into<String>) -> Error {
    Error::Server { code: Code::Err, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::slot;

    #[test]
    fn each_shard_is_in_its_part_of_the_slots() {
        for shards in [1, 2, 3, 16, 100, MAX_SHARDS] {
            let layout = Layout::new(b"bottles", shards, u32::MAX).expect("a layout");
            for (number, key) in layout.shards().iter().enumerate() {
                let slot = usize::from(slot(key));
                let part = number * 16_384 / shards..=(number + 1) * 16_384 / shards;
                assert!(part.contains(&slot), "{number} of {shards}: {slot}");
                assert_eq!(slot * shards / 16_384, number);
            }
        }
    }

    /// These stand in the reference, with others.
    #[test]
    fn the_layout_is_that_of_the_reference() {
        let key = |name: &str, shards, salt, shard: usize| {
            let layout = Layout::new(name.as_bytes(), shards, salt).expect("a layout");
            String::from_utf8(layout.shards()[shard].clone()).expect("text")
        };
        assert_eq!(key("bottles", 4, 7, 3), "{bottles:3:10}");
        let name = "shop:Flaschen für 5 €";
        assert_eq!(key(name, 3, 1_795_773_600, 2), format!("{{{name}:2:1795773602}}"));
        assert_eq!(key("b", 1_024, u32::MAX, 1_023), "{b:1023:4294967735}");
        let layout = Layout::new(b"bottles", 1_024, 0).expect("a layout");
        for (buyer, home) in
            [(&b"ann"[..], 627), ("東京".as_bytes(), 751), (b"\x00", 909), (b"\xff\xfe", 150)]
        {
            assert_eq!(layout.home(buyer), home);
        }
    }

    #[test]
    fn a_sale_that_is_created_anew_has_other_keys() {
        let layout = |salt| Layout::new(b"bottles", 3, salt).expect("a layout");
        assert_eq!(layout(7), layout(7));
        assert!(layout(7).shards().iter().all(|key| !layout(1_000_007).shards().contains(key)));
    }

    #[test]
    fn what_belongs_to_the_directory_is_in_its_slot() {
        let layout = Layout::new(b"bottles", 3, 0).expect("a layout");
        for key in [layout.journal(), layout.done(), layout.mover()] {
            assert_eq!(slot(&key), slot(b"bottles"));
        }
    }

    #[test]
    fn buyers_are_spread_over_the_shards() {
        let layout = Layout::new(b"bottles", 16, 0).expect("a layout");
        let mut buyers = [0; 16];
        (0..16_000).for_each(|buyer: u32| buyers[layout.home(format!("buyer-{buyer}").as_bytes())] += 1);
        assert!(buyers.iter().all(|buyers| (900..1_100).contains(buyers)), "{buyers:?}");
        assert_eq!(CRC.checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_name_with_a_tag_is_refused_and_a_number_of_shards_out_of_bounds() {
        for (name, shards) in [("", 1), ("{a}b", 1), ("a}", 1), ("a", 0), ("a", MAX_SHARDS + 1)] {
            let error = Layout::new(name.as_bytes(), shards, 0).expect_err(name);
            assert_eq!(error.code(), Some(Code::Err));
        }
        assert!(Layout::new(&[b'x'; MAX_NAME], 1, 0).is_ok());
        assert!(Layout::new(&[b'x'; MAX_NAME + 1], 1, 0).is_err());
    }
}
