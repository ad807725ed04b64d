//! The whole of a sale in a sentence or two.

use seckill_client::{Info, Phase};

use super::figures::Figures;
use super::words;

pub(super) fn of(info: &Info, figures: &Figures) -> String {
    let stock = units(figures.stock.unsigned_abs());
    let is_closed = info.state == Phase::Closed;
    let Some(selling) = figures.selling else {
        return if is_closed {
            format!("Closed without an order. {stock} left.")
        } else {
            format!("No orders yet. {stock} for sale.")
        };
    };
    let sold = words::count(info.sold);
    let orders = words::counted(figures.flow.sold_now().orders, "order", "orders");
    let end = end(selling.time_to_sold_out(), info.available, is_closed);
    format!("{sold} of {stock} sold in {orders}. {end}")
}

/// How it ended, or stands: an order may have taken the last unit after so many ms, and so much is available now.
fn end(sold_out: Option<u64>, available: u64, is_closed: bool) -> String {
    match (sold_out, available) {
        (Some(millis), 0) => format!("Sold out after {}.", words::span(millis)),
        (Some(millis), _) => {
            let first = words::span(millis);
            format!("Sold out for a while, first after {first}; {} available again.", units(available))
        }
        (None, 0) => "Nothing is left, for units were taken away: no order took the last one.".to_owned(),
        (None, _) if is_closed => "Closed before it was sold out.".to_owned(),
        (None, _) => "Never sold out.".to_owned(),
    }
}

fn units(units: u64) -> String {
    words::counted(units, "unit", "units")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sold_out_is_said_only_of_what_is() {
        assert_eq!(end(Some(1_500), 0, false), "Sold out after 1.5 s.");
        assert_eq!(end(Some(0), 1, true), "Sold out for a while, first after 0 ms; 1 unit available again.");
        assert!(end(None, 0, false).starts_with("Nothing is left"));
        assert_eq!(end(None, 7, true), "Closed before it was sold out.");
        assert_eq!(end(None, 7, false), "Never sold out.");
    }
}
