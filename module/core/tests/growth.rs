//! Growth: at any size no single insert takes long, no order takes much memory, and MEMORY USAGE is right.
//!
//! `make growth` grows sales to five million orders and prints the figures; smaller ones run with all other
//! tests.

#[path = "support/counting_allocator.rs"]
mod counting_allocator;
mod support;

use counting_allocator::{CountingAllocator, live, peak_of};
use seckill_core::protocol::{Buy, Epoch, Millis, Request, Rules, Seq, Term, UnixMs};
use seckill_core::{Loading, Moment, Origin, Outcome, Sale, Seed};
use support::name;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const HOLD: Millis = Millis(600_000_000);
const NO_HOLD: Millis = Millis(0);
const MILLION: u64 = 1_000_000;
/// The most that one insert may take, in ns of processor time.
const MAX_INSERT_NS: u64 = 2_000_000;
/// The most bytes that an order may take, its buyer included.
const MAX_ORDER_BYTES: f64 = 154.0;
/// With fewer orders, most of the memory would be that of an empty sale.
const MANY: u64 = 20_000;
/// The sizes at which figures are printed.
const CHECKPOINTS: [u64; 7] =
    [MANY, MILLION / 10, MILLION / 2, MILLION, 2 * MILLION, 4 * MILLION, 5 * MILLION];

/// The processor time of this thread, in ns.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local timespec.
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

fn new_sale(hold: Millis) -> Sale {
    let mut sale = Sale::new(Seed([scatter(3), scatter(4)]));
    let rules = Rules { hold, ..Rules::default() };
    let create = Request::Create { stock: u64::from(u32::MAX), rules };
    sale.commit(&sale.decide(&create, &moment(1))).unwrap();
    sale
}

fn moment(now: u64) -> Moment {
    Moment {
        now: UnixMs(now),
        epoch: Epoch(1),
        term: Term(1),
        max_orders: u32::MAX,
        max_events: u64::MAX,
        lock_held: false,
    }
}

/// One purchase as the module does it: decide, commit, encode the batch. Returns its processor time in ns.
fn insert(sale: &mut Sale, number: u64, ids: Ids, batch: &mut Vec<u8>) -> u64 {
    let (order, buyer) = (ids.order(number), buyer(number));
    let request = Request::Buy(Buy { buyer: name(&buyer), order: name(&order), qty: 1, guard: None });
    let begin = cpu_ns();
    let decision = sale.decide(&request, &moment(1_700_000_000_000 + number / 50));
    sale.commit(&decision).unwrap();
    batch.clear();
    decision.encode_batch(batch);
    let took = cpu_ns() - begin;
    assert!(matches!(decision.outcome, Ok(Outcome::State(_))));
    took
}

/// Grows a sale, and measures it at each size.
///
/// A second sale gets the same inserts, and the faster insert of each pair counts. The work of an insert slows
/// both; an interruption by another process slows one.
fn grow(ids: Ids, hold: Millis, until: u64) {
    println!("\n{ids:?} ids, hold {hold}");
    println!("{:>9} {:>7} {:>7} {:>10} {:>8}", "orders", "bytes", "usage", "worst µs", "mean ns");
    let mut batch = Vec::with_capacity(512);
    let before = live();
    let mut sale = new_sale(hold);
    let mut second_sale = new_sale(hold);
    let (mut worst, mut sum) = ((0, 0), 0);
    let mut largest: (f64, u64) = (0.0, 0);
    for number in 1..=until {
        let [first, second] = [&mut sale, &mut second_sale].map(|sale| insert(sale, number, ids, &mut batch));
        sum += first;
        worst = worst.max((first.min(second), number));
        let bytes = (live() - before) as f64 / 2.0 / number as f64;
        if number >= MANY && bytes > largest.0 {
            largest = (bytes, number);
        }
        if CHECKPOINTS.contains(&number) || number == until {
            let usage = sale.memory() as f64 / number as f64;
            println!(
                "{number:>9} {bytes:>7.1} {usage:>7.1} {:>10.1} {:>8}",
                worst.0 as f64 / 1e3,
                sum / number
            );
            assert!((usage / bytes - 1.0).abs() < 0.05, "MEMORY USAGE is wrong");
        }
    }
    drop(second_sale);
    measure_loading(&sale);
    measure_audit(&sale);
    let (bytes, at) = largest;
    let (ns, insert) = worst;
    println!("most bytes an order: {bytes:.1}, at {at} orders; slowest insert: the {insert}th");
    assert!(bytes <= MAX_ORDER_BYTES, "{bytes:.1} bytes an order");
    assert!(ns <= MAX_INSERT_NS, "the {insert}th insert took {ns} ns");
}

/// Loads the sale from its snapshot, and prints the time and the bytes of an event.
fn measure_loading(sale: &Sale) {
    let mut part = Vec::new();
    let (mut after, mut ns, mut bytes) = (Seq(0), 0, 0);
    let (loaded, peak) = peak_of(|| {
        let mut loading = Loading::new(&sale.snapshot_head(), Seed([5, 6]), Origin::Trusted).unwrap();
        while let Some(last) = sale.snapshot_part(after, &mut part) {
            let begin = cpu_ns();
            loading.part(&part).unwrap();
            ns += cpu_ns() - begin;
            after = last;
            bytes += part.len() as u64;
        }
        loading.finish().unwrap()
    });
    println!("loading: {} ns and {} bytes an event", ns / loaded.seq().0, bytes / loaded.seq().0);
    assert!(peak < sale.memory() + sale.memory() / 10 + 2_000_000, "loading takes more memory than the sale");
}

/// Audits the sale, and prints how long that takes.
fn measure_audit(sale: &Sale) {
    let begin = cpu_ns();
    let (audited, peak) = peak_of(|| sale.audit());
    println!("audit: {} ms, {} MB", (cpu_ns() - begin) / MILLION, peak as u64 / MILLION);
    assert_eq!(audited, Ok(()));
}

/// A sale must report the memory that it allocated. Only the nodes above the holds are estimated.
fn check_memory(sale: &Sale, allocated: isize, what: &str) {
    let reported = (sale.memory() - size_of::<Sale>()) as f64;
    let difference = reported - allocated as f64;
    assert!(
        difference.abs() < 0.01 * reported + 64.0,
        "{what} of {} events: {reported} reported, {allocated} allocated",
        sale.seq()
    );
}

#[test]
fn small_sales_and_copies_report_their_memory() {
    for (ids, hold) in [(Ids::Text, NO_HOLD), (Ids::Text, HOLD), (Ids::Uuid, NO_HOLD), (Ids::Uuid, HOLD)] {
        let mut batch = Vec::with_capacity(512);
        let before = live();
        let mut sale = new_sale(hold);
        for number in 1..=20_000 {
            insert(&mut sale, number, ids, &mut batch);
            if [1, 2, 5, 10, 20, 100, 1_000, 2_000, 5_000, 20_000].contains(&number) {
                check_memory(&sale, live() - before, "a sale");
                let before = live();
                let mut copy = sale.copy();
                check_memory(&copy, live() - before, "a copy");
                for more in 1..=1_000 {
                    insert(&mut copy, MILLION + more, ids, &mut batch);
                }
                check_memory(&copy, live() - before, "a copy with further orders");
            }
        }
    }
}

/// Where no order is held any more, the memory that is kept for holds is reported, and no other.
#[test]
fn settled_sales_report_their_memory() {
    let mut batch = Vec::with_capacity(512);
    for orders in [1, 20, 129, 1_000] {
        let before = live();
        let mut sale = new_sale(HOLD);
        for number in 1..=orders {
            insert(&mut sale, number, Ids::Text, &mut batch);
        }
        for number in 1..=orders {
            let order = Ids::Text.order(number);
            let confirm = Request::Confirm { order: name(&order) };
            sale.commit(&sale.decide(&confirm, &moment(1_700_000_000_000 + orders))).unwrap();
        }
        assert_eq!(sale.next_deadline(), None);
        check_memory(&sale, live() - before, "a settled sale");
    }
}

/// The most bytes that a sale of so many orders may take in a server.
const SMALL_SALES: [(u64, isize); 5] = [(0, 800), (1, 1_200), (5, 1_750), (20, 4_000), (100, 17_000)];
/// What a server takes beside a sale: for its key, and for its place in the schedule of deadlines.
const BESIDE: isize = 200;

/// There may be a million of them.
#[test]
fn small_sales_take_little_memory() {
    for (ids, hold) in [(Ids::Text, NO_HOLD), (Ids::Text, HOLD), (Ids::Uuid, NO_HOLD), (Ids::Uuid, HOLD)] {
        let mut batch = Vec::with_capacity(512);
        for (orders, most) in SMALL_SALES {
            let before = live();
            let mut sale = Box::new(new_sale(hold));
            (1..=orders).for_each(|number| {
                insert(&mut sale, number, ids, &mut batch);
            });
            let takes = live() - before + BESIDE;
            println!("{ids:?} ids, hold {hold}: {orders} orders take {takes} bytes");
            assert!(takes <= most, "{ids:?} ids, hold {hold}: {orders} orders take {takes} bytes");
        }
    }
}

fn grow_all(until: u64) {
    for ids in [Ids::Text, Ids::Uuid] {
        grow(ids, HOLD, until);
        grow(ids, NO_HOLD, until);
    }
}

#[test]
#[ignore = "takes minutes; `make growth` runs it"]
fn five_million_orders() {
    grow_all(5 * MILLION);
}

#[test]
fn sixty_thousand_orders() {
    grow_all(60_000);
}
