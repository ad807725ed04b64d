//! CREATE, ALTER and RESTOCK.

use crate::support::scenario;

#[test]
fn create_repeated_is_ok_whatever_happened_since() {
    scenario(&[
        (0, "CREATE STOCK 5 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99", "OK", "CREATED 5 limit 2 hold 9 window 1-99"),
        (1, "CREATE CLOSES 99 OPENS 1 HOLD 9 LIMIT 2 STOCK 5", "OK", ""),
        (1, "BUY ann a", "HELD", "HELD a ann 1 until 10"),
        (2, "RESTOCK 4", "8", "RESTOCKED 4"),
        (3, "ALTER LIMIT 7 CLOSES 50", "OK", "ALTERED limit 7 hold 9 window 1-50"),
        (99, "CREATE STOCK 5 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99", "OK", ""),
        // What counts is what the sale was created with, not its present rules.
        (
            99,
            "CREATE STOCK 5 LIMIT 7 HOLD 9 OPENS 1 CLOSES 50",
            "BUSYKEY a sale created with STOCK 5 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99 exists here; LIMIT and CLOSES differ",
            "",
        ),
        (
            99,
            "CREATE STOCK 9 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99",
            "BUSYKEY a sale created with STOCK 5 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99 exists here; STOCK differs",
            "",
        ),
        (99, "CREATE STOCK 5 LIMIT 2 HOLD 9 OPENS 1", "BUSYKEY", ""),
        (
            99,
            "CREATE STOCK 5",
            "BUSYKEY a sale created with STOCK 5 LIMIT 2 HOLD 9 OPENS 1 CLOSES 99 exists here; LIMIT, HOLD, OPENS and CLOSES differ",
            "",
        ),
    ]);
}

#[test]
fn a_rule_that_is_zero_is_one_that_is_not_given() {
    scenario(&[
        (0, "CREATE STOCK 0 LIMIT 0 HOLD 0 OPENS 0 CLOSES 0", "OK", "CREATED 0 limit 0 hold 0 window 0-0"),
        (0, "CREATE STOCK 0", "OK", ""),
        (0, "BUY ann a", "SOLDOUT", ""),
    ]);
}

#[test]
fn closes_is_after_opens() {
    scenario(&[
        (0, "CREATE STOCK 1 OPENS 5 CLOSES 5", "ERR CLOSES must be after OPENS", ""),
        (0, "CREATE STOCK 1 OPENS 5 CLOSES 4", "ERR CLOSES must be after OPENS", ""),
        (0, "CREATE STOCK 1 OPENS 5 CLOSES 6", "OK", "CREATED 1 limit 0 hold 0 window 5-6"),
        (0, "ALTER OPENS 6", "ERR CLOSES must be after OPENS", ""),
        (0, "ALTER CLOSES 5", "ERR CLOSES must be after OPENS", ""),
        (0, "ALTER CLOSES 0", "OK", "ALTERED limit 0 hold 0 window 5-0"),
        (0, "ALTER OPENS 9", "OK", "ALTERED limit 0 hold 0 window 9-0"),
        (0, "ALTER OPENS 20 CLOSES 30", "OK", "ALTERED limit 0 hold 0 window 20-30"),
        (0, "ALTER OPENS 0 CLOSES 1", "OK", "ALTERED limit 0 hold 0 window 0-1"),
    ]);
}

#[test]
fn alter_that_changes_nothing_leaves_no_event() {
    scenario(&[
        (0, "CREATE STOCK 1 LIMIT 3 HOLD 4 OPENS 5 CLOSES 6", "OK", "CREATED 1 limit 3 hold 4 window 5-6"),
        (0, "ALTER LIMIT 3", "OK", ""),
        (0, "ALTER CLOSES 6 OPENS 5 HOLD 4 LIMIT 3", "OK", ""),
        (0, "ALTER", "ERR SECKILL.ALTER needs a rule: LIMIT, ATTEMPTS, HOLD, OPENS or CLOSES", ""),
        (
            0,
            "ALTER STOCK 2",
            "ERR SECKILL.ALTER has no keyword 'STOCK': SECKILL.RESTOCK changes the stock",
            "",
        ),
        (0, "ALTER LIMIT 3 HOLD 5", "OK", "ALTERED limit 3 hold 5 window 5-6"),
        (0, "ALTER LIMIT 3 HOLD 5", "OK", ""),
    ]);
}

#[test]
fn an_altered_window_is_the_one_that_counts() {
    scenario(&[
        (0, "CREATE STOCK 5 OPENS 10 CLOSES 20", "OK", "CREATED 5 limit 0 hold 0 window 10-20"),
        (0, "BUY ann a", "UPCOMING", ""),
        (0, "ALTER OPENS 0", "OK", "ALTERED limit 0 hold 0 window 0-20"),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (20, "BUY ann b", "CLOSED", ""),
        (20, "ALTER CLOSES 30", "OK", "ALTERED limit 0 hold 0 window 0-30"),
        (20, "BUY ann b", "SOLD", "SOLD b ann 1"),
        (20, "ALTER CLOSES 5", "OK", "ALTERED limit 0 hold 0 window 0-5"),
        (20, "BUY ann c", "CLOSED", ""),
    ]);
}

#[test]
fn restock_takes_no_more_than_is_available() {
    scenario(&[
        (0, "CREATE STOCK 5 HOLD 10", "OK", "CREATED 5 limit 0 hold 10 window 0-0"),
        (0, "BUY ann a QTY 2", "HELD", "HELD a ann 2 until 10"),
        (0, "RESTOCK -4", "NOSTOCK", ""),
        (0, "RESTOCK -3", "0", "RESTOCKED -3"),
        (0, "RESTOCK -1", "NOSTOCK", ""),
        (0, "CANCEL a", "CANCELLED", "CANCELLED a ann 2"),
        (0, "RESTOCK 3", "5", "RESTOCKED 3"),
        (0, "RESTOCK 3", "8", "RESTOCKED 3"),
        (0, "RESTOCK 0", "ERR a delta of 0 needs ID with a value", ""),
    ]);
}

#[test]
fn a_restock_of_nothing_uses_its_id_up() {
    let mut pair = scenario(&[
        (0, "CREATE STOCK 5", "OK", "CREATED 5 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 0 ID void", "5", "RESTOCKED 0 void"),
        (0, "BUY ann a QTY 4", "SOLD", "SOLD a ann 4"),
        (0, "RESTOCK 0 ID void", "1", ""),
        // A late request with the id is refused for its id, also where the units would not do.
        (0, "RESTOCK -1 ID void", "MISMATCH", ""),
        (0, "RESTOCK -3 ID void", "MISMATCH", ""),
        (0, "RESTOCK 3 ID void", "MISMATCH", ""),
        (0, "RESTOCK -1 ID taken", "0", "RESTOCKED -1 taken"),
        (0, "RESTOCK 0 ID taken", "MISMATCH", ""),
        // What was refused left no id.
        (0, "RESTOCK -2 ID more", "NOSTOCK", ""),
        (0, "RESTOCK 0 ID more", "0", "RESTOCKED 0 more"),
    ]);
    pair.max_orders = 3;
    pair.then(&[(0, "RESTOCK 0 ID other", "FULL", ""), (0, "RESTOCK 0 ID more", "0", "")]);
}

#[test]
fn restock_with_an_id_happens_once() {
    scenario(&[
        (0, "CREATE STOCK 5", "OK", "CREATED 5 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 3 ID truck", "8", "RESTOCKED 3 truck"),
        (0, "RESTOCK 3 ID truck", "8", ""),
        (0, "BUY ann a QTY 7", "SOLD", "SOLD a ann 7"),
        (0, "RESTOCK 3 ID truck", "1", ""),
        (0, "RESTOCK 4 ID truck", "MISMATCH", ""),
        (0, "RESTOCK -3 ID truck", "MISMATCH", ""),
        // A repeat is fine even where the restock would be refused now.
        (0, "RESTOCK -1 ID theft", "0", "RESTOCKED -1 theft"),
        (0, "RESTOCK -1 ID theft", "0", ""),
        (0, "RESTOCK -2 ID other", "NOSTOCK", ""),
        // A restock that was refused leaves no id.
        (0, "RESTOCK 2 ID other", "2", "RESTOCKED 2 other"),
        (0, "RESTOCK 2 ID ann", "4", "RESTOCKED 2 ann"),
        (0, "RESTOCK 2 ID a", "6", "RESTOCKED 2 a"),
    ]);
}

#[test]
fn all_units_together_stay_an_integer_that_every_client_holds() {
    const MOST: &str = "9007199254740991";
    scenario(&[
        (0, &format!("CREATE STOCK {MOST}"), "OK", "CREATED 9007199254740991 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 1", "ERR stock must be at most", ""),
        (0, "BUY ann a QTY 4294967295", "SOLD", "SOLD a ann 4294967295"),
        // What was sold still counts.
        (0, "RESTOCK 1 ID x", "ERR stock must be at most", ""),
        (0, &format!("RESTOCK {MOST}"), "ERR stock must be at most", ""),
        (0, "RESTOCK -9007194959773696", "0", "RESTOCKED -9007194959773696"),
        (0, &format!("RESTOCK -{MOST}"), "NOSTOCK", ""),
        (0, "CANCEL a REFUND", "CANCELLED", "CANCELLED a ann 4294967295"),
        (0, "RESTOCK 9007194959773696", MOST, "RESTOCKED 9007194959773696"),
    ]);
}

#[test]
fn a_sale_has_at_most_as_many_restock_ids_as_orders() {
    let mut pair = scenario(&[
        (0, "CREATE STOCK 5", "OK", "CREATED 5 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 1 ID r1", "6", "RESTOCKED 1 r1"),
        (0, "RESTOCK 1 ID r2", "7", "RESTOCKED 1 r2"),
    ]);
    pair.max_orders = 2;
    pair.then(&[
        (0, "RESTOCK 1 ID r3", "FULL", ""),
        (0, "RESTOCK 1 ID r2", "7", ""),
        (0, "RESTOCK 1", "8", "RESTOCKED 1"),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
    ]);
}
