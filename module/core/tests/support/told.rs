//! Sales, orders and events in words.

use seckill_core::command::Rules;
use seckill_core::decide::Outcome;
use seckill_core::error::Error;
use seckill_core::events::{Entry, Event, Standing};
use seckill_core::{Name, Sale};

fn text(name: &Name<'_>) -> String {
    String::from_utf8_lossy(&name.text()).into_owned()
}

pub(crate) fn outcome(outcome: &Result<Outcome, Error>) -> String {
    match outcome {
        Ok(Outcome::Ok) => "OK".into(),
        Ok(Outcome::State(state)) => state.to_string(),
        Ok(Outcome::Refused(refusal)) => refusal.to_string(),
        Ok(Outcome::Available(units)) => units.to_string(),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with(&format!("{} ", error.code())), "no code: {text}");
            text
        }
    }
}

pub(crate) fn rules(Rules { limit, hold, opens, closes }: Rules) -> String {
    format!("limit {limit} hold {hold} window {opens}-{closes}")
}

pub(crate) fn moved(order: &str, buyer: &str, qty: u32, standing: Standing) -> String {
    let until = match standing {
        Standing::Held { deadline } => format!(" until {deadline}"),
        _ => String::new(),
    };
    format!("{} {order} {buyer} {qty}{until}", standing.event_name())
}

pub(crate) fn restocked(delta: i64, id: Option<&str>) -> String {
    format!("RESTOCKED {delta}{}", id.map_or(String::new(), |id| format!(" {id}")))
}

pub(crate) fn event(sale: &Sale, entry: &Entry<'_>) -> String {
    match entry.event {
        Event::Created { stock, rules: r } => format!("CREATED {stock} {}", rules(r)),
        Event::Altered { rules: r } => format!("ALTERED {}", rules(r)),
        Event::Restocked { delta, id } => restocked(delta, id.map(|id| text(&id)).as_deref()),
        Event::Opened { order, buyer, qty, standing } => moved(&text(&order), &text(&buyer), qty, standing),
        Event::Moved { order, standing } => {
            let claim = sale.claim(order).unwrap();
            moved(&text(&claim.order), &text(&claim.buyer), claim.qty, standing)
        }
    }
}

/// Events with their seq, term and time.
pub(crate) fn events(sale: &Sale, after: u64, count: usize) -> String {
    let told =
        |entry: Entry<'_>| format!("{}/{}@{} {}", entry.seq, entry.term, entry.at, event(sale, &entry));
    sale.events(after).take(count).map(told).collect::<Vec<_>>().join("; ")
}

pub(crate) fn order(sale: &Sale, order: &[u8], now: u64) -> String {
    let Some(order) = sale.order(order, now) else { return "nil".into() };
    let (id, buyer) = (text(&order.claim.order), text(&order.claim.buyer));
    format!(
        "{id} {buyer} {} {} at {} until {} seq {}",
        order.claim.qty, order.state, order.at, order.deadline, order.seq
    )
}

pub(crate) fn buyer(sale: &Sale, buyer: &[u8]) -> String {
    let units = sale.buyer_units(buyer);
    let orders: Vec<String> = sale.buyer_orders(buyer).map(|order| text(&order)).collect();
    format!("held {} sold {} orders {}", units.held, units.sold, orders.join(","))
}

pub(crate) fn info(sale: &Sale, now: u64) -> String {
    let info = sale.info(now);
    format!(
        "{} available {} held {} sold {} orders {} buyers {} {} seq {} term {} created {} diverged {}",
        info.state,
        info.available,
        info.held,
        info.sold,
        info.orders,
        info.buyers,
        rules(info.rules),
        info.seq,
        info.term,
        info.created,
        u8::from(info.diverged),
    )
}

/// All views of a sale, one a line.
pub(crate) fn everything(sale: &Sale, now: u64) -> Vec<String> {
    let mut lines = vec![info(sale, now), events(sale, 0, usize::MAX)];
    for claim in (0..).map_while(|number| sale.claim(number)) {
        lines.push(order(sale, &claim.order.text(), now));
        lines.push(buyer(sale, &claim.buyer.text()));
    }
    lines
}
