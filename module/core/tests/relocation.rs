//! Relocating the memory of a sale, block by block, changes nothing that can be read.

#[path = "support/counting_allocator.rs"]
mod counting_allocator;
mod support;

use counting_allocator::size_class;
use proptest::prelude::*;
use seckill_core::{Relocator, Sale};
use support::Pair;
use support::snapshot::save;

/// Counts what it relocates, and stops after every so many blocks.
struct CountingRelocator {
    bytes: usize,
    blocks: usize,
    blocks_a_visit: usize,
}

impl CountingRelocator {
    fn new(blocks_a_visit: usize) -> Self {
        Self { bytes: 0, blocks: 0, blocks_a_visit }
    }
}

impl Relocator for CountingRelocator {
    fn relocate<T>(&mut self, block: Vec<T>) -> Vec<T> {
        let mut copy = Vec::with_capacity(block.capacity());
        self.bytes += size_class(block.capacity() * size_of::<T>());
        self.blocks += 1;
        copy.extend(block);
        copy
    }

    fn should_stop(&mut self) -> bool {
        self.blocks.is_multiple_of(self.blocks_a_visit)
    }
}

/// A sale with so many orders, some of them held, in a few terms.
fn sale_with(orders: u64) -> Pair {
    let mut pair = Pair::with_max_orders(u32::MAX);
    pair.run(0, "CREATE STOCK 9999999 HOLD 1000000");
    for n in 0..orders {
        pair.run(n, &format!("BUY buyer{} order{n}", n / 3));
        if n % 3 == 0 {
            pair.run(n, &format!("CONFIRM order{n}"));
        }
        if n % 500 == 0 {
            pair.run(n, &format!("promote {}", 200 + n));
            pair.run(n, &format!("RESTOCK 1 ID truck{n}"));
        }
    }
    pair
}

/// Relocates all blocks. Returns how many visits that took.
fn relocate_all(sale: &mut Sale, relocator: &mut impl Relocator) -> usize {
    let mut visits = 1;
    let mut cursor = 0;
    while let Some(next) = sale.relocate(cursor, relocator) {
        assert!(next > cursor, "the cursor rises");
        cursor = next;
        visits += 1;
    }
    visits
}

/// All memory that MEMORY USAGE reports is relocated, but for the sale itself and the tree of the holds.
#[test]
fn every_block_is_relocated_once() {
    for orders in [0, 1, 20, 100, 20_000] {
        let mut pair = sale_with(orders);
        let before = save(&pair.primary);
        let mut relocator = CountingRelocator::new(usize::MAX);
        assert_eq!(relocate_all(&mut pair.primary, &mut relocator), 1);
        let expected = pair.primary.memory() - size_of::<Sale>();
        assert!(
            (expected * 97 / 100..=expected).contains(&relocator.bytes),
            "{orders} orders: {} of {expected} bytes relocated",
            relocator.bytes
        );
        assert!(save(&pair.primary) == before);
        pair.check(orders);
    }
}

#[test]
fn a_visit_may_end_after_any_block() {
    let mut pair = sale_with(3_000);
    let mut whole = CountingRelocator::new(usize::MAX);
    relocate_all(&mut pair.primary, &mut whole);
    let mut relocator = CountingRelocator::new(1);
    assert!(relocate_all(&mut pair.primary, &mut relocator) > whole.blocks / 2);
    assert_eq!((relocator.blocks, relocator.bytes), (whole.blocks, whole.bytes));
    pair.check(3_000);
}

/// A visit from a cursor relocates what the visits before it left.
#[test]
fn a_cursor_goes_on_where_the_visit_before_it_ended() {
    let mut pair = sale_with(3_000);
    let mut whole = CountingRelocator::new(usize::MAX);
    relocate_all(&mut pair.primary, &mut whole);
    let mut next = Some(0);
    let mut before = 0;
    while let Some(cursor) = next {
        let mut rest = CountingRelocator::new(usize::MAX);
        assert_eq!(pair.primary.relocate(cursor, &mut rest), None, "one visit is enough for the rest");
        assert_eq!(rest.blocks, whole.blocks - before, "cursor {cursor:x}");
        let mut visit = CountingRelocator::new(1);
        next = pair.primary.relocate(cursor, &mut visit);
        before += visit.blocks;
    }
    assert_eq!(before, whole.blocks);
}

#[test]
fn a_cursor_beyond_the_last_block_is_the_end() {
    let mut pair = sale_with(10);
    for cursor in [u64::MAX, 1 << 40, 99 << 32, u64::from(u32::MAX)] {
        let mut relocator = CountingRelocator::new(1);
        let mut next = Some(cursor);
        while let Some(cursor) = next {
            next = pair.primary.relocate(cursor, &mut relocator);
        }
        pair.check(10);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// As on a server: a few blocks a visit, and purchases in between.
    #[test]
    fn a_sale_may_change_between_two_visits(blocks in 1..9_usize, orders in 1..3_000_u64) {
        let mut pair = sale_with(orders);
        let mut relocator = CountingRelocator::new(blocks);
        let (mut next, mut n) = (Some(0), orders);
        while let Some(cursor) = next {
            next = pair.primary.relocate(cursor, &mut relocator);
            pair.run(n, &format!("BUY late{n} order{n}"));
            pair.run(n, &format!("CONFIRM order{}", n / 2));
            n += 1;
        }
        pair.check(n);
    }
}
