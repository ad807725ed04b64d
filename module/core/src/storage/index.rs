//! From a name to the number of its record.
//!
//! Why not hashbrown: it doubles. Just after that it is half empty, which makes 163 bytes an order where a
//! table that grows by a quarter makes 150. And one insert into a map with a million owned names took 266 ms,
//! where an insert here takes 0.6 ms at most: each of 256 tables grows alone, and no name is read again.
//! (Measured while a sale grew to 5 million orders with 36-byte ids.) Nor would hashbrown let its memory be
//! relocated, for active defragmentation.

use core::fmt;
use core::hint::black_box;

use siphasher::sip::SipHasher13;

use super::relocation::{Relocate, Relocator, relocate_in_place};
use super::room::{capacity_for, make_room, memory_of};
use crate::protocol::{MAX_ORDERS, Name};

/// Tables of a large index. Each grows alone, so that no insert rehashes everything.
const TABLES: usize = 256;
/// The bits of a hash that choose the table.
const TABLE_BITS: u32 = TABLES.ilog2();
/// A small index is one table, until it has this many records.
const SPLIT: usize = 4_096;

/// The key of a sale's hash function. Names come from outside, and their senders must not be able to foresee
/// which of them collide.
#[derive(Clone, Copy)]
pub struct Seed(pub [u64; 2]);

/// The seed is a secret, so it appears in no log.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The keyed hash of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u32);

/// A name with its hash, which is computed once.
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

/// An entry of a table. It has the hash, too: a rehash that reads every name takes milliseconds.
#[derive(Clone, Copy)]
struct Slot {
    record: u32,
    hash: Hash,
}

const _: () = assert!(size_of::<Slot>() == 8, "memory per order counts on it");

/// The record of a free slot.
const NONE: u32 = u32::MAX;
const _: () = assert!(MAX_ORDERS < NONE);
const FREE: Slot = Slot { record: NONE, hash: Hash(0) };
/// Slots of each table of a large index at first: twice the records that it gets.
const SPLIT_SLOTS: usize = SPLIT / TABLES * 2;

/// A hash table with linear probing. The home of an entry is in proportion to its hash, so that a rehash
/// reads and writes from one end to the other. It grows by a quarter at most.
#[derive(Clone, Default)]
struct Table {
    slots: Vec<Slot>,
    len: usize,
}

impl Table {
    fn with_slots(slots: usize) -> Self {
        Self { slots: vec![FREE; slots], len: 0 }
    }

    /// Where the search for a hash begins. The bits that chose the table are shifted out.
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
            let larger = Self::with_slots(capacity_for::<Slot>(self.slots.len().saturating_add(1)));
            core::mem::replace(self, larger).into_slots().for_each(|slot| self.place(slot));
        }
        self.place(slot);
    }

    /// The slots that are not free.
    fn into_slots(self) -> impl Iterator<Item = Slot> {
        self.slots.into_iter().filter(|slot| slot.record != NONE)
    }

    fn place(&mut self, slot: Slot) {
        let home = self.home(slot.hash);
        let free = self
            .slots
            .split_at_mut_checked(home)
            .and_then(|(low, high)| high.iter_mut().chain(low).find(|slot| slot.record == NONE));
        debug_assert!(free.is_some(), "a table has room for what is placed in it");
        if let Some(free) = free {
            *free = slot;
            self.len = self.len.saturating_add(1);
        }
    }
}

/// The numbers of records by the hashes of their names.
#[derive(Clone, Default)]
pub(crate) struct Index {
    tables: Vec<Table>,
}

impl Index {
    /// The table of a hash.
    fn number(&self, hash: Hash) -> usize {
        let number = if self.tables.len() == TABLES { hash.0 >> (u32::BITS - TABLE_BITS) } else { 0 };
        usize::try_from(number).unwrap_or(0)
    }

    /// The record of this hash for which `is` is true.
    pub(crate) fn find(&self, hash: Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.tables.get(self.number(hash))?.find(hash, is)
    }

    /// Makes the processor fetch the memory where the search for a hash begins, without waiting for it.
    pub(crate) fn prefetch(&self, hash: Hash) {
        // The prefetch instruction is `unsafe` in Rust. A plain load does the same; `black_box` keeps the
        // compiler from removing it.
        let table = self.tables.get(self.number(hash));
        black_box(table.and_then(|table| table.slots.get(table.home(hash))).map(|slot| slot.record));
    }

    /// Adds a record that is not in the index yet.
    pub(crate) fn insert(&mut self, hash: Hash, record: u32) {
        match self.tables.as_slice() {
            [] => {
                make_room(&mut self.tables, 1);
                self.tables.push(Table::default());
            }
            [single] if single.len == SPLIT => self.split(),
            _ => {}
        }
        self.place(Slot { record, hash });
    }

    /// Distributes the records of a single table over many.
    fn split(&mut self) {
        let single = core::mem::take(&mut self.tables);
        self.tables.resize_with(TABLES, || Table::with_slots(SPLIT_SLOTS));
        single.into_iter().flat_map(Table::into_slots).for_each(|slot| self.place(slot));
    }

    fn place(&mut self, slot: Slot) {
        let number = self.number(slot.hash);
        debug_assert!(number < self.tables.len(), "an index with records has its tables");
        if let Some(table) = self.tables.get_mut(number) {
            table.insert(slot);
        }
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let slots = self.tables.iter().map(|table| memory_of(&table.slots));
        slots.fold(memory_of(&self.tables), usize::saturating_add)
    }
}

/// Its part consists of the list of tables, and then the tables.
impl Relocate for Index {
    const PARTS: u32 = 1;

    fn relocate_block(&mut self, _: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        match number.checked_sub(1) {
            None => relocate_in_place(Some(&mut self.tables), relocator),
            Some(table) => {
                relocate_in_place(self.tables.get_mut(table).map(|table| &mut table.slots), relocator)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_record_at_every_size() {
        let seed = Seed([1, 2]);
        let hash = |record: u32| seed.hash(Name::new("order", &record.to_le_bytes()).unwrap()).hash;
        let mut index = Index::default();
        assert_eq!(index.find(hash(0), |_| true), None);
        for record in 0..20_000 {
            index.insert(hash(record), record);
            if record < 40 || record % 1_000 == 96 || record + 1 == 20_000 {
                for known in 0..=record {
                    assert_eq!(index.find(hash(known), |found| found == known), Some(known));
                }
                assert_eq!(index.find(hash(record + 1), |found| found == record + 1), None);
            }
        }
        assert_eq!(index.tables.len(), TABLES);
    }

    #[test]
    fn names_of_one_hash_are_distinguished() {
        let mut index = Index::default();
        index.insert(Hash(7), 1);
        index.insert(Hash(7), 2);
        assert_eq!(index.find(Hash(7), |record| record == 2), Some(2));
        assert_eq!(index.find(Hash(7), |record| record == 3), None);
    }

    #[test]
    fn a_seed_changes_every_hash() {
        let name = Name::new("order", b"a").unwrap();
        assert_ne!(Seed([1, 2]).hash(name).hash, Seed([1, 3]).hash(name).hash);
    }
}
