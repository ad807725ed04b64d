//! Moving blocks of memory, for active defragmentation: the server closes the gaps between blocks.

use core::mem::take;

/// Moves blocks of memory.
pub trait Relocator {
    /// Moves a block: the same content and capacity, at another address.
    fn relocate<T>(&mut self, block: Vec<T>) -> Vec<T>;

    /// Whether to leave the rest for the next visit. Asked after each block.
    fn should_stop(&mut self) -> bool;
}

/// Something that keeps its memory in parts, each of which consists of blocks that are numbered from 0 on.
pub(crate) trait Relocate {
    /// How many parts there are.
    const PARTS: u32;

    /// Relocates one block; `false` when the part has no block of this number.
    fn relocate_block(&mut self, part: u32, number: usize, relocator: &mut impl Relocator) -> bool;
}

/// A list of lists has one part. Block 0 is the outer list.
impl<T> Relocate for Vec<Vec<T>> {
    const PARTS: u32 = 1;

    fn relocate_block(&mut self, _: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        match number.checked_sub(1) {
            None => relocate_in_place(Some(self), relocator),
            Some(inner) => relocate_in_place(self.get_mut(inner), relocator),
        }
    }
}

/// Relocates a block; `false` when there is none.
pub(crate) fn relocate_in_place<T>(block: Option<&mut Vec<T>>, relocator: &mut impl Relocator) -> bool {
    block.map(|block| *block = relocator.relocate(take(block))).is_some()
}
