//! The deadlines of held orders, the earliest first.
//!
//! Why not a `BTreeSet`: deadlines mostly arrive in order, which leaves its nodes half empty, and a hold
//! takes 24 bytes. The leaves here that fill at the end stay full: 12 bytes a hold. And their memory can be
//! relocated.

use core::iter::once;
use std::collections::BTreeMap;

use crate::protocol::{OrderNumber, UnixMs};
use crate::storage::{Relocate, Relocator, copy_with_room, make_room, memory_of, relocate_in_place};

/// Holds in a leaf.
const LEAF: usize = 128;

/// A held order and its deadline. Packed, for there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
pub(super) struct Hold {
    pub(super) deadline: UnixMs,
    pub(super) order: OrderNumber,
}

const _: () = assert!(size_of::<Hold>() == 12);

impl Hold {
    /// Whether the deadline has passed. At the deadline itself it has.
    pub(super) fn is_due(self, now: UnixMs) -> bool {
        let Self { deadline, .. } = self;
        deadline <= now
    }
}

/// What a node of the tree above the leaves takes, with its share of the nodes above it, in bytes.
const NODE: usize = 448;
/// Leaves under a node, where deadlines arrive in order.
const LEAVES_PER_NODE: usize = 6;

/// A sorted set of holds: sorted leaves of bounded size, all but the first under a tree of their lower bounds.
#[derive(Default)]
pub(super) struct Holds {
    /// The leaf of the holds before all bounds. It grows, for most sales are small and have no other.
    first: Vec<Hold>,
    /// The other leaves. They have full size at once, and are never empty.
    others: BTreeMap<Hold, Vec<Hold>>,
}

impl Clone for Holds {
    fn clone(&self) -> Self {
        Self {
            first: copy_with_room(&self.first),
            others: self.others.iter().map(|(bound, leaf)| (*bound, copy_with_room(leaf))).collect(),
        }
    }
}

impl Holds {
    /// Adds a hold that is not in the set.
    pub(super) fn insert(&mut self, hold: Hold) {
        let leaf = self.others.range_mut(..=hold).next_back().map_or(&mut self.first, |(_, leaf)| leaf);
        let Err(place) = leaf.binary_search(&hold) else {
            debug_assert!(false, "{hold:?} is held twice");
            return;
        };
        if leaf.len() < LEAF {
            make_room(leaf, 1);
            leaf.insert(place, hold);
        } else if place == LEAF {
            let mut next = Vec::with_capacity(LEAF);
            next.push(hold);
            self.others.insert(hold, next);
        } else {
            let mut upper = Vec::with_capacity(LEAF);
            upper.extend(leaf.drain(LEAF / 2..));
            if let Some(bound) = upper.first() {
                self.others.insert(*bound, upper);
            }
            self.insert(hold);
        }
    }

    /// Removes a hold of the set.
    pub(super) fn remove(&mut self, hold: Hold) {
        let (bound, leaf) = match self.others.range_mut(..=hold).next_back() {
            Some((bound, leaf)) => (Some(*bound), leaf),
            None => (None, &mut self.first),
        };
        let Ok(place) = leaf.binary_search(&hold) else {
            debug_assert!(false, "{hold:?} is not held");
            return;
        };
        leaf.remove(place);
        if let Some(bound) = bound.filter(|_| leaf.is_empty()) {
            self.others.remove(&bound);
            // An empty tree keeps a node, unless it is a new one.
            if self.others.is_empty() {
                self.others = BTreeMap::new();
            }
        }
    }

    /// The holds, the earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Hold> {
        self.first.iter().chain(self.others.values().flatten()).copied()
    }

    /// Memory, in bytes.
    pub(super) fn memory(&self) -> usize {
        let others = self.others.len().saturating_mul(LEAF.saturating_mul(size_of::<Hold>()));
        let nodes = self.others.len().div_ceil(LEAVES_PER_NODE).saturating_mul(NODE);
        memory_of(&self.first).saturating_add(others).saturating_add(nodes)
    }
}

/// Leaves that are relocated as one block: to reach a leaf, all before it have to be passed.
const LEAVES_PER_BLOCK: usize = 256;

/// Its part consists of the leaves. The tree above them stays where it is.
impl Relocate for Holds {
    const PARTS: u32 = 1;

    fn relocate_block(&mut self, _: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        let leaves = once(&mut self.first).chain(self.others.values_mut());
        let mut leaves = leaves.skip(number.saturating_mul(LEAVES_PER_BLOCK));
        let first = relocate_in_place(leaves.next(), relocator);
        for leaf in leaves.take(LEAVES_PER_BLOCK.saturating_sub(1)) {
            relocate_in_place(Some(leaf), relocator);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn hold(deadline: u64, order: u32) -> Hold {
        Hold { deadline: UnixMs(deadline), order: OrderNumber(order) }
    }

    proptest! {
        /// Each step adds a hold, or removes it if it is there.
        #[test]
        fn is_a_sorted_set(steps in prop::collection::vec((0..400_u64, 0..8_u32), 0..6_000)) {
            let mut holds = Holds::default();
            let mut model = BTreeSet::new();
            for (deadline, order) in steps {
                let hold = hold(deadline, order);
                if model.insert(hold) {
                    holds.insert(hold);
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
            holds.insert(hold(u64::from(order), order));
        }
        assert!(holds.memory() < 100_000 * 13);
        let mut expected = 0..100_000;
        let first = |holds: &Holds| holds.iter().next();
        while let Some(hold) = first(&holds) {
            assert_eq!(Some({ hold.order }.0), expected.next());
            holds.remove(hold);
        }
        assert_eq!(expected.next(), None);
        assert!(holds.others.is_empty(), "leaves that are empty are gone");
    }

    #[test]
    fn a_hold_is_due_at_its_deadline() {
        assert!(!hold(10, 0).is_due(UnixMs(9)));
        assert!(hold(10, 0).is_due(UnixMs(10)));
    }
}
