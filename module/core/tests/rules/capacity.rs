//! FULL: as many orders, restock ids or events as a sale may have.

use crate::support::Pair;

#[test]
fn a_sale_without_room_takes_no_order() {
    let pair = Pair::with_max_orders(2);
    let pair = pair.then(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
    ]);
    let room = |pair: &Pair| pair.primary.info(0_u64.into(), pair.max_orders).room;
    assert_eq!(room(&pair), 1);
    let pair = pair.then(&[
        (0, "BUY ann b", "SOLD", "SOLD b ann 1"),
        // An order that has ended counts.
        (0, "CANCEL b REFUND", "CANCELLED", "CANCELLED b ann 1"),
        (0, "BUY ann c", "FULL", ""),
        (0, "BUY ann b", "CANCELLED", ""),
    ]);
    assert_eq!(room(&pair), 0);
}

/// What no order needs is refused. What has begun can be ended, however many events there are.
#[test]
fn a_sale_with_as_many_events_as_it_may_have_still_ends_its_orders() {
    let mut pair = Pair::new();
    pair.max_events = 5;
    pair.then(&[
        (0, "CREATE STOCK 9 HOLD 50", "OK", "CREATED 9 limit 0 hold 50 window 0-0"),
        (0, "BUY ann a", "HELD", "HELD a ann 1 until 50"),
        (0, "BUY bob b", "HELD", "HELD b bob 1 until 50"),
        (0, "BUY cem c", "HELD", "HELD c cem 1 until 50"),
        (0, "EXTEND a 60", "HELD", "HELD a ann 1 until 60"),
        (1, "EXTEND a 60", "FULL the sale has 5 events, the most that seckill.max-events allows", ""),
        // It changes nothing, and needs no event.
        (0, "EXTEND a 60", "HELD", ""),
        (1, "ALTER HOLD 0", "FULL", ""),
        (1, "ALTER HOLD 50", "OK", ""),
        (1, "RESTOCK 1", "FULL", ""),
        (1, "RESTOCK -1 ID r", "FULL", ""),
        (1, "RESTOCK 0 ID r", "FULL", ""),
        (1, "CONFIRM a", "SOLD", "SOLD a ann 1"),
        (1, "CANCEL a REFUND", "CANCELLED", "CANCELLED a ann 1"),
        (1, "CANCEL b", "CANCELLED", "CANCELLED b bob 1"),
        (50, "expire 9", "OK", "EXPIRED c cem 1"),
        (50, "BUY dan d", "HELD", "HELD d dan 1 until 100"),
        (50, "EXTEND c 1", "EXPIRED", ""),
    ]);
}
