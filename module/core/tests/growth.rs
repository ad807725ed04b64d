//! Growth: no single insert takes long, and no order takes much memory, at any size.
//!
//! `cargo test --release -p seckill-core --test growth -- --ignored --nocapture` grows to five million orders
//! and prints the figures; without `--ignored` a smaller one runs.

#[path = "support/counting.rs"]
mod counting;

use counting::{Counting, peak_of};
use seckill_core::command::{Buy, Request, Rules};
use seckill_core::decide::{Moment, Outcome};
use seckill_core::snapshot::Loading;
use seckill_core::{Sale, Seed};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MILLION: u64 = 1_000_000;
/// The most that one insert may take, in ns of processor time.
const MOST_NS: u64 = 2_000_000;
/// The most that an order may take, its buyer included.
const MOST_BYTES: f64 = 150.0;
/// Below this many orders, what a sale has once weighs in.
const MANY: u64 = 20_000;
/// Sizes that are printed.
const MARKS: [u64; 7] = [MANY, MILLION / 10, MILLION / 2, MILLION, 2 * MILLION, 4 * MILLION, 5 * MILLION];

/// The processor time that this thread has had.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec that is ours.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// A permutation of the integers that looks random.
fn scatter(number: u64) -> u64 {
    let mut value = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[derive(Debug, Clone, Copy)]
enum Ids {
    Uuid,
    Text,
}

impl Ids {
    /// An order id of 36 bytes.
    fn order(self, number: u64) -> String {
        let (high, low) = (scatter(number), scatter(!number));
        match self {
            Self::Uuid => uuid::Uuid::from_u64_pair(high, low).to_string(),
            Self::Text => format!("order-{high:016x}{:014x}", low >> 8),
        }
    }
}

/// A name of 12 bytes; no two numbers have the same.
fn buyer(number: u64) -> String {
    format!("u{:011}", number.wrapping_mul(48_271) % 99_999_999_977)
}

fn new_sale(hold: u64) -> Sale {
    let mut sale = Sale::new(Seed([scatter(3), scatter(4)]));
    let rules = Rules { hold, ..Rules::default() };
    let create = Request::Create { stock: u64::from(u32::MAX), rules };
    sale.commit(&sale.decide(&create, &moment(1))).unwrap();
    sale
}

fn moment(now: u64) -> Moment {
    Moment { now, tenure: 1, term: 1, max_orders: u32::MAX, lock_held: false }
}

/// One purchase as the module does it: decide, commit, write the batch. Tells its processor time.
fn insert(sale: &mut Sale, number: u64, ids: Ids, batch: &mut Vec<u8>) -> u64 {
    let (order, buyer) = (ids.order(number), buyer(number));
    let request = Request::Buy(Buy { buyer: buyer.as_bytes(), order: order.as_bytes(), qty: 1, guard: None });
    let begin = cpu_ns();
    let decision = sale.decide(&request, &moment(1_700_000_000_000 + number / 50));
    sale.commit(&decision).unwrap();
    batch.clear();
    decision.batch(batch);
    let took = cpu_ns() - begin;
    assert!(matches!(decision.outcome, Ok(Outcome::State(_))));
    took
}

/// Lets a sale grow, and measures at each size.
///
/// A twin grows with it, and does the very same; of each two inserts the faster one counts. So what else the
/// processor did in that time is left out, and what an insert itself must do is not.
fn grow(ids: Ids, hold: u64, until: u64) {
    println!("\n{ids:?} ids, hold {hold}");
    println!("{:>9} {:>7} {:>7} {:>10} {:>8}", "orders", "bytes", "told", "worst µs", "mean ns");
    let mut batch = Vec::with_capacity(512);
    let before = counting::live();
    let mut sale = new_sale(hold);
    let mut twin = new_sale(hold);
    let (mut worst, mut sum) = ((0, 0), 0);
    let mut most: (f64, u64) = (0.0, 0);
    for number in 1..=until {
        let [first, second] = [&mut sale, &mut twin].map(|sale| insert(sale, number, ids, &mut batch));
        sum += first;
        worst = worst.max((first.min(second), number));
        let bytes = (counting::live() - before) as f64 / 2.0 / number as f64;
        if number >= MANY && bytes > most.0 {
            most = (bytes, number);
        }
        if MARKS.contains(&number) || number == until {
            let told = sale.memory() as f64 / number as f64;
            println!(
                "{number:>9} {bytes:>7.1} {told:>7.1} {:>10.1} {:>8}",
                worst.0 as f64 / 1e3,
                sum / number
            );
            assert!((told / bytes - 1.0).abs() < 0.05, "MEMORY USAGE would be wrong");
        }
    }
    drop(twin);
    replay(&sale);
    let (bytes, at) = most;
    println!("most bytes an order: {bytes:.1}, at {at} orders; worst insert: the {}th", worst.1);
    assert!(bytes <= MOST_BYTES, "{bytes:.1} bytes an order");
    // Without optimisation the time says nothing.
    assert!(worst.0 <= MOST_NS || cfg!(debug_assertions), "the {}th insert took {} ns", worst.1, worst.0);
}

/// Loads a snapshot; tells what an event takes.
fn replay(sale: &Sale) {
    let mut part = Vec::new();
    let (mut after, mut ns, mut bytes) = (0, 0, 0);
    let (loaded, peak) = peak_of(|| {
        let mut loading = Loading::new(&sale.snapshot_head(), Seed([5, 6])).unwrap();
        while let Some(last) = sale.snapshot_part(after, &mut part) {
            let begin = cpu_ns();
            loading.part(&part).unwrap();
            ns += cpu_ns() - begin;
            after = last;
            bytes += part.len() as u64;
        }
        loading.finish().unwrap()
    });
    println!("replay: {} ns and {} bytes an event", ns / loaded.seq(), bytes / loaded.seq());
    assert!(peak < sale.memory() + sale.memory() / 10 + 2_000_000, "loading takes no more than the sale");
}

/// Whether a sale tells the bytes that it took; a few hundred more or less do not matter.
fn tells(sale: &Sale, took: isize, what: &str) {
    let told = (sale.memory() - size_of::<Sale>()) as f64;
    let off = told - took as f64;
    assert!(off.abs() < 0.01 * told + 200.0, "{what} of {} events: {told} told, {took} taken", sale.seq());
}

#[test]
fn small_sales_and_copies_tell_their_memory() {
    for (ids, hold) in [(Ids::Text, 0), (Ids::Text, HOLD), (Ids::Uuid, 0), (Ids::Uuid, HOLD)] {
        let mut batch = Vec::with_capacity(512);
        let before = counting::live();
        let mut sale = new_sale(hold);
        for number in 1..=20_000 {
            insert(&mut sale, number, ids, &mut batch);
            if [1, 10, 100, 1_000, 2_000, 5_000, 20_000].contains(&number) {
                tells(&sale, counting::live() - before, "a sale");
                let before = counting::live();
                let mut copy = sale.copy();
                tells(&copy, counting::live() - before, "a copy");
                for more in 1..=1_000 {
                    insert(&mut copy, MILLION + more, ids, &mut batch);
                }
                tells(&copy, counting::live() - before, "a copy that went on");
            }
        }
    }
}

const HOLD: u64 = 600_000_000;

fn all(until: u64) {
    for ids in [Ids::Text, Ids::Uuid] {
        grow(ids, HOLD, until);
        grow(ids, 0, until);
    }
}

#[test]
#[ignore = "takes minutes; `make growth` runs it"]
fn five_million_orders() {
    all(5 * MILLION);
}

#[test]
fn sixty_thousand_orders() {
    all(60_000);
}
