//! ATTEMPTS: orders that one buyer may place, whatever becomes of them.

use crate::support::{Pair, scenario};

/// Somebody who buys and cancels again and again cannot use up the orders that a sale may have.
#[test]
fn a_buyer_who_cancels_again_and_again_is_refused_and_others_are_not() {
    let mut pair = Pair::with_max_orders(1_000);
    pair.run(0, "CREATE STOCK 5 LIMIT 1");
    for attempt in 0..100 {
        assert_eq!(pair.run(0, &format!("BUY eve e{attempt}")).reply, "SOLD");
        assert_eq!(pair.run(0, &format!("CANCEL e{attempt} REFUND")).reply, "CANCELLED");
    }
    pair.then(&[
        (0, "BUY eve e100", "ATTEMPTS", ""),
        // A retry of one of the accepted orders is none.
        (0, "BUY eve e99", "CANCELLED", ""),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
    ]);
}

#[test]
fn holds_that_run_out_count_too() {
    scenario(&[
        (0, "CREATE STOCK 5 ATTEMPTS 2 HOLD 10", "OK", "CREATED 5 limit 0 attempts 2 hold 10 window 0-0"),
        (0, "BUY eve a", "HELD", "HELD a eve 1 until 10"),
        (10, "BUY eve b", "HELD", "EXPIRED a eve 1; HELD b eve 1 until 20"),
        (20, "BUY eve c", "ATTEMPTS", "EXPIRED b eve 1"),
        // The count is kept.
        (20, "restart 200", "OK", ""),
        (20, "BUY eve c", "ATTEMPTS", ""),
        (20, "failover 300", "OK", ""),
        (20, "BUY eve c", "ATTEMPTS", ""),
        (20, "copy 400", "OK", ""),
        (20, "BUY eve c", "ATTEMPTS", ""),
        (20, "BUY bob d", "HELD", "HELD d bob 1 until 30"),
    ]);
}

#[test]
fn attempts_are_tested_after_the_window_and_before_the_limit() {
    scenario(&[
        (
            0,
            "CREATE STOCK 5 LIMIT 1 ATTEMPTS 1 CLOSES 100",
            "OK",
            "CREATED 5 limit 1 attempts 1 hold 0 window 0-100",
        ),
        (0, "BUY eve a", "SOLD", "SOLD a eve 1"),
        (0, "BUY eve b", "ATTEMPTS", ""),
        (0, "BUY bob b QTY 2", "LIMIT", ""),
        (100, "BUY eve b", "CLOSED", ""),
        (100, "BUY eve b LOCK k lost", "LOCKLOST", ""),
    ]);
}

#[test]
fn attempts_that_were_not_given_follow_the_limit() {
    scenario(&[
        (0, "CREATE STOCK 5", "OK", "CREATED 5 limit 0 hold 0 window 0-0"),
        // No limit, no attempts. A repeat may give what was derived.
        (0, "CREATE STOCK 5 ATTEMPTS 0", "OK", ""),
        (0, "CREATE STOCK 5 ATTEMPTS 1", "BUSYKEY", ""),
        (0, "ALTER LIMIT 20", "OK", "ALTERED limit 20 hold 0 window 0-0"),
        (0, "ALTER ATTEMPTS 1", "OK", "ALTERED limit 20 attempts 1 hold 0 window 0-0"),
        (0, "ALTER ATTEMPTS 1", "OK", ""),
        (0, "BUY eve a", "SOLD", "SOLD a eve 1"),
        (0, "BUY eve b", "ATTEMPTS", ""),
        (0, "ALTER ATTEMPTS 0", "OK", "ALTERED limit 20 attempts 0 hold 0 window 0-0"),
        (0, "BUY eve b", "SOLD", "SOLD b eve 1"),
        (0, "CREATE STOCK 5 ATTEMPTS 4294967296", "ERR", ""),
    ]);
}
