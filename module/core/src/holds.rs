//! Deadlines in order.

use std::collections::BTreeMap;

use crate::blocks::{Blocks, Mover, move_in_place};
use crate::chunked::copy_with_room;

/// Deadlines a leaf.
const LEAF: usize = 128;

/// A hold: when it falls due, and the number of its order. Packed to 12 bytes, for there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
pub(crate) struct Hold {
    pub(crate) deadline: u64,
    pub(crate) order: u32,
}

/// What a node of the tree of leaves takes, with its share of those above, in bytes, and how many leaves it has
/// where deadlines arrive in order.
const NODE: usize = 448;
const LEAVES_A_NODE: usize = 6;

/// Comes before every hold.
const FIRST: Hold = Hold { deadline: 0, order: 0 };

/// All holds of a sale, the earliest first: sorted leaves of bounded size under a tree of their lower bounds.
///
/// Deadlines mostly arrive in order. Leaves that fill at the end stay full, where the nodes of a plain
/// `BTreeSet` stay half empty: 12 bytes a hold instead of 24.
#[derive(Default)]
pub(crate) struct Holds {
    leaves: BTreeMap<Hold, Vec<Hold>>,
}

impl Clone for Holds {
    fn clone(&self) -> Self {
        Self { leaves: self.leaves.iter().map(|(bound, leaf)| (*bound, copy_with_room(leaf))).collect() }
    }
}

impl Holds {
    pub(crate) fn insert(&mut self, hold: Hold) {
        let Some((_, leaf)) = self.leaves.range_mut(..=hold).next_back() else {
            self.leaves.insert(FIRST, new_leaf(hold));
            return;
        };
        let Err(place) = leaf.binary_search(&hold) else { return };
        if leaf.len() < LEAF {
            leaf.insert(place, hold);
        } else if place == LEAF {
            self.leaves.insert(hold, new_leaf(hold));
        } else {
            let mut upper = Vec::with_capacity(LEAF);
            upper.extend(leaf.drain(LEAF / 2..));
            if let Some(bound) = upper.first() {
                self.leaves.insert(*bound, upper);
            }
            self.insert(hold);
        }
    }

    pub(crate) fn remove(&mut self, hold: Hold) {
        let Some((bound, leaf)) = self.leaves.range_mut(..=hold).next_back() else { return };
        let Ok(place) = leaf.binary_search(&hold) else { return };
        leaf.remove(place);
        // The first leaf stays, so that every hold has a leaf whose bound is not above it.
        let bound = *bound;
        if leaf.is_empty() && bound != FIRST {
            self.leaves.remove(&bound);
        }
    }

    /// The holds, the earliest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Hold> {
        self.leaves.values().flatten().copied()
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        let leaves = self.leaves.len().saturating_mul(LEAF.saturating_mul(size_of::<Hold>()));
        let nodes = self.leaves.len().div_ceil(LEAVES_A_NODE).saturating_mul(NODE);
        leaves.saturating_add(nodes)
    }
}

/// Leaves that move as one block: who looks for a leaf has to pass all before it.
const LEAVES_A_BLOCK: usize = 256;

/// The leaves. The tree above them stays where it is.
impl Blocks for Holds {
    fn move_block(&mut self, number: usize, mover: &mut impl Mover) -> bool {
        let mut leaves = self.leaves.values_mut().skip(number.saturating_mul(LEAVES_A_BLOCK));
        let first = move_in_place(leaves.next(), mover);
        for leaf in leaves.take(LEAVES_A_BLOCK.saturating_sub(1)) {
            move_in_place(Some(leaf), mover);
        }
        first
    }
}

fn new_leaf(hold: Hold) -> Vec<Hold> {
    let mut leaf = Vec::with_capacity(LEAF);
    leaf.push(hold);
    leaf
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn is_a_sorted_set(
            steps in prop::collection::vec((any::<bool>(), 0..400_u64, 0..8_u32), 0..3_000)
        ) {
            let mut holds = Holds::default();
            let mut model = BTreeSet::new();
            for (insert, deadline, order) in steps {
                let hold = Hold { deadline, order };
                if insert {
                    holds.insert(hold);
                    model.insert(hold);
                } else {
                    holds.remove(hold);
                    model.remove(&hold);
                }
            }
            prop_assert!(holds.iter().eq(model.iter().copied()));
        }
    }

    #[test]
    fn what_arrives_in_order_fills_its_leaves() {
        let mut holds = Holds::default();
        for order in 0..100_000 {
            holds.insert(Hold { deadline: u64::from(order), order });
        }
        assert!(holds.memory() < 100_000 * 13);
        let mut expected = 0..100_000;
        let first = |holds: &Holds| holds.iter().next();
        while let Some(hold) = first(&holds) {
            assert_eq!(Some(hold.order), expected.next());
            holds.remove(hold);
        }
        assert_eq!(expected.next(), None);
        assert_eq!(holds.leaves.len(), 1, "what emptied is gone");
    }
}
