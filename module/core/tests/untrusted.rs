//! Bytes from anyone, as snapshots and as batches: an error or a sale that is sound, never a panic, and never
//! more memory than a small multiple of the bytes.

#[path = "support/counting_allocator.rs"]
mod counting_allocator;
mod support;

use std::sync::OnceLock;

use counting_allocator::{CountingAllocator, peak_of};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use seckill_core::format::BATCH_VERSION;
use seckill_core::protocol::Seq;
use seckill_core::{Origin, Sale};
use support::Pair;
use support::snapshot::{frame, load, reload, save};
use support::untrusted::check_sale;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// What an empty sale takes: the first chunks, the tables of an index.
const EMPTY_SALE: usize = 600_000;
/// What a byte may take. An order of ten bytes has some hundred in memory, and twice that in tables that have
/// just grown.
const PER_BYTE: usize = 16;

fn build_varied() -> Pair {
    let mut pair = Pair::new();
    pair.run(5, "CREATE STOCK 900 LIMIT 40 HOLD 50 OPENS 5 CLOSES 100000");
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
            pair.run(now, line);
        }
        if n % 40 == 9 {
            pair.run(now, &format!("promote {}", 100 + n));
            pair.run(now, &format!("ALTER HOLD {}", 40 + n));
        }
    }
    pair.check(500);
    pair
}

/// A sale with orders of each state, several terms, restocks and altered rules: a few hundred events.
fn varied() -> &'static Sale {
    static SALE: OnceLock<Sale> = OnceLock::new();
    SALE.get_or_init(|| build_varied().primary)
}

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index, usize),
    Grow(Index, Vec<u8>),
    /// Some bytes overwrite others.
    Copy(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let extreme = prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff]);
    prop_oneof![
        3 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        2 => (any::<Index>(), extreme).prop_map(|(at, byte)| Edit::Set(at, byte)),
        1 => (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Edit::Cut(at, len)),
        1 => (any::<Index>(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Edit::Grow(at, bytes)),
        2 => (any::<Index>(), any::<Index>(), 1..60_usize).prop_map(|(from, to, len)| Edit::Copy(from, to, len)),
    ]
}

fn apply_edit(bytes: &mut Vec<u8>, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match edit {
        Edit::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
        Edit::Set(at, byte) => bytes[at.index(len)] = *byte,
        Edit::Cut(at, most) => drop(bytes.drain(at.index(len)..(at.index(len) + most).min(len))),
        Edit::Grow(at, more) => drop(bytes.splice(at.index(len)..at.index(len), more.iter().copied())),
        Edit::Copy(from, to, most) => {
            let copied = bytes[from.index(len)..(from.index(len) + most).min(len)].to_vec();
            let (to, rest) = (to.index(len), copied.len().min(len - to.index(len)));
            bytes.splice(to..to + rest, copied);
        }
    }
}

/// Loads a snapshot, and checks what memory it takes.
fn load_measured(bytes: &[u8]) -> Option<Sale> {
    let (result, peak) = peak_of(|| load(bytes));
    assert!(peak <= EMPTY_SALE + PER_BYTE * bytes.len(), "{} bytes took {peak}", bytes.len());
    result.ok()
}

/// Applies a batch, and checks what memory it takes.
fn apply_measured(sale: &mut Sale, batch: &[u8]) {
    let before = sale.seq();
    let (result, peak) = peak_of(|| sale.apply_batch(batch, Origin::Trusted));
    assert!(peak <= EMPTY_SALE + PER_BYTE * batch.len(), "{} bytes took {peak}", batch.len());
    assert_eq!(result.is_err(), sale.diverged());
    assert!(sale.seq() >= before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_are_no_snapshot(bytes in vec(any::<u8>(), 0..600)) {
        // Only the right versions get beyond the first byte.
        let head = [&[1, 0][..], &bytes[..bytes.len().min(2)]].concat();
        let part = [&[BATCH_VERSION, 1, 1, 1][..], &bytes].concat();
        for bytes in [bytes, frame(core::slice::from_ref(&head)), frame(&[head, part])] {
            if let Some(sale) = load_measured(&bytes) {
                check_sale(&sale);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_batch(bytes in vec(any::<u8>(), 0..300)) {
        let mut sale = reload(varied());
        let header = [&[BATCH_VERSION][..], &bytes].concat();
        apply_measured(&mut sale, &header);
        check_sale(&sale);
    }

    #[test]
    fn a_snapshot_that_was_tampered_with_is_refused_or_sound(edits in vec(edit(), 1..5)) {
        let mut bytes = save(varied());
        edits.iter().for_each(|edit| apply_edit(&mut bytes, edit));
        if let Some(sale) = load_measured(&bytes) {
            check_sale(&sale);
        }
    }

    #[test]
    fn a_batch_that_was_tampered_with_is_refused_or_sound(
        after in 0..300_u64,
        edits in vec(edit(), 1..4),
    ) {
        let whole = varied();
        let mut sale = support::blank();
        let mut batch = Vec::new();
        let mut last = Seq(0);
        while last < Seq(after) {
            batch.clear();
            last = whole.encode_batch(last, 1_000, &mut batch).unwrap();
            sale.apply_batch(&batch, Origin::Trusted).unwrap();
        }
        batch.clear();
        whole.encode_batch(last, 1_000, &mut batch).unwrap();
        edits.iter().for_each(|edit| apply_edit(&mut batch, edit));
        apply_measured(&mut sale, &batch);
        check_sale(&sale);
    }
}

/// The histories that take most memory a byte.
#[test]
fn the_densest_snapshots_take_a_small_multiple() {
    for hold in [0, 1] {
        for line in ["BUY b N", "BUY N N", "RESTOCK 1 ID N"] {
            let mut pair = Pair::with_max_orders(u32::MAX);
            pair.run(0, &format!("CREATE STOCK 9999999 HOLD {hold}"));
            for n in 0..60_000_u64 {
                pair.run(0, &line.replace('N', &format!("{n:x}")));
                assert_eq!(pair.primary.seq(), Seq(n + 2));
            }
            assert!(load_measured(&save(&pair.primary)).is_some(), "{line}");
        }
    }
}

/// A term for each event.
#[test]
fn terms_take_a_small_multiple() {
    let mut pair = Pair::new();
    pair.run(0, "CREATE STOCK 0");
    for n in 0..20_000 {
        pair.run(0, &format!("promote {n}"));
        pair.run(0, "RESTOCK 1");
    }
    let bytes = save(&pair.primary);
    assert!(load_measured(&bytes).is_some_and(|sale| sale.seq() == Seq(20_001)));
}
