//! The memory of a sale moves block by block, and nobody notices.

mod support;

use proptest::prelude::*;
use seckill_core::Sale;
use seckill_core::blocks::Mover;
use support::{Shop, bytes_of};

/// Moves every block, so many at a time.
struct Everything {
    bytes: usize,
    blocks: usize,
    at_once: usize,
}

impl Everything {
    fn at_once(at_once: usize) -> Self {
        Self { bytes: 0, blocks: 0, at_once }
    }
}

impl Mover for Everything {
    fn moved<T>(&mut self, block: Vec<T>) -> Vec<T> {
        let mut elsewhere = Vec::with_capacity(block.capacity());
        self.bytes += block.capacity() * size_of::<T>();
        self.blocks += 1;
        elsewhere.extend(block);
        elsewhere
    }

    fn is_done_for_now(&mut self) -> bool {
        self.blocks.is_multiple_of(self.at_once)
    }
}

/// A sale with so many orders, some of them held, in a few terms.
fn shop(orders: u64) -> Shop {
    let mut shop = Shop { max_orders: u32::MAX, ..Shop::new() };
    shop.say(0, "CREATE STOCK 9999999 HOLD 1000000");
    for n in 0..orders {
        shop.say(n, &format!("BUY buyer{} order{n}", n / 3));
        if n % 3 == 0 {
            shop.say(n, &format!("CONFIRM order{n}"));
        }
        if n % 500 == 0 {
            shop.say(n, &format!("takeover {}", 200 + n));
            shop.say(n, &format!("RESTOCK 1 ID truck{n}"));
        }
    }
    shop
}

fn move_all(sale: &mut Sale, mover: &mut impl Mover) -> usize {
    let mut visits = 1;
    let mut place = 0;
    while let Some(next) = sale.move_blocks(place, mover) {
        assert!(next > place, "headway");
        place = next;
        visits += 1;
    }
    visits
}

/// What MEMORY USAGE tells is what moves, but for the sale itself and the tree of the holds.
#[test]
fn every_block_moves_once() {
    for orders in [0, 20_000] {
        let mut shop = shop(orders);
        let before = bytes_of(&shop.sale);
        let mut mover = Everything::at_once(usize::MAX);
        assert_eq!(move_all(&mut shop.sale, &mut mover), 1);
        let expected = shop.sale.memory() - size_of::<Sale>();
        assert!(
            (expected * 97 / 100..=expected).contains(&mover.bytes),
            "{orders} orders: {} of {expected} moved",
            mover.bytes
        );
        assert!(bytes_of(&shop.sale) == before);
        shop.check(orders);
    }
}

#[test]
fn a_pause_after_each_block_changes_nothing() {
    let mut shop = shop(3_000);
    let mut whole = Everything::at_once(usize::MAX);
    move_all(&mut shop.sale, &mut whole);
    let mut mover = Everything::at_once(1);
    assert!(move_all(&mut shop.sale, &mut mover) > whole.blocks / 2);
    assert_eq!((mover.blocks, mover.bytes), (whole.blocks, whole.bytes));
    shop.check(3_000);
}

#[test]
fn a_place_that_does_not_exist_is_the_end() {
    let mut shop = shop(10);
    for place in [u64::MAX, 1 << 40, 99 << 32, u64::from(u32::MAX)] {
        let mut mover = Everything::at_once(1);
        let mut at = Some(place);
        while let Some(place) = at {
            at = shop.sale.move_blocks(place, &mut mover);
        }
        shop.check(10);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// As on a server: a few blocks at a time, and buyers in between.
    #[test]
    fn the_sale_goes_on_meanwhile(at_once in 1..9_usize, orders in 1..3_000_u64) {
        let mut shop = shop(orders);
        let mut mover = Everything::at_once(at_once);
        let (mut place, mut n) = (Some(0), orders);
        while let Some(from) = place {
            place = shop.sale.move_blocks(from, &mut mover);
            shop.say(n, &format!("BUY late{n} order{n}"));
            shop.say(n, &format!("CONFIRM order{}", n / 2));
            n += 1;
        }
        shop.check(n);
    }
}
