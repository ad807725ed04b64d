//! Purchases from several sales at once, against the same purchases one by one.

use proptest::prelude::*;
use seckill_core::protocol::{Buy, BuyAll, Millis, Quantities, Request, Rules, Term, UnixMs};
use seckill_core::{Bundle, Part};

use crate::naive::NaiveSale;
use crate::support::{Pair, name};
use crate::{buy, compare, decide};

const SALES: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// One sale decides a purchase.
    One(usize, Buy<'static>),
    /// All sales decide, each about this many units.
    All(Buy<'static>, [u32; SALES]),
    Cancel(usize, &'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let orders = proptest::sample::select(crate::ORDERS);
    prop_oneof![
        2 => (0..SALES, buy()).prop_map(|(sale, buy)| Step::One(sale, buy)),
        5 => (buy(), prop::array::uniform3(1..4_u32)).prop_map(|(buy, units)| Step::All(buy, units)),
        1 => (0..SALES, orders).prop_map(|(sale, order)| Step::Cancel(sale, order)),
    ]
}

/// The reply of each sale and the events, by plain copies of the sales: all purchases are tried, and if one is
/// refused all copies are thrown away, but for the holds that were due.
fn naive_bundle(
    naive: &mut [NaiveSale; SALES],
    now: u64,
    buy: &Buy<'_>,
    units: &[u32; SALES],
) -> Vec<String> {
    let mut tried = naive.clone();
    let mut replies = vec![];
    for (sale, qty) in tried.iter_mut().zip(units) {
        let (reply, events) =
            sale.decide(UnixMs(now), &Request::Buy(Buy { qty: *qty, ..*buy }), 1_000, u64::MAX);
        let opened = events.rsplit("; ").next().unwrap().to_owned();
        let is_new = ["HELD", "SOLD"].iter().any(|word| opened.starts_with(word));
        replies.push((reply, is_new));
    }
    let is_order = |reply: &str| ["HELD", "SOLD", "CANCELLED", "EXPIRED"].contains(&reply);
    let known = replies.iter().filter(|(reply, is_new)| is_order(reply) && !is_new).count();
    let error = replies.iter().find(|(reply, _)| ["MISMATCH", "FULL"].contains(&&**reply));
    let accepted = replies.iter().all(|(reply, _)| is_order(reply));
    if accepted && (known == 0 || known == SALES) {
        *naive = tried;
        return replies.into_iter().map(|(reply, _)| reply).collect();
    }
    for sale in naive {
        sale.expire_for(UnixMs(now), std::str::from_utf8(&buy.order.text()).unwrap());
    }
    match error {
        Some((error, _)) => vec![error.clone()],
        None if known > 0 => vec!["MISMATCH".into()],
        None => replies
            .into_iter()
            .map(|(reply, _)| if is_order(&reply) { "FREE".into() } else { reply })
            .collect(),
    }
}

fn bundle(pairs: &mut [Pair; SALES], now: u64, buy: &Buy<'_>, units: &[u32; SALES]) -> Vec<String> {
    let texts = units.map(|qty| qty.to_string());
    let texts = texts.each_ref().map(String::as_bytes);
    let quantities = Quantities::new(&texts, SALES).unwrap();
    let sales = [&b"a"[..], b"b", b"c"];
    let Buy { buyer, order, guard, .. } = *buy;
    let all = BuyAll { sales: &sales, buyer, order, quantities, guard };
    let lock_held = guard.is_none_or(|guard| guard.token.bytes() == b"mine");
    let moment = seckill_core::Moment { lock_held, ..pairs[0].moment(now) };
    let bundle = Bundle::decide(
        pairs.iter().map(|pair| &pair.primary).zip(all.purchases()),
        &moment,
        |Term(begun)| Term(begun + 1),
    );
    let word = |part: &Part| match part {
        Part::Order(state) => state.to_string(),
        Part::Refused(refusal) => refusal.to_string(),
        Part::Free => "FREE".to_owned(),
    };
    let replies = match &bundle.parts {
        Ok(parts) => parts.iter().map(word).collect(),
        Err((_, error)) => vec![error.code().to_string()],
    };
    for (pair, decision) in pairs.iter_mut().zip(&bundle.decisions) {
        pair.commit(decision);
    }
    replies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_bundle_is_bought_from_all_sales_or_from_none(
        stocks in prop::array::uniform3(0..9_u64),
        limit in 0..5_u64,
        hold in prop_oneof![Just(0), 1..60_u64],
        steps in prop::collection::vec((0..9_u64, step()), 0..60),
    ) {
        let mut pairs = [Pair::new(), Pair::new(), Pair::new()];
        let mut naive = [NaiveSale::default(), NaiveSale::default(), NaiveSale::default()];
        let rules = Rules { limit, hold: Millis(hold), ..Rules::default() };
        for ((pair, naive), stock) in pairs.iter_mut().zip(&mut naive).zip(stocks) {
            decide(pair, naive, 0, &Request::Create { stock, rules });
        }
        let mut now = 0;
        for (tick, step) in steps {
            now += tick;
            match step {
                Step::One(sale, buy) => decide(&mut pairs[sale], &mut naive[sale], now, &Request::Buy(buy)),
                Step::Cancel(sale, order) => {
                    let cancel = Request::Cancel { order: name(order), refund: true };
                    decide(&mut pairs[sale], &mut naive[sale], now, &cancel);
                }
                Step::All(buy, units) => {
                    let replies = bundle(&mut pairs, now, &buy, &units);
                    prop_assert_eq!(replies, naive_bundle(&mut naive, now, &buy, &units));
                }
            }
            for (pair, naive) in pairs.iter().zip(&naive) {
                compare(pair, naive, now);
            }
        }
    }
}

/// After a restart each sale begins a term of its own. One term for two sales would let a reader take the events
/// of one for those of the other.
#[test]
fn sales_that_begin_a_term_in_one_bundle_begin_different_ones() {
    let mut pairs = [Pair::new(), Pair::new(), Pair::new()];
    for pair in &mut pairs {
        pair.run(0, "CREATE STOCK 9");
        pair.run(0, "restart 500");
    }
    let buy = Buy { buyer: name("ann"), order: name("o"), qty: 1, guard: None };
    assert_eq!(bundle(&mut pairs, 0, &buy, &[1; SALES]), ["SOLD"; SALES]);
    assert_eq!(pairs.map(|pair| pair.primary.term()), [500, 501, 502].map(Term));
}
