//! Sales with whatever can happen in them, the same in every run.

use crate::harness::local_sale::LocalSale;
use crate::harness::names::uuid;

/// Holds of a sale that begins then are due.
pub(crate) const PAST: u64 = 1_700_000_000_000;

/// Orders of every state, some terms, restockings, altered rules; names of each form. Most holds that are left
/// fall due soon after it begins.
pub(crate) fn rich(begin: u64, orders: u64) -> LocalSale {
    let mut shop = LocalSale::open(begin, "STOCK 500 LIMIT 90 HOLD 50 OPENS 5 CLOSES 9007199254740990");
    for number in 0..orders {
        shop.now += 17;
        let order = if number % 2 == 0 { uuid(number) } else { format!("order-{number}") };
        shop.say(&format!("BUY sale buyer{} {order} QTY {}", number % 7, number % 3 + 1));
        match number % 6 {
            0 => shop.say(&format!("CONFIRM sale {order}")),
            1 => shop.say(&format!("CANCEL sale {order}")),
            2 => {
                shop.say(&format!("CONFIRM sale {order}"));
                shop.say(&format!("CANCEL sale {order} REFUND"));
            }
            3 => shop.say(&format!("EXTEND sale {order} {}", 1_u64 << 52)),
            4 => shop.say(&format!("RESTOCK sale {} ID truck-{number}", number % 5 + 1)),
            _ => shop.say("RESTOCK sale -1"),
        }
        if number % 8 == 7 {
            shop.tenure += 1;
            shop.say(&format!("ALTER sale HOLD {} OPENS {number}", 40 + number));
        }
    }
    shop
}

/// Nothing but orders that are sold at once.
pub(crate) fn sold(orders: u64) -> LocalSale {
    let mut shop = LocalSale::open(PAST, "STOCK 9000");
    for number in 0..orders {
        shop.say(&format!("BUY sale buyer{} {number:0100}", number % 100));
    }
    shop
}
