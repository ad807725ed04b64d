//! Holds: CONFIRM, EXTEND, CANCEL, and what happens by itself.

use crate::support::{Shop, go_on, story};

/// Five units; ann holds two, bob one, both until 100.
fn held() -> Shop {
    story(&[
        (0, "CREATE STOCK 5 LIMIT 2 HOLD 100", "OK", "CREATED 5 limit 2 hold 100 window 0-0"),
        (0, "BUY ann a QTY 2", "HELD", "HELD a ann 2 until 100"),
        (0, "BUY bob b", "HELD", "HELD b bob 1 until 100"),
    ])
}

#[test]
fn confirm_is_in_time_before_the_deadline_and_too_late_at_it() {
    go_on(
        held(),
        &[
            (99, "CONFIRM a", "SOLD", "SOLD a ann 2"),
            (99, "CONFIRM a", "SOLD", ""),
            (100, "CONFIRM a", "SOLD", ""),
            (100, "CONFIRM b", "EXPIRED", "EXPIRED b bob 1"),
            (100, "CONFIRM b", "EXPIRED", ""),
            (101, "CONFIRM c", "NOORDER", ""),
        ],
    );
    go_on(held(), &[(50, "CANCEL a", "CANCELLED", "CANCELLED a ann 2"), (50, "CONFIRM a", "CANCELLED", "")]);
}

#[test]
fn extend_moves_the_deadline_of_what_is_held_and_of_nothing_else() {
    go_on(
        held(),
        &[
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
        ],
    );
}

#[test]
fn cancel_gives_units_and_quota_back_once() {
    go_on(
        held(),
        &[
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
        ],
    );
}

#[test]
fn a_sale_without_hold_sells_at_once_and_what_was_held_before_stays_held() {
    go_on(
        held(),
        &[
            (10, "ALTER HOLD 0", "OK", "ALTERED limit 2 hold 0 window 0-0"),
            (10, "BUY cem c", "SOLD", "SOLD c cem 1"),
            (10, "ORDER a", "a ann 2 HELD at 0 until 100 seq 2", ""),
            (10, "ALTER HOLD 7", "OK", "ALTERED limit 2 hold 7 window 0-0"),
            (10, "BUY cem d", "HELD", "HELD d cem 1 until 17"),
            (17, "sweep 9", "OK", "EXPIRED d cem 1"),
            (99, "sweep 9", "OK", ""),
            (100, "sweep 9", "OK", "EXPIRED a ann 2; EXPIRED b bob 1"),
        ],
    );
}

#[test]
fn a_sweep_takes_the_oldest_deadlines_first() {
    go_on(
        held(),
        &[
            (0, "BUY cem c", "HELD", "HELD c cem 1 until 100"),
            (10, "EXTEND a 200", "HELD", "HELD a ann 2 until 210"),
            (10, "EXTEND c 50", "HELD", "HELD c cem 1 until 60"),
            (300, "sweep 1", "OK", "EXPIRED c cem 1"),
            (300, "sweep 1", "OK", "EXPIRED b bob 1"),
            (300, "sweep 0", "OK", ""),
            (300, "sweep 9", "OK", "EXPIRED a ann 2"),
            (300, "sweep 9", "OK", ""),
        ],
    );
}

#[test]
fn a_command_expires_the_order_that_it_names_whatever_else_is_due() {
    // CONFIRM, EXTEND and CANCEL leave other due holds alone.
    go_on(held(), &[(100, "CONFIRM b", "EXPIRED", "EXPIRED b bob 1")]);
    go_on(held(), &[(100, "EXTEND b 9", "EXPIRED", "EXPIRED b bob 1")]);
    go_on(held(), &[(100, "CANCEL b", "EXPIRED", "EXPIRED b bob 1")]);
    // BUY lets all run out, also when it is a replay, refused or mistaken.
    let both = "EXPIRED a ann 2; EXPIRED b bob 1";
    go_on(held(), &[(100, "BUY bob b", "EXPIRED", both)]);
    go_on(held(), &[(100, "BUY cem b", "MISMATCH", both)]);
    go_on(held(), &[(100, "BUY cem c LOCK k lost", "LOCKLOST", both)]);
    go_on(held(), &[(100, "BUY cem c QTY 3", "LIMIT", both)]);
    go_on(held(), &[(100, "BUY cem c", "HELD", "EXPIRED a ann 2; EXPIRED b bob 1; HELD c cem 1 until 200")]);
    // RESTOCK, ALTER and reads take what is stored.
    go_on(
        held(),
        &[
            (100, "RESTOCK -3", "NOSTOCK", ""),
            (100, "ALTER LIMIT 9", "OK", "ALTERED limit 9 hold 100 window 0-0"),
            (100, "ORDER a", "a ann 2 EXPIRED at 0 until 0 seq 2", ""),
            (100, "BUYER ann", "held 2 sold 0 orders a", ""),
            (100, "AUDIT", "OK", ""),
        ],
    );
}

/// A sale of 40 units, all held by 40 buyers until 10.
fn forty() -> Shop {
    let mut shop = story(&[(0, "CREATE STOCK 40 HOLD 10", "OK", "CREATED 40 limit 0 hold 10 window 0-0")]);
    for n in 0..40 {
        assert_eq!(shop.say(0, &format!("BUY buyer{n} order{n}")).reply, "HELD");
    }
    shop
}

#[test]
fn a_buy_sweeps_at_most_32() {
    let mut shop = go_on(forty(), &[(9, "BUY ann a", "SOLDOUT", "")]);
    let swept: Vec<String> = (0..32).map(|n| format!("EXPIRED order{n} buyer{n} 1")).collect();
    let answer = shop.say(10, "BUY ann a QTY 33");
    assert_eq!((answer.reply.as_str(), answer.events), ("SHORT", swept.join("; ")));
    let rest: Vec<String> = (32..40).map(|n| format!("EXPIRED order{n} buyer{n} 1")).collect();
    let answer = shop.say(10, "BUY ann a QTY 33");
    assert_eq!(answer.reply, "HELD");
    assert_eq!(answer.events, format!("{}; HELD a ann 33 until 20", rest.join("; ")));
    shop.check(10);
}

#[test]
fn a_replay_expires_its_own_order_besides_the_32_oldest() {
    let mut shop = forty();
    let answer = shop.say(10, "BUY buyer39 order39");
    assert_eq!(answer.reply, "EXPIRED");
    assert_eq!(answer.events.matches("EXPIRED").count(), 33);
    assert!(answer.events.ends_with("EXPIRED order31 buyer31 1; EXPIRED order39 buyer39 1"));
    // One of the 32 is not expired twice.
    let mut shop = forty();
    assert_eq!(shop.say(10, "BUY buyer3 order3").events.matches("order3 ").count(), 1);
    shop.check(10);
}

#[test]
fn soldout_is_never_said_while_a_hold_is_due() {
    let mut shop = forty();
    for n in 0..40 {
        assert_eq!(shop.say(10, &format!("BUY late{n} late{n}")).reply, "HELD");
    }
    assert_eq!(shop.say(10, "BUY late late").reply, "SOLDOUT");
    shop.check(10);
}

#[test]
fn time_that_is_set_back_counts_as_the_time_of_the_last_event() {
    story(&[
        (50, "CREATE STOCK 3 HOLD 10 OPENS 60 CLOSES 90", "OK", "CREATED 3 limit 0 hold 10 window 60-90"),
        (60, "BUY ann a", "HELD", "HELD a ann 1 until 70"),
        (5, "BUY ann b", "HELD", "HELD b ann 1 until 70"),
        (5, "ORDER b", "b ann 1 HELD at 60 until 70 seq 3", ""),
        (80, "BUY ann c QTY 9", "SHORT", "EXPIRED a ann 1; EXPIRED b ann 1"),
        // Nothing that ran out comes back, and a window that opened stays open.
        (5, "CONFIRM a", "EXPIRED", ""),
        (5, "BUY ann c", "HELD", "HELD c ann 1 until 90"),
        (85, "EXTEND c 2", "HELD", "HELD c ann 1 until 87"),
        (90, "CANCEL c", "EXPIRED", "EXPIRED c ann 1"),
        (70, "BUY ann d", "CLOSED", ""),
    ]);
}

#[test]
fn a_deadline_beyond_the_last_instant_is_the_last_instant() {
    const LAST: u64 = 9_007_199_254_740_991;
    story(&[
        (LAST - 5, "CREATE STOCK 3 HOLD 5", "OK", "CREATED 3 limit 0 hold 5 window 0-0"),
        (LAST - 5, "BUY ann a", "HELD", "HELD a ann 1 until 9007199254740991"),
        (LAST - 4, "BUY ann b", "HELD", "HELD b ann 1 until 9007199254740991"),
        (LAST - 3, "EXTEND b 9007199254740991", "HELD", ""),
        (LAST - 3, "EXTEND b 1", "HELD", "HELD b ann 1 until 9007199254740989"),
        (LAST, "CONFIRM a", "EXPIRED", "EXPIRED a ann 1"),
        // A clock that leaves the range stands at its end.
        (u64::MAX, "BUY ann c", "HELD", "EXPIRED b ann 1; HELD c ann 1 until 9007199254740991"),
        (u64::MAX, "CONFIRM c", "EXPIRED", "EXPIRED c ann 1"),
    ]);
}
