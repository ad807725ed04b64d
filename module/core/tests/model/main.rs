//! Random commands, at times that also run backwards, against a naive model of the protocol.
//!
//! After each step the sale must answer as the model does, its books must be right, and a copy that was fed
//! the events alone must be the same. At random moments another decider takes over, on the sale itself, on
//! the copy, or on what comes back from a snapshot.

mod naive;
#[path = "../support/mod.rs"]
mod support;

use naive::Naive;
use proptest::prelude::*;
use seckill_core::command::{Alteration, Buy, Guard, Request, Rules};
use support::{Shop, told};

/// A step of a random history. Names are numbers, so that collisions are frequent.
#[derive(Debug, Clone)]
enum Step {
    Create { stock: u64, rules: Rules },
    Alter(Alteration),
    Restock { delta: i64, id: Option<u8> },
    Buy { buyer: u8, order: u8, qty: u32, lock: Option<bool> },
    Confirm(u8),
    Extend(u8, u64),
    Cancel(u8, bool),
    Sweep(usize),
    TakeOver { how: &'static str, term: u64 },
}

fn rules() -> impl Strategy<Value = Rules> {
    let window = prop_oneof![Just((0, 0)), Just((0, 150)), Just((20, 0)), Just((20, 150)), Just((200, 300))];
    (prop_oneof![Just(0), 1..5_u64], prop_oneof![Just(0), 1..60_u64], window)
        .prop_map(|(limit, hold, (opens, closes))| Rules { limit, hold, opens, closes })
}

fn alteration() -> impl Strategy<Value = Alteration> {
    let maybe = |values| prop::option::of(prop_oneof![Just(0), values]);
    (maybe(1..5_u64), maybe(1..60), maybe(1..200), maybe(1..300))
        .prop_map(|(limit, hold, opens, closes)| Alteration { limit, hold, opens, closes })
}

fn step() -> impl Strategy<Value = Step> {
    let order = 0..12_u8;
    let delta = (-5..6_i64).prop_filter("no delta of 0 is parsed", |delta| *delta != 0);
    prop_oneof![
        1 => (0..12_u64, rules()).prop_map(|(stock, rules)| Step::Create { stock, rules }),
        1 => alteration().prop_map(Step::Alter),
        1 => (delta, prop::option::of(0..3_u8)).prop_map(|(delta, id)| Step::Restock { delta, id }),
        9 => (0..3_u8, order.clone(), 1..4_u32, prop::option::weighted(0.2, any::<bool>()))
            .prop_map(|(buyer, order, qty, lock)| Step::Buy { buyer, order, qty, lock }),
        2 => order.clone().prop_map(Step::Confirm),
        2 => (order.clone(), 1..60_u64).prop_map(|(order, hold)| Step::Extend(order, hold)),
        2 => (order, any::<bool>()).prop_map(|(order, refund)| Step::Cancel(order, refund)),
        1 => (0..4_usize).prop_map(Step::Sweep),
        1 => (prop::sample::select(vec!["takeover", "restart", "replica", "copy"]), 50..500_u64)
            .prop_map(|(how, term)| Step::TakeOver { how, term }),
    ]
}

/// How far the clock moves before a step.
fn tick() -> impl Strategy<Value = i64> {
    prop_oneof![6 => Just(0), 6 => 0..8_i64, 1 => 0..80_i64, 1 => -40..0_i64]
}

/// Mostly little, and seldom so much that many holds fall due at once.
fn jump() -> impl Strategy<Value = u64> {
    prop_oneof![40 => 0..6_u64, 1 => 200..400_u64]
}

/// Takes a step with both, and compares what they say.
fn take(shop: &mut Shop, naive: &mut Naive, now: u64, step: &Step) {
    let name = |kind: char, number: u8| format!("{kind}{number}");
    let (order, buyer, id);
    let request = match *step {
        Step::Create { stock, rules } => Request::Create { stock, rules },
        Step::Alter(alteration) => Request::Alter(alteration),
        Step::Restock { delta, id: number } => {
            id = number.map(|number| name('r', number));
            Request::Restock { delta, id: id.as_ref().map(String::as_bytes) }
        }
        Step::Buy { buyer: b, order: o, qty, lock } => {
            (order, buyer) = (name('o', o), name('b', b));
            let token: &[u8] = if lock == Some(true) { b"mine" } else { b"lost" };
            let guard = lock.map(|_| Guard { key: b"k", token, release: false });
            Request::Buy(Buy { buyer: buyer.as_bytes(), order: order.as_bytes(), qty, guard })
        }
        Step::Confirm(o) => {
            order = name('o', o);
            Request::Confirm { order: order.as_bytes() }
        }
        Step::Extend(o, hold) => {
            order = name('o', o);
            Request::Extend { order: order.as_bytes(), hold }
        }
        Step::Cancel(o, refund) => {
            order = name('o', o);
            Request::Cancel { order: order.as_bytes(), refund }
        }
        Step::Sweep(most) => {
            let events = naive.sweep(now, most);
            assert_eq!(shop.say(now, &format!("sweep {most}")).events, events);
            return;
        }
        Step::TakeOver { how, term } => {
            shop.say(now, &format!("{how} {term}"));
            return;
        }
    };
    let (reply, events) = naive.decide(now, &request, shop.max_orders);
    let answer = shop.decide(now, &request);
    let first = answer.reply.split(' ').next().unwrap();
    assert_eq!((first, &*answer.events), (&*reply, &*events), "{request:?} at {now}");
}

fn compare(shop: &Shop, naive: &Naive, now: u64) {
    shop.check(now);
    if !naive.orders.is_empty() {
        let views: Vec<String> =
            naive.ids.iter().map(|id| told::order(&shop.sale, id.as_bytes(), now)).collect();
        assert_eq!(views, naive.views(now));
    }
    let info = shop.sale.info(now);
    let (held, sold) = naive.claimed(None);
    assert_eq!((info.available, info.held, info.sold), (naive.available, held, sold));
    assert_eq!(i128::from(info.available + info.held + info.sold), naive.put_in, "conservation");
    let next = naive.holds().first().map(|(deadline, _)| *deadline);
    assert_eq!(shop.sale.next_deadline(), next);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_sale_does_what_the_protocol_says(
        first in (0..30_u64, rules()),
        max_orders in prop_oneof![4 => Just(1_000), 1 => 1..9_u32],
        steps in prop::collection::vec((tick(), step()), 0..90),
    ) {
        let mut shop = Shop { max_orders, ..Shop::new() };
        let mut naive = Naive::default();
        let mut now = 10_u64;
        let create = Step::Create { stock: first.0, rules: first.1 };
        for (tick, step) in [(0, create)].iter().chain(&steps) {
            now = now.saturating_add_signed(*tick);
            take(&mut shop, &mut naive, now, step);
            compare(&shop, &naive, now);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Hundreds of orders, so that blocks, chunks and leaves fill, and sweeps meet their bound.
    #[test]
    fn a_crowd_is_served_as_one_buyer_is(
        hold in 1..400_u64,
        steps in prop::collection::vec((jump(), 0..400_u32, 0..6_u8), 400..1_200),
    ) {
        let mut shop = Shop { max_orders: 700, ..Shop::new() };
        let mut naive = Naive::default();
        let rules = Rules { hold, limit: 9, ..Rules::default() };
        take(&mut shop, &mut naive, 0, &Step::Create { stock: 500, rules });
        let mut now = 0;
        for (tick, number, kind) in steps {
            now += tick;
            let order = format!("order{number}");
            let buyer = format!("buyer{}", number % 60);
            let (order, buyer) = (order.as_bytes(), buyer.as_bytes());
            let request = match kind {
                0 => Request::Confirm { order },
                1 => Request::Extend { order, hold: u64::from(number) + 1 },
                2 => Request::Cancel { order, refund: true },
                _ => Request::Buy(Buy { buyer, order, qty: number % 5 + 1, guard: None }),
            };
            let (reply, events) = naive.decide(now, &request, shop.max_orders);
            let answer = shop.decide(now, &request);
            assert_eq!((answer.reply.split(' ').next().unwrap(), &*answer.events), (&*reply, &*events));
        }
        compare(&shop, &naive, now);
        shop.say(now, "restart 1000");
        compare(&shop, &naive, now);
    }
}
