//! Sales with everything that can happen in them, the same in every run.

use crate::harness::local_sale::LocalSale;
use crate::harness::names::uuid;

/// An instant in the past: holds of a sale that begins then are due.
pub(crate) const PAST: u64 = 1_700_000_000_000;

/// A sale with orders of every state, several terms, restockings, altered rules, and names of each encoding. Most
/// remaining holds fall due soon after the sale begins.
pub(crate) fn varied_sale(begin: u64, orders: u64) -> LocalSale {
    let mut sale =
        LocalSale::open(begin, "STOCK 500 LIMIT 90 HOLD 50 OPENS 1000000000005 CLOSES 9007199254740990");
    for number in 0..orders {
        sale.now += 17;
        let order = if number % 2 == 0 { uuid(number) } else { format!("order-{number}") };
        sale.run(&format!("BUY sale buyer{} {order} QTY {}", number % 7, number % 3 + 1));
        match number % 6 {
            0 => sale.run(&format!("CONFIRM sale {order}")),
            1 => sale.run(&format!("CANCEL sale {order}")),
            2 => {
                sale.run(&format!("CONFIRM sale {order}"));
                sale.run(&format!("CANCEL sale {order} REFUND"));
            }
            3 => sale.run(&format!("EXTEND sale {order} {}", 1_u64 << 52)),
            4 => sale.run(&format!("RESTOCK sale {} ID truck-{number}", number % 5 + 1)),
            _ => sale.run("RESTOCK sale -1"),
        }
        if number % 8 == 7 {
            sale.epoch += 1;
            sale.run(&format!("ALTER sale HOLD {} OPENS {}", 40 + number, 1_000_000_000_000 + number));
        }
    }
    sale
}

/// A sale whose orders are all sold at once.
pub(crate) fn plain_sale(orders: u64) -> LocalSale {
    let mut sale = LocalSale::open(PAST, "STOCK 9000");
    for number in 0..orders {
        sale.run(&format!("BUY sale buyer{} {number:0100}", number % 100));
    }
    sale
}
