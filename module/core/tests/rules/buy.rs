//! BUY: which reason comes first, and replays.

use crate::support::{Pair, scenario};

/// Open from 100 to 200. Of five units one is available; ann has four, as many as the limit allows.
fn crowded() -> Pair {
    scenario(&[
        (0, "CREATE STOCK 5 LIMIT 4 CLOSES 200", "OK", "CREATED 5 limit 4 hold 0 window 0-200"),
        (10, "BUY ann a1 QTY 4", "SOLD", "SOLD a1 ann 4"),
        (20, "ALTER OPENS 100", "OK", "ALTERED limit 4 hold 0 window 100-200"),
    ])
}

#[test]
fn of_several_reasons_the_first_in_the_protocol_is_replied() {
    crowded().then(&[
        // An order that exists comes before all else.
        (50, "BUY ann a1 QTY 4 LOCK k lost", "SOLD", ""),
        (50, "BUY ann a1 QTY 3 LOCK k lost", "MISMATCH", ""),
        (50, "BUY bob a1 QTY 4", "MISMATCH", ""),
        // Then the lock, before the window.
        (50, "BUY ann a2 QTY 2 LOCK k lost", "LOCKLOST", ""),
        (250, "BUY ann a2 QTY 2 LOCK k lost", "LOCKLOST", ""),
    ]);
    crowded().then(&[
        // Then the window, before the limit.
        (50, "BUY ann a2 QTY 2 LOCK k mine", "UPCOMING", ""),
        (99, "BUY ann a2 QTY 2", "UPCOMING", ""),
        (200, "BUY ann a2 QTY 2", "CLOSED", ""),
    ]);
    crowded().then(&[
        // Then the limit, before the stock.
        (150, "BUY ann a2 QTY 2", "LIMIT", ""),
        (150, "BUY bob b1 QTY 5", "LIMIT", ""),
        // Then the stock.
        (150, "BUY bob b1 QTY 2", "SHORT", ""),
        (150, "BUY bob b1", "SOLD", "SOLD b1 bob 1"),
        (150, "BUY cem c1", "SOLDOUT", ""),
        (150, "BUY cem c1 QTY 4", "SOLDOUT", ""),
        (150, "BUY ann a2", "LIMIT", ""),
    ]);
}

#[test]
fn the_window_is_half_open() {
    crowded().then(&[(99, "BUY bob b1", "UPCOMING", ""), (100, "BUY bob b1", "SOLD", "SOLD b1 bob 1")]);
    crowded().then(&[(199, "BUY bob b1", "SOLD", "SOLD b1 bob 1"), (200, "BUY bob b2", "CLOSED", "")]);
}

#[test]
fn a_retry_replies_the_state_of_its_order_and_changes_nothing() {
    scenario(&[
        (0, "CREATE STOCK 9 HOLD 10 CLOSES 100", "OK", "CREATED 9 limit 0 hold 10 window 0-100"),
        (1, "BUY ann kept", "HELD", "HELD kept ann 1 until 11"),
        (1, "BUY ann kept", "HELD", ""),
        (1, "BUY ann given", "HELD", "HELD given ann 1 until 11"),
        (1, "BUY ann late", "HELD", "HELD late ann 1 until 11"),
        (5, "CONFIRM kept", "SOLD", "SOLD kept ann 1"),
        (5, "CANCEL given", "CANCELLED", "CANCELLED given ann 1"),
        (11, "BUY ann late", "EXPIRED", "EXPIRED late ann 1"),
        // Once the sale is over, and the lock lost, these are still their states.
        (100, "BUY ann kept LOCK k lost", "SOLD", ""),
        (100, "BUY ann given LOCK k lost", "CANCELLED", ""),
        (100, "BUY ann late LOCK k lost", "EXPIRED", ""),
        (100, "BUY ann given QTY 2", "MISMATCH", ""),
        (100, "BUY bob late", "MISMATCH", ""),
        (100, "BUY ann new", "CLOSED", ""),
        (
            100,
            "INFO",
            "CLOSED available 8 held 0 sold 1 orders 3 buyers 1 limit 0 hold 10 window 0-100 seq 7 \
            term 100 created 0 diverged 0",
            "",
        ),
    ]);
}

#[test]
fn a_refusal_is_not_remembered() {
    scenario(&[
        (0, "CREATE STOCK 0 LIMIT 1 OPENS 10", "OK", "CREATED 0 limit 1 hold 0 window 10-0"),
        (9, "BUY ann o LOCK k lost", "LOCKLOST", ""),
        (9, "BUY ann o", "UPCOMING", ""),
        (10, "BUY ann o QTY 2", "LIMIT", ""),
        (10, "BUY ann o", "SOLDOUT", ""),
        (10, "RESTOCK 1", "1", "RESTOCKED 1"),
        // Another buyer may use the id, for there is no order yet.
        (10, "BUY bob o", "SOLD", "SOLD o bob 1"),
    ]);
}

#[test]
fn the_limit_counts_what_is_held_and_sold_but_not_what_was_returned() {
    scenario(&[
        (0, "CREATE STOCK 99 LIMIT 3 HOLD 10", "OK", "CREATED 99 limit 3 hold 10 window 0-0"),
        (0, "BUY ann a1", "HELD", "HELD a1 ann 1 until 10"),
        (0, "CONFIRM a1", "SOLD", "SOLD a1 ann 1"),
        (0, "BUY ann a2 QTY 2", "HELD", "HELD a2 ann 2 until 10"),
        (1, "BUY ann a3", "LIMIT", ""),
        (1, "BUY bob b1 QTY 3", "HELD", "HELD b1 bob 3 until 11"),
        (1, "BUY cem c1 QTY 4", "LIMIT", ""),
        (2, "CANCEL a1 REFUND", "CANCELLED", "CANCELLED a1 ann 1"),
        (2, "BUY ann a3", "HELD", "HELD a3 ann 1 until 12"),
        (2, "BUY ann a4", "LIMIT", ""),
        // At 10 the hold of a2 is due, and counts no more.
        (9, "BUY ann a4", "LIMIT", ""),
        (10, "BUY ann a4 QTY 2", "HELD", "EXPIRED a2 ann 2; HELD a4 ann 2 until 20"),
        (10, "BUY ann a5", "LIMIT", ""),
    ]);
}

#[test]
fn a_lowered_limit_takes_nothing_away() {
    scenario(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "BUY ann a1 QTY 5", "SOLD", "SOLD a1 ann 5"),
        (0, "ALTER LIMIT 2", "OK", "ALTERED limit 2 hold 0 window 0-0"),
        (0, "BUY ann a2", "LIMIT", ""),
        (0, "BUYER ann", "held 0 sold 5 orders a1", ""),
        (0, "ALTER LIMIT 0", "OK", "ALTERED limit 0 hold 0 window 0-0"),
        (0, "BUY ann a2 QTY 4", "SOLD", "SOLD a2 ann 4"),
    ]);
}

#[test]
fn a_full_sale_accepts_no_new_order_but_serves_those_it_has() {
    let mut pair = scenario(&[
        (0, "CREATE STOCK 9 HOLD 5", "OK", "CREATED 9 limit 0 hold 5 window 0-0"),
        (0, "BUY ann a1", "HELD", "HELD a1 ann 1 until 5"),
        (0, "BUY ann a2", "HELD", "HELD a2 ann 1 until 5"),
    ]);
    pair.max_orders = 2;
    let mut pair = pair.then(&[
        (1, "BUY ann a3", "FULL", ""),
        (1, "BUY ann a3 QTY 8", "SHORT", ""),
        (1, "BUY ann a1", "HELD", ""),
        (1, "CONFIRM a1", "SOLD", "SOLD a1 ann 1"),
        // An order that expired still counts as an order.
        (5, "BUY bob b1", "FULL", "EXPIRED a2 ann 1"),
    ]);
    pair.max_orders = 3;
    pair.then(&[(6, "BUY bob b1", "HELD", "HELD b1 bob 1 until 11")]);
}

#[test]
fn a_purchase_needs_the_lock_that_it_names_and_no_other() {
    scenario(&[
        (0, "CREATE STOCK 2", "OK", "CREATED 2 limit 0 hold 0 window 0-0"),
        (0, "BUY ann o1 LOCK k mine", "SOLD", "SOLD o1 ann 1"),
        (0, "BUY ann o2 LOCK k mine RELEASE", "SOLD", "SOLD o2 ann 1"),
        (0, "BUY ann o3 LOCK k mine RELEASE", "SOLDOUT", ""),
        (0, "BUY ann o3 LOCK k lost RELEASE", "LOCKLOST", ""),
    ]);
}

#[test]
fn there_is_no_sale_before_it_is_created() {
    scenario(&[
        (0, "BUY ann o1", "NOSALE", ""),
        (0, "CONFIRM o1", "NOSALE", ""),
        (0, "EXTEND o1 5", "NOSALE", ""),
        (0, "CANCEL o1 REFUND", "NOSALE", ""),
        (0, "ALTER LIMIT 2", "NOSALE", ""),
        (0, "RESTOCK 1", "NOSALE", ""),
        (0, "CREATE STOCK 1", "OK", "CREATED 1 limit 0 hold 0 window 0-0"),
    ]);
}
