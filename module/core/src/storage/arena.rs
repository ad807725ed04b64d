//! The bytes of names, in chunks that grow without copying.

use super::relocation::{Relocate, Relocator};
use super::room::{copy_with_room, make_room, memory_of};
use crate::protocol::{MAX_NAME, MAX_ORDERS, Name};

/// The size of a chunk, as a power of two. No name straddles two chunks.
const CHUNK_BITS: u32 = 16;
const CHUNK: usize = 1 << CHUNK_BITS;
/// The chunks that 32 bits address.
const CHUNKS: usize = 1 << (u32::BITS - CHUNK_BITS);

/// The longest packed name.
const LONGEST: u64 = MAX_NAME as u64 + 1;
const _: () = assert!(LONGEST < CHUNK as u64);
const _: () = assert!(
    MAX_ORDERS as u64 * LONGEST < CHUNKS as u64 * (CHUNK as u64 - LONGEST),
    "32 bits address the names of a sale with as many orders as there may be"
);

/// Packed names, each at an address that never changes.
#[derive(Default)]
pub(crate) struct Arena {
    chunks: Vec<Vec<u8>>,
}

impl Clone for Arena {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.iter().map(copy_with_room).collect() }
    }
}

impl Arena {
    /// Whether there is an address for one more name.
    pub(crate) fn has_room(&self) -> bool {
        self.chunks.len() < CHUNKS
    }

    /// Adds a name and returns its address; `None` when 32 bits address no more.
    pub(crate) fn add(&mut self, name: &Name<'_>) -> Option<u32> {
        let (_, body) = name.packed();
        let bytes = body.len().saturating_add(1);
        let fits = |chunk: &Vec<u8>| chunk.len().saturating_add(bytes) <= CHUNK;
        if !self.chunks.last().is_some_and(fits) {
            if !self.has_room() {
                return None;
            }
            // The first chunk starts small, for most sales are small.
            let capacity = if self.chunks.is_empty() { 0 } else { CHUNK };
            make_room(&mut self.chunks, 1);
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let number = u32::try_from(self.chunks.len().checked_sub(1)?).ok()?;
        let chunk = self.chunks.last_mut()?;
        let offset = u32::try_from(chunk.len()).ok()?;
        // The last size to which the first chunk grows is that of all other chunks.
        make_room(chunk, bytes);
        name.pack(chunk);
        Some(number << CHUNK_BITS | offset)
    }

    /// The bytes that begin with the packed name at an address.
    fn at(&self, address: u32) -> Option<&[u8]> {
        let chunk = self.chunks.get(usize::try_from(address >> CHUNK_BITS).ok()?)?;
        let offset = usize::try_from(address).ok()? & CHUNK.wrapping_sub(1);
        chunk.get(offset..)
    }

    /// The name at an address.
    pub(crate) fn get(&self, address: u32) -> Option<Name<'_>> {
        Name::unpack(&mut self.at(address)?)
    }

    /// Whether the name at an address is this one.
    pub(crate) fn is(&self, address: u32, name: &Name<'_>) -> bool {
        let (tag, body) = name.packed();
        let kept = self.at(address).and_then(|bytes| bytes.split_first());
        kept.is_some_and(|(first, rest)| *first == tag && rest.starts_with(body))
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        // All chunks but the first and the last have one size.
        let full = self.chunks.len().saturating_sub(1).saturating_mul(CHUNK);
        let last = self.chunks.last().map_or(0, memory_of);
        full.saturating_add(last).saturating_add(memory_of(&self.chunks))
    }
}

impl Relocate for Arena {
    const PARTS: u32 = <Vec<Vec<u8>>>::PARTS;

    fn relocate_block(&mut self, part: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        self.chunks.relocate_block(part, number, relocator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_name_is_found_at_its_address(
            names in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 1..=128),
                    any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().into_bytes()),
                ],
                1..2_000,
            )
        ) {
            let mut arena = Arena::default();
            let name = |text| Name::new("order", text).unwrap();
            let at: Vec<u32> = names.iter().map(|text| arena.add(&name(text)).unwrap()).collect();
            for (text, address) in names.iter().zip(at) {
                prop_assert_eq!(arena.get(address), Some(name(text)));
                prop_assert!(arena.is(address, &name(text)));
            }
        }
    }
}
