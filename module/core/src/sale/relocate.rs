//! Relocating the memory of a sale, block by block, for active defragmentation.

use super::state::Sale;
use crate::storage::{Relocate, Relocator};

/// Where to go on, in the form in which a server keeps it between two visits: a part of the sale, and a block
/// of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    part: u32,
    block: u32,
}

impl Cursor {
    fn unpack(packed: u64) -> Option<Self> {
        let (part, block) = (packed >> u32::BITS, packed & u64::from(u32::MAX));
        Some(Self { part: u32::try_from(part).ok()?, block: u32::try_from(block).ok()? })
    }

    fn pack(self) -> u64 {
        u64::from(self.part) << u32::BITS | u64::from(self.block)
    }
}

impl Sale {
    /// Relocates blocks from a cursor on, until the relocator stops. Returns the cursor to go on from, or
    /// `None` when all blocks were relocated. The first cursor is 0. Between two calls the sale may change:
    /// what was added to parts that were passed is left for the next round.
    pub fn relocate(&mut self, cursor: u64, relocator: &mut impl Relocator) -> Option<u64> {
        let Cursor { mut part, mut block } = Cursor::unpack(cursor)?;
        loop {
            if self.relocate_block(part, usize::try_from(block).ok()?, relocator)? {
                block = block.saturating_add(1);
                if relocator.should_stop() {
                    return Some(Cursor { part, block }.pack());
                }
            } else {
                (part, block) = (part.saturating_add(1), 0);
            }
        }
    }

    /// Relocates a block; `false` when the part has no such block, `None` when there is no such part.
    fn relocate_block(&mut self, part: u32, block: usize, relocator: &mut impl Relocator) -> Option<bool> {
        // Every field is named, so that none is forgotten.
        let Self {
            orders,
            buyers,
            restocks,
            log,
            holds,
            rules: _,
            available: _,
            claimed: _,
            epoch: _,
            diverged: _,
            seed: _,
        } = self;
        let mut part = part;
        relocate_in(orders, &mut part, block, relocator)
            .or_else(|| relocate_in(buyers, &mut part, block, relocator))
            .or_else(|| relocate_in(restocks, &mut part, block, relocator))
            .or_else(|| relocate_in(log, &mut part, block, relocator))
            .or_else(|| relocate_in(holds, &mut part, block, relocator))
    }
}

/// Relocates a block if it is in a part of this owner. Else `part` is counted from the next owner on.
fn relocate_in<T: Relocate>(
    owner: &mut T,
    part: &mut u32,
    block: usize,
    relocator: &mut impl Relocator,
) -> Option<bool> {
    match part.checked_sub(T::PARTS) {
        None => Some(owner.relocate_block(*part, block, relocator)),
        Some(rest) => {
            *part = rest;
            None
        }
    }
}
