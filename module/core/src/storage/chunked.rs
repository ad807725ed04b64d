//! A list that only grows, and never copies what it holds.

use super::relocation::{Relocate, Relocator};
use super::room::{copy_with_room, make_room, memory_of};
use super::size_class::size_class;

/// Records in a chunk, as a power of two.
const BITS: u32 = 10;
const CHUNK: usize = 1 << BITS;

/// An append-only list in chunks of 1,024 records. A `Vec` that doubles would copy millions of records in one
/// push. Here only the first chunk grows by reallocation, and from one record on, for most sales are small.
pub(crate) struct Chunked<T> {
    chunks: Vec<Vec<T>>,
}

impl<T: Clone> Clone for Chunked<T> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.iter().map(copy_with_room).collect() }
    }
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunked<T> {
    /// How many records there are.
    pub(crate) fn len(&self) -> u32 {
        let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        let last = self.chunks.last().map_or(0, Vec::len);
        u32::try_from(full.saturating_add(last)).unwrap_or(u32::MAX)
    }

    /// Appends a record and returns its number.
    pub(crate) fn push(&mut self, record: T) -> u32 {
        let number = self.len();
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            let capacity = if self.chunks.is_empty() { 0 } else { CHUNK };
            make_room(&mut self.chunks, 1);
            self.chunks.push(Vec::with_capacity(capacity));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            make_room(chunk, 1);
            chunk.push(record);
        }
        number
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let (chunk, place) = place(number)?;
        self.chunks.get(chunk)?.get(place)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (chunk, place) = place(number)?;
        self.chunks.get_mut(chunk)?.get_mut(place)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// The number of the first record for which `is_before` does not hold, as in
    /// [`slice::partition_point`].
    pub(crate) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle) {
                Some(record) if is_before(record) => low = middle.saturating_add(1),
                _ => high = middle,
            }
        }
        low
    }

    /// Memory, in bytes, without what the records themselves own.
    pub(crate) fn memory(&self) -> usize {
        let chunk = size_class(CHUNK.saturating_mul(size_of::<T>()));
        let full = self.chunks.len().saturating_sub(1).saturating_mul(chunk);
        let last = self.chunks.last().map_or(0, memory_of);
        full.saturating_add(last).saturating_add(memory_of(&self.chunks))
    }
}

impl<T> Relocate for Chunked<T> {
    const PARTS: u32 = <Vec<Vec<T>>>::PARTS;

    fn relocate_block(&mut self, part: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        self.chunks.relocate_block(part, number, relocator)
    }
}

fn place(number: u32) -> Option<(usize, usize)> {
    let number = usize::try_from(number).ok()?;
    Some((number >> BITS, number & CHUNK.wrapping_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_pushed_under_its_number() {
        let mut list = Chunked::default();
        for value in 0..5_000_u32 {
            assert_eq!(list.push(value * 3), value);
        }
        assert_eq!(list.len(), 5_000);
        assert_eq!(list.get(4_999), Some(&14_997));
        assert_eq!(list.get(5_000), None);
        *list.get_mut(1_024).unwrap() = 7;
        assert_eq!(list.iter().nth(1_024), Some(&7));
        assert!(list.iter().copied().eq((0..5_000).map(|v| if v == 1_024 { 7 } else { v * 3 })));
    }

    #[test]
    fn finds_where_a_condition_ends() {
        let mut list = Chunked::default();
        assert_eq!(list.partition_point(|v: &u32| *v < 10), 0);
        for value in 0..3_000_u32 {
            list.push(value * 2);
        }
        assert_eq!(list.partition_point(|v| *v < 2_047), 1_024);
        assert_eq!(list.partition_point(|_| true), 3_000);
    }
}
