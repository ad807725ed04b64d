//! Random requests to a sale and to a naive model of the rules, on a clock that may run backwards.
//!
//! After each step the replies, events and figures of the sale must be those of the model, and a replica that
//! applied the batches must equal the sale. At random moments a term begins: by a promotion, by a restart from
//! the snapshot, by a failover to the replica, or by a copy of the sale.

mod bundles;
mod naive;
#[path = "../support/mod.rs"]
mod support;

use naive::NaiveSale;
use proptest::prelude::*;
use proptest::sample::select;
use seckill_core::protocol::{Alteration, Buy, Guard, Millis, Name, Request, Rules, UnixMs};
use support::{Pair, name, render, token};

// Few names, so that many requests concern the same order, buyer or restock.
const ORDERS: &[&str] = &["o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9", "o10", "o11"];
const BUYERS: &[&str] = &["b0", "b1", "b2"];
const RESTOCKS: &[&str] = &["r0", "r1", "r2"];

#[derive(Debug, Clone)]
enum Step {
    Decide(Request<'static>),
    /// Expires at most so many holds.
    Expire(usize),
    /// A line for [`Pair::run`] that begins a term.
    NewTerm(String),
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = Name<'static>> {
    select(names).prop_map(name)
}

fn rules() -> impl Strategy<Value = Rules> {
    let attempts = prop::option::weighted(0.3, 0..4_u64);
    let window = prop_oneof![Just((0, 0)), Just((0, 150)), Just((20, 0)), Just((20, 150)), Just((200, 300))];
    let limit = prop_oneof![Just(0), 1..5_u64];
    let hold = prop_oneof![Just(0), 1..60_u64].prop_map(Millis);
    (limit, attempts, hold, window).prop_map(|(limit, attempts, hold, (opens, closes))| Rules {
        limit,
        attempts,
        hold,
        opens: UnixMs(opens),
        closes: UnixMs(closes),
    })
}

fn alteration() -> impl Strategy<Value = Alteration> {
    let maybe = |values| prop::option::of(prop_oneof![Just(0), values]);
    (maybe(1..5_u64), maybe(1..8), maybe(1..60), maybe(1..200), maybe(1..300)).prop_map(
        |(limit, attempts, hold, opens, closes)| Alteration {
            limit,
            attempts,
            hold: hold.map(Millis),
            opens: opens.map(UnixMs),
            closes: closes.map(UnixMs),
        },
    )
}

fn buy() -> impl Strategy<Value = Buy<'static>> {
    let guard = |is_held| {
        let token = token(if is_held { b"mine" } else { b"other" });
        Guard { key: b"k", token, release: false }
    };
    let guard = prop::option::weighted(0.2, any::<bool>().prop_map(guard));
    (one_of(BUYERS), one_of(ORDERS), 1..4_u32, guard).prop_map(|(buyer, order, qty, guard)| Buy {
        buyer,
        order,
        qty,
        guard,
    })
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let restock = (-5..6_i64, prop::option::of(one_of(RESTOCKS)))
        .prop_filter("a delta of 0 has an id", |(delta, id)| *delta != 0 || id.is_some());
    prop_oneof![
        1 => (0..12_u64, rules()).prop_map(|(stock, rules)| Request::Create { stock, rules }),
        1 => alteration().prop_map(Request::Alter),
        1 => restock.prop_map(|(delta, id)| Request::Restock { delta, id }),
        9 => buy().prop_map(Request::Buy),
        2 => one_of(ORDERS).prop_map(|order| Request::Confirm { order }),
        2 => (one_of(ORDERS), 1..60_u64)
            .prop_map(|(order, hold)| Request::Extend { order, hold: Millis(hold) }),
        2 => (one_of(ORDERS), any::<bool>()).prop_map(|(order, refund)| Request::Cancel { order, refund }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let new_term = (select(vec!["promote", "restart", "failover", "copy"]), 50..500_u64);
    prop_oneof![
        18 => request().prop_map(Step::Decide),
        1 => (0..4_usize).prop_map(Step::Expire),
        1 => new_term.prop_map(|(how, term)| Step::NewTerm(format!("{how} {term}"))),
    ]
}

/// How far the clock moves before a step.
fn tick() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0), 6 => 0..8_i64, 1 => 0..80_i64, 1 => -40..0_i64]
}

/// How far the clock moves between requests to a busy sale: seldom so far that many holds are due at once.
fn busy_tick() -> impl Strategy<Value = u64> {
    prop_oneof![40 => 0..6_u64, 1 => 200..400_u64]
}

/// Takes a step on the sale and on the model, and compares replies and events.
fn take(pair: &mut Pair, naive: &mut NaiveSale, now: u64, step: &Step) {
    match step {
        Step::Decide(request) => decide(pair, naive, now, request),
        Step::Expire(most) => assert_eq!(pair.expire(now, *most).events, naive.expire(UnixMs(now), *most)),
        Step::NewTerm(line) => assert_eq!(pair.run(now, line).reply, "OK"),
    }
}

fn decide(pair: &mut Pair, naive: &mut NaiveSale, now: u64, request: &Request<'_>) {
    let (reply, events) = naive.decide(UnixMs(now), request, pair.max_orders, pair.max_events);
    let response = pair.decide(now, request);
    let first_word = response.reply.split(' ').next().unwrap();
    assert_eq!((first_word, &*response.events), (&*reply, &*events), "{request:?} at {now}");
}

/// Compares all figures and all orders.
fn compare(pair: &Pair, naive: &NaiveSale, now: u64) {
    pair.check(now);
    let (sale, now) = (&pair.primary, UnixMs(now));
    let views: Vec<String> = naive.ids.iter().map(|id| render::order(sale, name(id), now)).collect();
    assert_eq!(views, naive.views(now));
    let info = sale.info(now, pair.max_orders);
    let (held, sold) = naive.claimed(None);
    assert_eq!((info.available, info.held, info.sold), (naive.available, held, sold));
    assert_eq!(info.room as usize, (pair.max_orders as usize).saturating_sub(naive.ids.len()));
    assert_eq!(i128::from(info.available + info.held + info.sold), naive.put_in, "conservation");
    let next = naive.holds().first().map(|(deadline, _)| *deadline);
    assert_eq!(sale.next_deadline(), next);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_sale_obeys_the_rules(
        stock in 0..30_u64,
        rules in rules(),
        max_orders in prop_oneof![4 => Just(1_000), 1 => 1..9_u32],
        max_events in prop_oneof![4 => Just(100_000), 1 => 1..30_u64],
        steps in prop::collection::vec((tick(), step()), 0..90),
    ) {
        let mut pair = Pair::with_max_orders(max_orders);
        pair.max_events = max_events;
        let mut naive = NaiveSale::default();
        let mut now = 10_u64;
        let create = Step::Decide(Request::Create { stock, rules });
        for (tick, step) in [(0, create)].iter().chain(&steps) {
            now = now.saturating_add_signed(*tick);
            take(&mut pair, &mut naive, now, step);
            compare(&pair, &naive, now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Hundreds of orders, so that blocks, chunks and leaves fill, and a purchase expires as many holds as it
    /// may.
    #[test]
    fn a_busy_sale_obeys_the_same_rules(
        hold in 1..400_u64,
        steps in prop::collection::vec((busy_tick(), 0..400_u32, 0..6_u8), 400..1_200),
    ) {
        let mut pair = Pair::with_max_orders(700);
        let mut naive = NaiveSale::default();
        let rules = Rules { hold: Millis(hold), limit: 9, ..Rules::default() };
        decide(&mut pair, &mut naive, 0, &Request::Create { stock: 500, rules });
        let mut now = 0;
        for (tick, number, kind) in steps {
            now += tick;
            let (order, buyer) = (format!("order{number}"), format!("buyer{}", number % 60));
            let (order, buyer) = (name(&order), name(&buyer));
            let request = match kind {
                0 => Request::Confirm { order },
                1 => Request::Extend { order, hold: Millis(u64::from(number) + 1) },
                2 => Request::Cancel { order, refund: true },
                _ => Request::Buy(Buy { buyer, order, qty: number % 5 + 1, guard: None }),
            };
            decide(&mut pair, &mut naive, now, &request);
        }
        compare(&pair, &naive, now);
        pair.run(now, "restart 1000");
        compare(&pair, &naive, now);
    }
}
