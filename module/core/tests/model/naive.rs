//! A naive model of the rules: it sums up every figure from the orders.

use std::collections::BTreeMap;

use seckill_core::OrderStatus;
use seckill_core::protocol::{Alteration, Buy, Millis, Name, Request, Rules, Seq, UnixMs};

use crate::support::render;

#[derive(Debug, Clone)]
struct Order {
    buyer: String,
    qty: u32,
    status: OrderStatus,
    at: UnixMs,
    seq: Seq,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct NaiveSale {
    created: Option<(u64, Rules)>,
    rules: Rules,
    pub(crate) available: u64,
    /// Units put in, less those taken out.
    pub(crate) put_in: i128,
    orders: BTreeMap<String, Order>,
    /// The ids of the orders, the oldest first.
    pub(crate) ids: Vec<String>,
    restocks: BTreeMap<String, i64>,
    /// The time and the seq of the last event.
    at: UnixMs,
    seq: Seq,
    /// Whether there are as many events as there may be, but for those that orders need.
    is_full: bool,
    /// The events of the request that is being decided.
    events: Vec<String>,
}

impl NaiveSale {
    /// Units held and sold, of one buyer or of all.
    pub(crate) fn claimed(&self, buyer: Option<&str>) -> (u64, u64) {
        let sum = |state: &str| {
            let orders = self.orders.values().filter(|order| buyer.is_none_or(|buyer| order.buyer == buyer));
            orders.filter(|o| o.status.state().as_str() == state).map(|o| u64::from(o.qty)).sum()
        };
        (sum("HELD"), sum("SOLD"))
    }

    /// Deadlines and the ids of their orders, the oldest deadline first.
    pub(crate) fn holds(&self) -> Vec<(UnixMs, String)> {
        let deadline = |id: &String| Some((self.orders[id].status.deadline()?, id.clone()));
        let mut holds: Vec<_> = self.ids.iter().filter_map(deadline).collect();
        holds.sort_by_key(|(deadline, _)| *deadline);
        holds
    }

    /// The reply to ORDER for each order.
    pub(crate) fn views(&self, now: UnixMs) -> Vec<String> {
        let view = |id: &String| {
            let Order { buyer, qty, status, at, seq } = &self.orders[id];
            let status = if is_due(*status, now) { OrderStatus::Expired } else { *status };
            let (state, until) = (status.state(), status.deadline().unwrap_or_default());
            format!("{id} {buyer} {qty} {state} at {at} until {until} seq {seq}")
        };
        self.ids.iter().map(view).collect()
    }

    /// Expires at most so many holds. Returns the events.
    pub(crate) fn expire(&mut self, now: UnixMs, most: usize) -> String {
        self.expire_due(now, most);
        self.take_events(now)
    }

    /// Expires the holds that a purchase of this order expires, which is refused.
    pub(crate) fn expire_for(&mut self, now: UnixMs, id: &str) {
        self.expire_due(now, 32);
        if self.orders.contains_key(id) {
            self.expire_if_due(now, id);
        }
        self.take_events(now);
    }

    /// The first word of the reply, and the events.
    pub(crate) fn decide(
        &mut self,
        now: UnixMs,
        request: &Request<'_>,
        max_orders: u32,
        max_events: u64,
    ) -> (String, String) {
        self.is_full = self.seq.0 >= max_events;
        let is_held = |status| matches!(status, OrderStatus::Held { .. });
        let reply = match *request {
            Request::Create { stock, rules } => self.create(stock, rules),
            _ if self.created.is_none() => "NOSALE".into(),
            Request::Alter(alteration) => self.alter(alteration),
            Request::Restock { delta, id } => self.restock(delta, id.map(text), max_orders),
            Request::Buy(ref buy) => self.buy(now, buy, max_orders),
            Request::Confirm { order } => {
                self.change(now, &text(order), |status| is_held(status).then_some(OrderStatus::Sold))
            }
            Request::Extend { order, hold } => self.change(now, &text(order), |status| {
                let deadline = UnixMs(now.0 + hold.0);
                is_held(status).then_some(OrderStatus::Held { deadline })
            }),
            Request::Cancel { order, refund } => self.change(now, &text(order), |status| {
                let may = is_held(status) || (refund && status == OrderStatus::Sold);
                may.then_some(OrderStatus::Cancelled)
            }),
        };
        (reply, self.take_events(now))
    }

    /// Ends a decision: returns its events. Only events change the time of a sale.
    fn take_events(&mut self, now: UnixMs) -> String {
        if !self.events.is_empty() {
            self.at = self.at.max(now);
        }
        std::mem::take(&mut self.events).join("; ")
    }

    fn push(&mut self, event: String) {
        self.seq.0 += 1;
        self.events.push(event);
    }

    fn create(&mut self, stock: u64, rules: Rules) -> String {
        match self.created {
            Some((as_created, old)) if as_created == stock && allowed(&old) == allowed(&rules) => {
                return "OK".into();
            }
            Some(_) => return "BUSYKEY".into(),
            None => self.created = Some((stock, rules)),
        }
        (self.rules, self.available, self.put_in) = (rules, stock, stock.into());
        self.push(format!("CREATED {stock} {}", render::rules(rules)));
        "OK".into()
    }

    fn alter(&mut self, alteration: Alteration) -> String {
        let mut rules = self.rules;
        rules.limit = alteration.limit.unwrap_or(rules.limit);
        rules.attempts = alteration.attempts.or(rules.attempts);
        rules.hold = alteration.hold.unwrap_or(rules.hold);
        rules.opens = alteration.opens.unwrap_or(rules.opens);
        rules.closes = alteration.closes.unwrap_or(rules.closes);
        if rules.closes != UnixMs(0) && rules.closes <= rules.opens {
            return "ERR".into();
        }
        if rules != self.rules {
            if self.is_full {
                return "FULL".into();
            }
            self.rules = rules;
            self.push(format!("ALTERED {}", render::rules(rules)));
        }
        "OK".into()
    }

    fn restock(&mut self, delta: i64, id: Option<String>, max_orders: u32) -> String {
        if let Some(known) = id.as_ref().and_then(|id| self.restocks.get(id)) {
            return if *known == delta { self.available.to_string() } else { "MISMATCH".into() };
        }
        let Some(available) = self.available.checked_add_signed(delta) else { return "NOSTOCK".into() };
        if self.is_full || (id.is_some() && self.restocks.len() >= max_orders as usize) {
            return "FULL".into();
        }
        self.available = available;
        self.put_in += i128::from(delta);
        self.push(render::restocked(delta, id.as_deref()));
        self.restocks.extend(id.map(|id| (id, delta)));
        available.to_string()
    }

    fn buy(&mut self, now: UnixMs, buy: &Buy<'_>, max_orders: u32) -> String {
        self.expire_due(now, 32);
        let (id, buyer) = (text(buy.order), text(buy.buyer));
        if self.orders.contains_key(&id) {
            self.expire_if_due(now, &id);
            let order = &self.orders[&id];
            let same = order.buyer == buyer && order.qty == buy.qty;
            return if same { order.status.state().to_string() } else { "MISMATCH".into() };
        }
        let (held, sold) = self.claimed(Some(&buyer));
        let Rules { limit, hold, opens, closes, .. } = self.rules;
        let placed = self.orders.values().filter(|order| order.buyer == buyer).count() as u64;
        let attempts = allowed(&self.rules).attempts.unwrap();
        let qty = u64::from(buy.qty);
        let refusals = [
            (buy.guard.is_some_and(|guard| guard.token.bytes() != b"mine"), "LOCKLOST"),
            (now < opens, "UPCOMING"),
            (closes != UnixMs(0) && now >= closes, "CLOSED"),
            (attempts != 0 && placed >= attempts, "ATTEMPTS"),
            (limit != 0 && held + sold + qty > limit, "LIMIT"),
            (self.available == 0, "SOLDOUT"),
            (self.available < qty, "SHORT"),
            (self.orders.len() >= max_orders as usize, "FULL"),
        ];
        if let Some((_, refusal)) = refusals.iter().find(|(applies, _)| *applies) {
            return (*refusal).into();
        }
        let status = match hold {
            Millis(0) => OrderStatus::Sold,
            hold => OrderStatus::Held { deadline: UnixMs(now.0 + hold.0) },
        };
        self.available -= qty;
        self.push(render::order_event(&id, &buyer, buy.qty, status));
        self.ids.push(id.clone());
        self.orders.insert(id, Order { buyer, qty: buy.qty, status, at: now.max(self.at), seq: self.seq });
        status.state().to_string()
    }

    /// Expires an order if it is due, and then gives it the status that `to` returns, if any.
    fn change(&mut self, now: UnixMs, id: &str, to: impl Fn(OrderStatus) -> Option<OrderStatus>) -> String {
        if !self.orders.contains_key(id) {
            return "NOORDER".into();
        }
        self.expire_if_due(now, id);
        if let Some(status) = to(self.orders[id].status) {
            let extends = matches!(status, OrderStatus::Held { .. }) && status != self.orders[id].status;
            if extends && self.is_full {
                return "FULL".into();
            }
            self.set_status(id, status);
        }
        self.orders[id].status.state().to_string()
    }

    fn expire_due(&mut self, now: UnixMs, most: usize) {
        for (_, id) in self.holds().into_iter().take_while(|(deadline, _)| *deadline <= now).take(most) {
            self.set_status(&id, OrderStatus::Expired);
        }
    }

    fn expire_if_due(&mut self, now: UnixMs, id: &str) {
        if is_due(self.orders[id].status, now) {
            self.set_status(id, OrderStatus::Expired);
        }
    }

    /// The same status again is no event.
    fn set_status(&mut self, id: &str, status: OrderStatus) {
        let order = self.orders.get_mut(id).unwrap();
        if order.status == status {
            return;
        }
        order.status = status;
        order.seq = self.seq.next();
        let (buyer, qty) = (order.buyer.clone(), order.qty);
        if matches!(status, OrderStatus::Cancelled | OrderStatus::Expired) {
            self.available += u64::from(qty);
        }
        self.push(render::order_event(id, &buyer, qty, status));
    }
}

/// The rules with the orders that a buyer may place.
fn allowed(rules: &Rules) -> Rules {
    let derived = if rules.limit == 0 { 0 } else { (10 * rules.limit).max(100) };
    Rules { attempts: Some(rules.attempts.unwrap_or(derived)), ..*rules }
}

fn is_due(status: OrderStatus, now: UnixMs) -> bool {
    status.deadline().is_some_and(|deadline| deadline <= now)
}

fn text(name: Name<'_>) -> String {
    String::from_utf8(name.text().to_vec()).unwrap()
}
