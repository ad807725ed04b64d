//! Bytes from anyone, as snapshots and as batches: an error or a sale that is sound, never a panic, and never
//! more memory than a small multiple of the bytes.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/hostile.rs"]
mod hostile;
mod support;

use counting::{Counting, peak_of};
use hostile::{copy, examine, load};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use seckill_core::Sale;
use seckill_core::events::VERSION;
use support::Shop;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a sale has once: the first chunks, the tables of an index.
const ONCE: usize = 600_000;
/// What a byte may come to. An order of ten bytes has some hundred in memory, and twice that in tables that
/// have just grown.
const TIMES: usize = 16;

/// Some orders of each state, terms, restockings, an altered window; a few hundred events.
fn rich() -> Shop {
    let mut shop = Shop::new();
    shop.say(5, "CREATE STOCK 900 LIMIT 40 HOLD 50 OPENS 5 CLOSES 100000");
    for n in 0..150_u64 {
        let now = 5 + n * 3;
        let (buyer, other) = (n % 20, n / 2);
        for line in [
            format!("BUY buyer{buyer} order{n} QTY {}", n % 3 + 1),
            format!("CONFIRM order{other}"),
            format!("EXTEND order{} 80", n.saturating_sub(2)),
            format!("CANCEL order{other} REFUND"),
            format!("RESTOCK {} ID truck{other}", n % 7 + 1),
        ]
        .iter()
        .take(1 + (n % 5) as usize)
        {
            shop.say(now, line);
        }
        if n % 40 == 9 {
            shop.say(now, &format!("takeover {}", 100 + n));
            shop.say(now, &format!("ALTER HOLD {}", 40 + n));
        }
    }
    shop.check(500);
    shop
}

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index, usize),
    Grow(Index, Vec<u8>),
    /// What stands at one place comes to stand at another.
    Splice(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let extreme = prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff]);
    prop_oneof![
        3 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        2 => (any::<Index>(), extreme).prop_map(|(at, byte)| Edit::Set(at, byte)),
        1 => (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Edit::Cut(at, len)),
        1 => (any::<Index>(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Edit::Grow(at, bytes)),
        2 => (any::<Index>(), any::<Index>(), 1..60_usize).prop_map(|(from, to, len)| Edit::Splice(from, to, len)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match edit {
        Edit::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
        Edit::Set(at, byte) => bytes[at.index(len)] = *byte,
        Edit::Cut(at, most) => drop(bytes.drain(at.index(len)..(at.index(len) + most).min(len))),
        Edit::Grow(at, more) => drop(bytes.splice(at.index(len)..at.index(len), more.iter().copied())),
        Edit::Splice(from, to, most) => {
            let piece = bytes[from.index(len)..(from.index(len) + most).min(len)].to_vec();
            let (to, rest) = (to.index(len), piece.len().min(len - to.index(len)));
            bytes.splice(to..to + rest, piece);
        }
    }
}

/// Loads, with an eye on memory.
fn load_watched(bytes: &[u8]) -> Option<Sale> {
    let (result, peak) = peak_of(|| load(bytes));
    assert!(peak <= ONCE + TIMES * bytes.len(), "{} bytes took {peak}", bytes.len());
    result.ok()
}

fn follow_watched(sale: &mut Sale, batch: &[u8]) {
    let before = sale.seq();
    let (result, peak) = peak_of(|| sale.follow(batch));
    assert!(peak <= ONCE + TIMES * batch.len(), "{} bytes took {peak}", batch.len());
    assert_eq!(result.is_err(), sale.diverged());
    assert!(sale.seq() >= before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_are_no_snapshot(bytes in vec(any::<u8>(), 0..600)) {
        // It takes the right versions to get anywhere.
        let head = [&[1, 0][..], &bytes[..bytes.len().min(2)]].concat();
        let part = [&[VERSION, 1, 1, 1][..], &bytes].concat();
        for bytes in [bytes, hostile::frame(core::slice::from_ref(&head)), hostile::frame(&[head, part])] {
            if let Some(sale) = load_watched(&bytes) {
                examine(&sale);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_batch(bytes in vec(any::<u8>(), 0..300)) {
        let mut sale = copy(&rich_once());
        let header = [&[VERSION][..], &bytes].concat();
        follow_watched(&mut sale, &header);
        examine(&sale);
    }

    #[test]
    fn a_snapshot_that_was_tampered_with_is_refused_or_sound(edits in vec(edit(), 1..5)) {
        let mut bytes = rich_bytes();
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        if let Some(sale) = load_watched(&bytes) {
            examine(&sale);
        }
    }

    #[test]
    fn a_batch_that_was_tampered_with_is_refused_or_sound(
        after in 0..300_u64,
        edits in vec(edit(), 1..4),
    ) {
        let whole = rich_once();
        let mut sale = support::blank();
        let mut batch = Vec::new();
        let mut last = 0;
        while last < after {
            batch.clear();
            last = whole.batch(last, 1_000, &mut batch).unwrap();
            sale.follow(&batch).unwrap();
        }
        batch.clear();
        whole.batch(last, 1_000, &mut batch).unwrap();
        edits.iter().for_each(|edit| apply(&mut batch, edit));
        follow_watched(&mut sale, &batch);
        examine(&sale);
    }
}

/// The rich sale's snapshot, made once.
fn rich_bytes() -> Vec<u8> {
    use std::sync::OnceLock;
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| hostile::saved(&rich().sale)).clone()
}

fn rich_once() -> Sale {
    load(&rich_bytes()).unwrap()
}

/// The histories that take most memory a byte.
#[test]
fn the_densest_snapshots_take_a_small_multiple() {
    for hold in [0, 1] {
        for line in ["BUY b N", "BUY N N", "RESTOCK 1 ID N"] {
            let mut shop = Shop { max_orders: u32::MAX, ..Shop::new() };
            shop.say(0, &format!("CREATE STOCK 9999999 HOLD {hold}"));
            for n in 0..60_000_u64 {
                shop.say(0, &line.replace('N', &format!("{n:x}")));
                assert_eq!(shop.sale.seq(), n + 2);
            }
            assert!(load_watched(&hostile::saved(&shop.sale)).is_some(), "{line}");
        }
    }
}

/// A term for each event.
#[test]
fn terms_take_a_small_multiple() {
    let mut shop = Shop::new();
    shop.say(0, "CREATE STOCK 0");
    for n in 0..20_000 {
        shop.say(0, &format!("takeover {n}"));
        shop.say(0, "RESTOCK 1");
    }
    let bytes = hostile::saved(&shop.sale);
    assert!(load_watched(&bytes).is_some_and(|sale| sale.seq() == 20_001));
}
