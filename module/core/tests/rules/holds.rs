//! Holds: CONFIRM, EXTEND, CANCEL, and expiry.

use crate::support::{Pair, scenario};

/// Five units; ann holds two, bob one, both until 100.
fn held() -> Pair {
    scenario(&[
        (0, "CREATE STOCK 5 LIMIT 2 HOLD 100", "OK", "CREATED 5 limit 2 hold 100 window 0-0"),
        (0, "BUY ann a QTY 2", "HELD", "HELD a ann 2 until 100"),
        (0, "BUY bob b", "HELD", "HELD b bob 1 until 100"),
    ])
}

#[test]
fn confirm_is_in_time_before_the_deadline_and_too_late_at_it() {
    held().then(&[
        (99, "CONFIRM a", "SOLD", "SOLD a ann 2"),
        (99, "CONFIRM a", "SOLD", ""),
        (100, "CONFIRM a", "SOLD", ""),
        (100, "CONFIRM b", "EXPIRED", "EXPIRED b bob 1"),
        (100, "CONFIRM b", "EXPIRED", ""),
        (101, "CONFIRM c", "NOORDER", ""),
    ]);
    held().then(&[(50, "CANCEL a", "CANCELLED", "CANCELLED a ann 2"), (50, "CONFIRM a", "CANCELLED", "")]);
}

#[test]
fn extend_changes_the_deadline_of_held_orders_only() {
    held().then(&[
        (50, "EXTEND a 100", "HELD", "HELD a ann 2 until 150"),
        (50, "EXTEND a 100", "HELD", ""),
        (60, "EXTEND a 5", "HELD", "HELD a ann 2 until 65"),
        (60, "EXTEND a 200", "HELD", "HELD a ann 2 until 260"),
        (60, "EXTEND a 0", "ERR hold must be an integer", ""),
        (60, "ORDER a", "a ann 2 HELD at 0 until 260 seq 6", ""),
        (100, "EXTEND b 1", "EXPIRED", "EXPIRED b bob 1"),
        (259, "CONFIRM a", "SOLD", "SOLD a ann 2"),
        (259, "EXTEND a 9", "SOLD", ""),
        (259, "CANCEL a REFUND", "CANCELLED", "CANCELLED a ann 2"),
        (259, "EXTEND a 9", "CANCELLED", ""),
        (259, "EXTEND z 9", "NOORDER", ""),
    ]);
}

#[test]
fn cancel_returns_units_and_quota_once() {
    held().then(&[
        (1, "BUY ann a2", "LIMIT", ""),
        (1, "CANCEL a", "CANCELLED", "CANCELLED a ann 2"),
        (1, "CANCEL a", "CANCELLED", ""),
        (1, "CANCEL a REFUND", "CANCELLED", ""),
        (1, "RESTOCK 1", "5", "RESTOCKED 1"),
        (1, "BUY ann a2 QTY 2", "HELD", "HELD a2 ann 2 until 101"),
        (2, "CONFIRM a2", "SOLD", "SOLD a2 ann 2"),
        (2, "CANCEL a2", "SOLD", ""),
        (2, "BUYER ann", "held 0 sold 2 orders a2,a", ""),
        (2, "CANCEL a2 REFUND", "CANCELLED", "CANCELLED a2 ann 2"),
        (2, "CANCEL a2 REFUND", "CANCELLED", ""),
        (2, "BUYER ann", "held 0 sold 0 orders a2,a", ""),
        (100, "CANCEL b", "EXPIRED", "EXPIRED b bob 1"),
        (100, "CANCEL b REFUND", "EXPIRED", ""),
        (100, "CANCEL z", "NOORDER", ""),
        (100, "RESTOCK -6", "0", "RESTOCKED -6"),
    ]);
}

#[test]
fn a_sale_without_hold_sells_at_once_and_what_was_held_before_stays_held() {
    held().then(&[
        (10, "ALTER HOLD 0", "OK", "ALTERED limit 2 hold 0 window 0-0"),
        (10, "BUY cem c", "SOLD", "SOLD c cem 1"),
        (10, "ORDER a", "a ann 2 HELD at 0 until 100 seq 2", ""),
        (10, "ALTER HOLD 7", "OK", "ALTERED limit 2 hold 7 window 0-0"),
        (10, "BUY cem d", "HELD", "HELD d cem 1 until 17"),
        (17, "expire 9", "OK", "EXPIRED d cem 1"),
        (99, "expire 9", "OK", ""),
        (100, "expire 9", "OK", "EXPIRED a ann 2; EXPIRED b bob 1"),
    ]);
}

#[test]
fn the_oldest_deadlines_expire_first() {
    held().then(&[
        (0, "BUY cem c", "HELD", "HELD c cem 1 until 100"),
        (10, "EXTEND a 200", "HELD", "HELD a ann 2 until 210"),
        (10, "EXTEND c 50", "HELD", "HELD c cem 1 until 60"),
        (300, "expire 1", "OK", "EXPIRED c cem 1"),
        (300, "expire 1", "OK", "EXPIRED b bob 1"),
        (300, "expire 0", "OK", ""),
        (300, "expire 9", "OK", "EXPIRED a ann 2"),
        (300, "expire 9", "OK", ""),
    ]);
}

#[test]
fn a_command_expires_the_order_that_it_names_whatever_else_is_due() {
    // CONFIRM, EXTEND and CANCEL leave other due holds alone.
    held().then(&[(100, "CONFIRM b", "EXPIRED", "EXPIRED b bob 1")]);
    held().then(&[(100, "EXTEND b 9", "EXPIRED", "EXPIRED b bob 1")]);
    held().then(&[(100, "CANCEL b", "EXPIRED", "EXPIRED b bob 1")]);
    // BUY expires all that are due, also when it is a replay, refused or an error.
    let both = "EXPIRED a ann 2; EXPIRED b bob 1";
    held().then(&[(100, "BUY bob b", "EXPIRED", both)]);
    held().then(&[(100, "BUY cem b", "MISMATCH", both)]);
    held().then(&[(100, "BUY cem c LOCK k lost", "LOCKLOST", both)]);
    held().then(&[(100, "BUY cem c QTY 3", "LIMIT", both)]);
    held().then(&[(100, "BUY cem c", "HELD", "EXPIRED a ann 2; EXPIRED b bob 1; HELD c cem 1 until 200")]);
    // RESTOCK, ALTER and reads expire nothing.
    held().then(&[
        (100, "RESTOCK -3", "NOSTOCK", ""),
        (100, "ALTER LIMIT 9", "OK", "ALTERED limit 9 hold 100 window 0-0"),
        (100, "ORDER a", "a ann 2 EXPIRED at 0 until 0 seq 2", ""),
        (100, "BUYER ann", "held 2 sold 0 orders a", ""),
        (100, "AUDIT", "OK", ""),
    ]);
}

/// A sale of 40 units, all held by 40 buyers until 10.
fn forty() -> Pair {
    let mut pair = scenario(&[(0, "CREATE STOCK 40 HOLD 10", "OK", "CREATED 40 limit 0 hold 10 window 0-0")]);
    for n in 0..40 {
        assert_eq!(pair.run(0, &format!("BUY buyer{n} order{n}")).reply, "HELD");
    }
    pair
}

#[test]
fn a_buy_expires_at_most_32_holds() {
    let mut pair = forty().then(&[(9, "BUY ann a", "SOLDOUT", "")]);
    let expired: Vec<String> = (0..32).map(|n| format!("EXPIRED order{n} buyer{n} 1")).collect();
    let response = pair.run(10, "BUY ann a QTY 33");
    assert_eq!((response.reply.as_str(), response.events), ("SHORT", expired.join("; ")));
    let rest: Vec<String> = (32..40).map(|n| format!("EXPIRED order{n} buyer{n} 1")).collect();
    let response = pair.run(10, "BUY ann a QTY 33");
    assert_eq!(response.reply, "HELD");
    assert_eq!(response.events, format!("{}; HELD a ann 33 until 20", rest.join("; ")));
    pair.check(10);
}

#[test]
fn a_replay_expires_its_own_order_besides_the_32_oldest() {
    let mut pair = forty();
    let response = pair.run(10, "BUY buyer39 order39");
    assert_eq!(response.reply, "EXPIRED");
    assert_eq!(response.events.matches("EXPIRED").count(), 33);
    assert!(response.events.ends_with("EXPIRED order31 buyer31 1; EXPIRED order39 buyer39 1"));
    // One of the 32 is not expired twice.
    let mut pair = forty();
    assert_eq!(pair.run(10, "BUY buyer3 order3").events.matches("order3 ").count(), 1);
    pair.check(10);
}

#[test]
fn soldout_is_never_replied_while_a_hold_is_due() {
    let mut pair = forty();
    for n in 0..40 {
        assert_eq!(pair.run(10, &format!("BUY late{n} late{n}")).reply, "HELD");
    }
    assert_eq!(pair.run(10, "BUY late late").reply, "SOLDOUT");
    pair.check(10);
}

/// The server's clock counts, as it does for the expiry of keys. Only the times of events never fall.
#[test]
fn decisions_follow_a_clock_that_is_set_back() {
    scenario(&[
        (60, "CREATE STOCK 9 HOLD 10 OPENS 5 CLOSES 90", "OK", "CREATED 9 limit 0 hold 10 window 5-90"),
        (60, "BUY ann a", "HELD", "HELD a ann 1 until 70"),
        // Back by 50: the order has its deadline before its event.
        (10, "BUY ann b", "HELD", "HELD b ann 1 until 20"),
        (10, "ORDER b", "b ann 1 HELD at 60 until 20 seq 3", ""),
        (19, "EXTEND b 3", "HELD", "HELD b ann 1 until 22"),
        (10, "restart 200", "OK", ""),
        (21, "ORDER b", "b ann 1 HELD at 60 until 22 seq 4", ""),
        (22, "ORDER b", "b ann 1 EXPIRED at 60 until 0 seq 4", ""),
        (22, "CONFIRM b", "EXPIRED", "EXPIRED b ann 1"),
        (22, "EXTEND a 38", "HELD", "HELD a ann 1 until 60"),
        (22, "BUY bob c", "HELD", "HELD c bob 1 until 32"),
        (32, "BUY bob d QTY 9", "SHORT", "EXPIRED c bob 1"),
        (4, "BUY bob d", "UPCOMING", ""),
        (90, "BUY bob d", "CLOSED", "EXPIRED a ann 1"),
        (89, "BUY bob d", "HELD", "HELD d bob 1 until 99"),
        (
            89,
            "EVENTS 2",
            "3/100@60 HELD b ann 1 until 20; 4/100@60 HELD b ann 1 until 22; 5/200@60 EXPIRED b ann 1; \
            6/200@60 HELD a ann 1 until 60; 7/200@60 HELD c bob 1 until 32; 8/200@60 EXPIRED c bob 1; \
            9/200@90 EXPIRED a ann 1; 10/200@90 HELD d bob 1 until 99",
            "",
        ),
    ]);
}

#[test]
fn a_deadline_beyond_the_last_instant_is_the_last_instant() {
    const LAST: u64 = 9_007_199_254_740_991;
    scenario(&[
        (LAST - 5, "CREATE STOCK 3 HOLD 5", "OK", "CREATED 3 limit 0 hold 5 window 0-0"),
        (LAST - 5, "BUY ann a", "HELD", "HELD a ann 1 until 9007199254740991"),
        (LAST - 4, "BUY ann b", "HELD", "HELD b ann 1 until 9007199254740991"),
        (LAST - 3, "EXTEND b 9007199254740991", "HELD", ""),
        (LAST - 3, "EXTEND b 1", "HELD", "HELD b ann 1 until 9007199254740989"),
        (LAST, "CONFIRM a", "EXPIRED", "EXPIRED a ann 1"),
        // A time beyond the last instant counts as the last instant.
        (u64::MAX, "BUY ann c", "HELD", "EXPIRED b ann 1; HELD c ann 1 until 9007199254740991"),
        (u64::MAX, "CONFIRM c", "EXPIRED", "EXPIRED c ann 1"),
    ]);
}
