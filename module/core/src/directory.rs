//! Records that are found by name or by number.

use crate::blocks::{Blocks, Mover};
use crate::chunked::Chunked;
use crate::index::{Hashed, Index};
use crate::names::{Name, Names};

/// An append-only list of named records with an index of their names.
#[derive(Clone)]
pub(crate) struct Directory<T> {
    names: Names,
    index: Index,
    records: Chunked<Named<T>>,
}

#[derive(Clone)]
struct Named<T> {
    name: u32,
    record: T,
}

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self { names: Names::default(), index: Index::default(), records: Chunked::default() }
    }
}

impl<T> Directory<T> {
    pub(crate) fn len(&self) -> u32 {
        self.records.len()
    }

    /// Whether one more record can be numbered and named.
    pub(crate) fn has_room(&self) -> bool {
        self.names.has_room() && self.len() < u32::MAX
    }

    /// The number of the record of this name.
    pub(crate) fn find(&self, sought: &Hashed<'_>) -> Option<u32> {
        let is = |number| {
            self.records.get(number).is_some_and(|named: &Named<T>| self.names.is(named.name, &sought.name))
        };
        self.index.find(sought.hash, is)
    }

    /// Says that [`Self::find`] is about to be called. Look-ups that are all announced before the first one is
    /// made wait for memory at the same time, and not one after the other.
    pub(crate) fn announce(&self, sought: &Hashed<'_>) {
        self.index.fetch(sought.hash);
    }

    /// Adds a record under a name that has none, and tells its number; `None` when there is no room.
    pub(crate) fn add(&mut self, added: &Hashed<'_>, record: T) -> Option<u32> {
        if !self.has_room() {
            return None;
        }
        let name = self.names.add(&added.name)?;
        let number = self.records.push(Named { name, record });
        self.index.insert(added.hash, number);
        Some(number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.records.get(number).map(|named| &named.record)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.records.get_mut(number).map(|named| &mut named.record)
    }

    /// The name of a record.
    pub(crate) fn name(&self, number: u32) -> Option<Name<'_>> {
        self.names.get(self.records.get(number)?.name)
    }

    /// The records in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.records.iter().map(|named| &named.record)
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.names.memory().saturating_add(self.index.memory()).saturating_add(self.records.memory())
    }

    /// Moves a block of the names (part 0), the index (1) or the records.
    pub(crate) fn move_block_of(&mut self, part: u64, number: usize, mover: &mut impl Mover) -> bool {
        match part {
            0 => self.names.move_block(number, mover),
            1 => self.index.move_block(number, mover),
            _ => self.records.move_block(number, mover),
        }
    }
}
