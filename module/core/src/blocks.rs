//! The memory of a sale, block by block: a server that closes the gaps between blocks moves them.

use core::mem::take;

use crate::sale::Sale;

/// Moves blocks of memory.
pub trait Mover {
    /// Takes a block and hands it back, with the same content and capacity, from where it is then.
    fn moved<T>(&mut self, block: Vec<T>) -> Vec<T>;

    /// Whether to leave the rest for later. Asked after each block.
    fn is_done_for_now(&mut self) -> bool;
}

/// Something that keeps its memory in blocks, which are numbered from 0 on.
pub(crate) trait Blocks {
    /// Moves the block of this number; `false` when there is none.
    fn move_block(&mut self, number: usize, mover: &mut impl Mover) -> bool;
}

/// A list of lists: block 0 is the outer one.
impl<T> Blocks for Vec<Vec<T>> {
    fn move_block(&mut self, number: usize, mover: &mut impl Mover) -> bool {
        match number.checked_sub(1) {
            None => move_in_place(Some(self), mover),
            Some(inner) => move_in_place(self.get_mut(inner), mover),
        }
    }
}

/// Moves a block, if there is one.
pub(crate) fn move_in_place<T>(block: Option<&mut Vec<T>>, mover: &mut impl Mover) -> bool {
    block.map(|block| *block = mover.moved(take(block))).is_some()
}

/// Bits of a place that number a block within its part of the sale.
const NUMBER_BITS: u32 = 32;
/// Parts of a directory, and of the log.
const PARTS: u64 = 3;

impl Sale {
    /// Moves blocks from a place on, until the mover is done for now: tells the place to go on from, or `None`
    /// when all were moved. The first place is 0. In between the sale may change: what came in earlier parts since
    /// then is left for the next time.
    pub fn move_blocks(&mut self, from: u64, mover: &mut impl Mover) -> Option<u64> {
        let (mut part, mut number) = (from >> NUMBER_BITS, from & u64::from(u32::MAX));
        loop {
            if self.move_block_of(part, usize::try_from(number).ok()?, mover)? {
                number = number.saturating_add(1);
                if mover.is_done_for_now() {
                    return Some(part << NUMBER_BITS | number);
                }
            } else {
                (part, number) = (part.saturating_add(1), 0);
            }
        }
    }

    /// Moves a block of a part; `None` when there is no such part.
    fn move_block_of(&mut self, part: u64, number: usize, mover: &mut impl Mover) -> Option<bool> {
        let inner = part % PARTS;
        Some(match part / PARTS {
            0 => self.orders.move_block_of(inner, number, mover),
            1 => self.buyers.move_block_of(inner, number, mover),
            2 => self.restockings.move_block_of(inner, number, mover),
            3 => self.log.move_block_of(inner, number, mover),
            4 if inner == 0 => self.holds.move_block(number, mover),
            _ => return None,
        })
    }
}
