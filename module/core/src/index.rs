//! From a name to the number of its record.

use core::hash::Hasher;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;

use crate::names::Name;

/// Tables of a large index. Each grows alone, so that no insert rehashes everything.
const TABLES: usize = 256;
/// A single table serves until it holds this many; below, a rehash of everything is short.
const SPLIT: usize = 4_096;
/// The bits of a hash that choose the table. Below them are those that choose the bucket within it, as far as
/// the largest sale goes; above them those of hashbrown's tag.
const TABLE_SHIFT: u32 = 17;

/// The secret of a sale's hashes. Names come from outside, so nobody outside may foresee where they collide.
#[derive(Debug, Clone, Copy)]
pub struct Seed(pub [u64; 2]);

/// The keyed hash of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u32);

impl Seed {
    #[expect(clippy::cast_possible_truncation, reason = "32 bits of the hash are what is kept")]
    pub(crate) fn hash(self, name: &Name<'_>) -> Hash {
        let [k0, k1] = self.0;
        let mut hasher = SipHasher13::new_with_keys(k0, k1);
        let (tag, body) = name.packed();
        hasher.write_u8(tag);
        hasher.write(body);
        Hash(hasher.finish() as u32)
    }
}

impl Hash {
    /// The 64 bits that hashbrown wants: it takes the bucket from the low end and the tag from the high end.
    fn spread(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }

    fn table(self, tables: usize) -> usize {
        let bits = usize::try_from(self.0 >> TABLE_SHIFT).unwrap_or(0);
        bits.checked_rem(tables).unwrap_or(0)
    }
}

/// What a table holds. The hash is kept, for a rehash that read every name would take milliseconds.
#[derive(Clone, Copy)]
struct Slot {
    record: u32,
    hash: Hash,
}

/// Record numbers by name. The names themselves stand in the records.
#[derive(Clone, Default)]
pub(crate) struct Index {
    tables: Vec<HashTable<Slot>>,
    len: usize,
}

impl Index {
    /// The record of this hash for which `is` holds.
    pub(crate) fn find(&self, hash: Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        let table = self.tables.get(hash.table(self.tables.len()))?;
        table.find(hash.spread(), |slot| slot.hash == hash && is(slot.record)).map(|slot| slot.record)
    }

    /// Adds a record that is not in the index yet.
    pub(crate) fn insert(&mut self, hash: Hash, record: u32) {
        if self.tables.is_empty() {
            self.tables.push(HashTable::new());
        }
        if self.len == SPLIT {
            let single = core::mem::take(&mut self.tables);
            self.tables.resize_with(TABLES, HashTable::new);
            single.into_iter().flatten().for_each(|slot| self.place(slot));
        }
        self.place(Slot { record, hash });
        self.len = self.len.saturating_add(1);
    }

    fn place(&mut self, slot: Slot) {
        let number = slot.hash.table(self.tables.len());
        if let Some(table) = self.tables.get_mut(number) {
            table.insert_unique(slot.hash.spread(), slot, |slot| slot.hash.spread());
        }
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let own = self.tables.capacity().saturating_mul(size_of::<HashTable<Slot>>());
        self.tables.iter().fold(own, |sum, table| sum.saturating_add(table.allocation_size()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_record_at_every_size() {
        let seed = Seed([1, 2]);
        let hash = |record: u32| seed.hash(&Name::new(&record.to_le_bytes()).unwrap());
        let mut index = Index::default();
        assert_eq!(index.find(hash(0), |_| true), None);
        for record in 0..20_000 {
            index.insert(hash(record), record);
            if record % 1_000 == 96 || record + 1 == 20_000 {
                for known in 0..=record {
                    assert_eq!(index.find(hash(known), |found| found == known), Some(known));
                }
                assert_eq!(index.find(hash(record + 1), |found| found == record + 1), None);
            }
        }
        assert_eq!(index.tables.len(), TABLES);
    }

    #[test]
    fn names_of_one_hash_are_told_apart() {
        let mut index = Index::default();
        index.insert(Hash(7), 1);
        index.insert(Hash(7), 2);
        assert_eq!(index.find(Hash(7), |record| record == 2), Some(2));
        assert_eq!(index.find(Hash(7), |record| record == 3), None);
    }

    #[test]
    fn a_seed_changes_every_hash() {
        let name = Name::new(b"order").unwrap();
        assert_ne!(Seed([1, 2]).hash(&name), Seed([1, 3]).hash(&name));
    }
}
