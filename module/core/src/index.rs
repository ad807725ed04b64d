//! From a name to the number of its record.

use core::hint::black_box;
use siphasher::sip::SipHasher13;

use crate::blocks::{Blocks, Mover, move_in_place};
use crate::names::Name;

/// Tables of a large index. Each grows alone, so that no insert rehashes everything.
const TABLES: usize = 256;
/// The bits of a hash that choose the table.
const TABLE_BITS: u32 = TABLES.ilog2();
/// A single table serves until it holds this many; below, a rehash of everything is short.
const SPLIT: usize = 4_096;

/// The secret of a sale's hashes. Names come from outside, so nobody outside may foresee where they collide.
#[derive(Debug, Clone, Copy)]
pub struct Seed(pub [u64; 2]);

/// The keyed hash of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u32);

/// A name with its hash, which is found out once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hashed<'a> {
    pub(crate) name: Name<'a>,
    pub(crate) hash: Hash,
}

impl Seed {
    #[expect(clippy::cast_possible_truncation, reason = "32 bits of the hash are what is kept")]
    pub(crate) fn hash<'a>(self, name: Name<'a>) -> Hashed<'a> {
        let [k0, k1] = self.0;
        let (_, body) = name.packed();
        Hashed { name, hash: Hash(SipHasher13::new_with_keys(k0, k1).hash(body) as u32) }
    }
}

/// What a table holds. The hash is kept, for a rehash that read every name would take milliseconds.
#[derive(Clone, Copy)]
struct Slot {
    record: u32,
    hash: Hash,
}

/// Stands for no record.
const NONE: u32 = u32::MAX;
const FREE: Slot = Slot { record: NONE, hash: Hash(0) };

/// A hash table with linear probing. A slot's home is in proportion to its hash, so that a rehash reads and
/// writes from one end to the other; and it grows by a quarter at most, where one that doubled would stand
/// half empty.
#[derive(Clone, Default)]
struct Table {
    slots: Vec<Slot>,
    len: usize,
}

impl Table {
    /// Where the search for a hash begins. The bits that chose the table say nothing here.
    fn home(&self, hash: Hash) -> usize {
        let slots = u64::try_from(self.slots.len()).unwrap_or(0);
        let share = u64::from(hash.0 << TABLE_BITS).saturating_mul(slots) >> u32::BITS;
        usize::try_from(share).unwrap_or(0)
    }

    fn find(&self, hash: Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        let (low, high) = self.slots.split_at_checked(self.home(hash))?;
        let mut run = high.iter().chain(low).take_while(|slot| slot.record != NONE);
        run.find(|slot| slot.hash == hash && is(slot.record)).map(|slot| slot.record)
    }

    fn insert(&mut self, slot: Slot) {
        // Four fifths is full: the runs stay short.
        if self.len.saturating_mul(5) >= self.slots.len().saturating_mul(4) {
            let larger = vec![FREE; larger(self.slots.len())];
            let slots = core::mem::replace(&mut self.slots, larger);
            slots.into_iter().filter(|slot| slot.record != NONE).for_each(|slot| self.place(slot));
        }
        self.place(slot);
        self.len = self.len.saturating_add(1);
    }

    fn place(&mut self, slot: Slot) {
        let home = self.home(slot.hash);
        let Some((low, high)) = self.slots.split_at_mut_checked(home) else { return };
        if let Some(free) = high.iter_mut().chain(low).find(|slot| slot.record == NONE) {
            *free = slot;
        }
    }
}

/// The next of the sizes 4, 5, 6 and 7 times a power of two, from 32 on. They are those of the allocator, too.
fn larger(slots: usize) -> usize {
    let step = slots.checked_ilog2().map_or(32, |log| 1 << log.saturating_sub(2));
    slots.saturating_add(step)
}

/// Record numbers by name. The names themselves stand in the records.
#[derive(Clone, Default)]
pub(crate) struct Index {
    tables: Vec<Table>,
    len: usize,
}

impl Index {
    /// The table of a hash.
    fn number(&self, hash: Hash) -> usize {
        let number = if self.tables.len() == TABLES { hash.0 >> (u32::BITS - TABLE_BITS) } else { 0 };
        usize::try_from(number).unwrap_or(0)
    }

    /// The record of this hash for which `is` holds.
    pub(crate) fn find(&self, hash: Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.tables.get(self.number(hash))?.find(hash, is)
    }

    /// Lets the processor fetch the memory where the search for a hash begins, and does not wait for it.
    pub(crate) fn fetch(&self, hash: Hash) {
        // The instruction that is made for this would be unsafe. A value that nobody needs is read instead, and
        // hidden from the compiler, which would leave it out.
        let table = self.tables.get(self.number(hash));
        black_box(table.and_then(|table| table.slots.get(table.home(hash))).map(|slot| slot.record));
    }

    /// Adds a record that is not in the index yet.
    pub(crate) fn insert(&mut self, hash: Hash, record: u32) {
        if self.tables.is_empty() {
            self.tables.push(Table::default());
        }
        if self.len == SPLIT {
            let single = core::mem::take(&mut self.tables);
            self.tables.resize_with(TABLES, Table::default);
            let slots = single.into_iter().flat_map(|table| table.slots);
            slots.filter(|slot| slot.record != NONE).for_each(|slot| self.place(slot));
        }
        self.place(Slot { record, hash });
        self.len = self.len.saturating_add(1);
    }

    fn place(&mut self, slot: Slot) {
        let number = self.number(slot.hash);
        if let Some(table) = self.tables.get_mut(number) {
            table.insert(slot);
        }
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let own = self.tables.capacity().saturating_mul(size_of::<Table>());
        let slots = self.tables.iter().map(|table| table.slots.len());
        slots.fold(own, |sum, slots| sum.saturating_add(slots.saturating_mul(size_of::<Slot>())))
    }
}

impl Blocks for Index {
    fn move_block(&mut self, number: usize, mover: &mut impl Mover) -> bool {
        match number.checked_sub(1) {
            None => move_in_place(Some(&mut self.tables), mover),
            Some(table) => move_in_place(self.tables.get_mut(table).map(|table| &mut table.slots), mover),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_record_at_every_size() {
        let seed = Seed([1, 2]);
        let hash = |record: u32| seed.hash(Name::new(&record.to_le_bytes()).unwrap()).hash;
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
        assert_ne!(Seed([1, 2]).hash(name).hash, Seed([1, 3]).hash(name).hash);
    }
}
