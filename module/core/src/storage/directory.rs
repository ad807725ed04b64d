//! Records that are found by name or by number.

use core::marker::PhantomData;

use super::arena::Arena;
use super::chunked::Chunked;
use super::index::{Hashed, Index};
use super::relocation::{Relocate, Relocator};
use crate::protocol::Name;

/// An append-only list of named records with an index of their names. `N` is the type of their numbers, so
/// that those of two directories are not confused.
pub(crate) struct Directory<N, T> {
    names: Arena,
    index: Index,
    records: Chunked<Named<T>>,
    number: PhantomData<N>,
}

/// As small as its record allows, for there may be millions.
#[derive(Clone)]
struct Named<T> {
    /// The address of its name.
    name: u32,
    record: T,
}

impl<N, T> Default for Directory<N, T> {
    fn default() -> Self {
        Self {
            names: Arena::default(),
            index: Index::default(),
            records: Chunked::default(),
            number: PhantomData,
        }
    }
}

impl<N, T: Clone> Clone for Directory<N, T> {
    fn clone(&self) -> Self {
        Self {
            names: self.names.clone(),
            index: self.index.clone(),
            records: self.records.clone(),
            number: PhantomData,
        }
    }
}

impl<N: From<u32> + Into<u32>, T> Directory<N, T> {
    /// What a record takes, with the address of its name, in bytes.
    pub(crate) const RECORD_SIZE: usize = size_of::<Named<T>>();

    pub(crate) fn len(&self) -> u32 {
        self.records.len()
    }

    /// The number that the next record gets; `None` when there is no room for one more.
    pub(crate) fn next_number(&self) -> Option<N> {
        let has_room = self.names.has_room() && self.len() < u32::MAX;
        has_room.then(|| self.len().into())
    }

    /// The number of the record of this name.
    pub(crate) fn find(&self, name: &Hashed<'_>) -> Option<N> {
        let is_named = |number| {
            self.records.get(number).is_some_and(|named: &Named<T>| self.names.is(named.name, &name.name))
        };
        self.index.find(name.hash, is_named).map(N::from)
    }

    /// Starts to fetch the memory that [`Self::find`] will read. Look-ups that are all prefetched before the
    /// first is made wait for memory at the same time, and not one after the other.
    pub(crate) fn prefetch(&self, name: &Hashed<'_>) {
        self.index.prefetch(name.hash);
    }

    /// Adds a record under a name that has none, and returns its number; `None` when there is no room.
    pub(crate) fn add(&mut self, name: &Hashed<'_>, record: T) -> Option<N> {
        debug_assert!(self.find(name).is_none(), "{:?} has a record", name.name);
        self.next_number()?;
        let address = self.names.add(&name.name)?;
        let number = self.records.push(Named { name: address, record });
        self.index.insert(name.hash, number);
        Some(number.into())
    }

    pub(crate) fn get(&self, number: N) -> Option<&T> {
        self.records.get(number.into()).map(|named| &named.record)
    }

    pub(crate) fn get_mut(&mut self, number: N) -> Option<&mut T> {
        self.records.get_mut(number.into()).map(|named| &mut named.record)
    }

    /// The name of a record.
    pub(crate) fn name(&self, number: N) -> Option<Name<'_>> {
        self.names.get(self.records.get(number.into())?.name)
    }

    /// The records with their numbers, in the order of these.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (N, &T)> {
        (0..).map(N::from).zip(self.records.iter().map(|named| &named.record))
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.names.memory().saturating_add(self.index.memory()).saturating_add(self.records.memory())
    }
}

/// Its parts are the names, the index and the records.
impl<N, T> Relocate for Directory<N, T> {
    const PARTS: u32 = 3;

    fn relocate_block(&mut self, part: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        match part {
            0 => self.names.relocate_block(0, number, relocator),
            1 => self.index.relocate_block(0, number, relocator),
            _ => self.records.relocate_block(0, number, relocator),
        }
    }
}
