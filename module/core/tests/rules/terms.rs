//! Terms: when one begins, and what belongs to it.

use seckill_core::protocol::Seq;

use crate::support::{Pair, scenario};

#[test]
fn a_term_begins_with_the_first_decision_of_an_epoch() {
    let pair = scenario(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (1, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (2, "promote 200", "OK", ""),
        // A decision without events begins no term.
        (2, "BUY ann a", "SOLD", ""),
        (2, "BUY ann x QTY 99", "SHORT", ""),
        (2, "EVENTS 1", "2/100@1 SOLD a ann 1", ""),
        (3, "BUY ann b", "SOLD", "SOLD b ann 1"),
        (3, "BUY ann c", "SOLD", "SOLD c ann 1"),
        (4, "restart 300", "OK", ""),
        (4, "BUY ann d", "SOLD", "SOLD d ann 1"),
        (5, "failover 400", "OK", ""),
        (5, "CANCEL d REFUND", "CANCELLED", "CANCELLED d ann 1"),
        (
            5,
            "EVENTS 2",
            "3/200@3 SOLD b ann 1; 4/200@3 SOLD c ann 1; 5/300@4 SOLD d ann 1; \
            6/400@5 CANCELLED d ann 1",
            "",
        ),
    ]);
    pair.then(&[
        // A clock that lags behind does not make a term fall.
        (6, "promote 50", "OK", ""),
        (6, "BUY ann e", "SOLD", "SOLD e ann 1"),
        (6, "EVENTS 6", "7/401@6 SOLD e ann 1", ""),
        // A copy is another sale, even in the same epoch.
        (7, "copy 500", "OK", ""),
        (7, "BUY ann f", "SOLD", "SOLD f ann 1"),
        (7, "BUY ann g", "SOLD", "SOLD g ann 1"),
        (7, "EVENTS 7", "8/500@7 SOLD f ann 1; 9/500@7 SOLD g ann 1", ""),
    ]);
}

#[test]
fn each_event_may_have_a_term_of_its_own() {
    let mut pair = scenario(&[(0, "CREATE STOCK 0", "OK", "CREATED 0 limit 0 hold 0 window 0-0")]);
    for n in 1..=100 {
        pair.run(0, &format!("promote {}", 100 + n));
        pair.run(0, "RESTOCK 1");
    }
    for after in 0..=100 {
        let terms = pair.primary.events(Seq(after)).map(|entry| entry.term.0);
        assert!(terms.eq(100 + after..=200), "after {after}");
    }
    pair.check(0);
}

#[test]
fn terms_end_where_integers_end() {
    scenario(&[
        (0, "promote 9007199254740990", "OK", ""),
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "promote 1", "OK", ""),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (0, "promote 1", "OK", ""),
        (0, "BUY ann b", "SOLD", "SOLD b ann 1"),
        (0, "restart 1", "OK", ""),
        (0, "EVENTS 1", "2/9007199254740991@0 SOLD a ann 1; 3/9007199254740991@0 SOLD b ann 1", ""),
    ]);
}

#[test]
fn one_decision_is_one_term_and_one_time() {
    scenario(&[
        (0, "CREATE STOCK 1 HOLD 5", "OK", "CREATED 1 limit 0 hold 5 window 0-0"),
        (0, "BUY ann a", "HELD", "HELD a ann 1 until 5"),
        (1, "promote 200", "OK", ""),
        (9, "BUY bob b", "HELD", "EXPIRED a ann 1; HELD b bob 1 until 14"),
        (9, "EVENTS 2", "3/200@9 EXPIRED a ann 1; 4/200@9 HELD b bob 1 until 14", ""),
    ]);
}

/// Terms 100 (seq 1 to 3), 200 (4 and 5) and 300 (6).
pub(crate) fn three_terms() -> Pair {
    scenario(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 1", "10", "RESTOCKED 1"),
        (0, "RESTOCK 2", "12", "RESTOCKED 2"),
        (0, "promote 200", "OK", ""),
        (0, "RESTOCK 3", "15", "RESTOCKED 3"),
        (0, "RESTOCK 4", "19", "RESTOCKED 4"),
        (0, "promote 300", "OK", ""),
        (0, "RESTOCK 5", "24", "RESTOCKED 5"),
    ])
}

#[test]
fn a_batch_has_events_of_one_term_and_at_least_one() {
    let sale = three_terms().primary;
    let lasts = |size: usize| {
        let mut out = b"before".to_vec();
        let mut lasts = Vec::new();
        while let Some(last) = sale.encode_batch(lasts.last().copied().unwrap_or_default(), size, &mut out) {
            assert!(Some(&last) > lasts.last(), "at least one event");
            lasts.push(last);
        }
        lasts.into_iter().map(|last| last.0).collect::<Vec<u64>>()
    };
    assert_eq!(lasts(0), [1, 2, 3, 4, 5, 6]);
    assert_eq!(lasts(usize::MAX), [3, 5, 6]);
}
