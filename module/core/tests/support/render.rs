//! Sales, orders and events as text.

use seckill_core::protocol::{Error, Name, OrderNumber, Rules, Seq, UnixMs};
use seckill_core::{Claim, Entry, Event, NamedEvent, OrderStatus, Outcome, Sale};

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

pub(crate) fn rules(Rules { limit, attempts, hold, opens, closes }: Rules) -> String {
    let attempts = attempts.map_or(String::new(), |attempts| format!(" attempts {attempts}"));
    format!("limit {limit}{attempts} hold {hold} window {opens}-{closes}")
}

pub(crate) fn order_event(order: &str, buyer: &str, qty: u32, status: OrderStatus) -> String {
    let until = match status {
        OrderStatus::Held { deadline } => format!(" until {deadline}"),
        _ => String::new(),
    };
    format!("{} {order} {buyer} {qty}{until}", status.event_name())
}

pub(crate) fn restocked(delta: i64, id: Option<&str>) -> String {
    format!("RESTOCKED {delta}{}", id.map_or(String::new(), |id| format!(" {id}")))
}

pub(crate) fn event(sale: &Sale, event: &NamedEvent<'_>) -> String {
    match *event {
        Event::Created { stock, rules: r } => format!("CREATED {stock} {}", rules(r)),
        Event::Altered { rules: r } => format!("ALTERED {}", rules(r)),
        Event::Restocked { delta, id } => restocked(delta, id.map(|id| text(&id)).as_deref()),
        Event::Opened { opening, status } => claimed(&opening, status.into()),
        Event::StatusChanged { order, status } => claimed(&sale.claim(order).unwrap(), status),
    }
}

fn claimed(claim: &Claim<'_>, status: OrderStatus) -> String {
    order_event(&text(&claim.order), &text(&claim.buyer), claim.qty, status)
}

/// Events with their seq, term and time.
pub(crate) fn events(sale: &Sale, after: Seq, count: usize) -> String {
    let line = |entry: Entry<NamedEvent<'_>>| {
        let Entry { seq, term, at, event: what } = entry;
        format!("{seq}/{term}@{at} {}", event(sale, &what))
    };
    sale.events(after).take(count).map(line).collect::<Vec<_>>().join("; ")
}

pub(crate) fn order(sale: &Sale, order: Name<'_>, now: UnixMs) -> String {
    let Some(order) = sale.order(order, now) else { return "nil".into() };
    let (id, buyer) = (text(&order.claim.order), text(&order.claim.buyer));
    format!(
        "{id} {buyer} {} {} at {} until {} seq {}",
        order.claim.qty,
        order.state,
        order.at,
        order.deadline.unwrap_or_default(),
        order.seq
    )
}

pub(crate) fn buyer(sale: &Sale, buyer: Name<'_>) -> String {
    let units = sale.buyer_units(buyer);
    let orders: Vec<String> = sale.buyer_orders(buyer).map(|order| text(&order)).collect();
    format!("held {} sold {} orders {}", units.held, units.sold, orders.join(","))
}

pub(crate) fn info(sale: &Sale, now: UnixMs) -> String {
    let info = sale.info(now, u32::MAX);
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
pub(crate) fn all_views(sale: &Sale, now: UnixMs) -> Vec<String> {
    let mut lines = vec![info(sale, now), events(sale, Seq(0), usize::MAX)];
    for claim in (0..).map_while(|number| sale.claim(OrderNumber(number))) {
        lines.push(order(sale, claim.order, now));
        lines.push(buyer(sale, claim.buyer));
    }
    lines
}
