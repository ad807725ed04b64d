//! The protocol's rules once more, as plainly as can be: every figure is summed up from the orders.

use std::collections::BTreeMap;

use seckill_core::command::{Alteration, Buy, Request, Rules};
use seckill_core::events::Standing;

use crate::support::told;

type Ruling = (String, String);

#[derive(Debug, Clone)]
pub(crate) struct Order {
    buyer: String,
    qty: u32,
    standing: Standing,
    at: u64,
    seq: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Naive {
    created: Option<(u64, Rules)>,
    rules: Rules,
    pub(crate) available: u64,
    pub(crate) put_in: i128,
    pub(crate) orders: BTreeMap<String, Order>,
    /// The orders' ids, the oldest first.
    pub(crate) ids: Vec<String>,
    restocked: BTreeMap<String, i64>,
    /// The time and the number of the last event.
    clock: u64,
    seq: u64,
}

impl Naive {
    /// Units held and sold, of one buyer or of all.
    pub(crate) fn claimed(&self, buyer: Option<&str>) -> (u64, u64) {
        let sum = |state: &str| {
            let orders = self.orders.values().filter(|order| buyer.is_none_or(|buyer| order.buyer == buyer));
            orders.filter(|o| o.standing.state().as_str() == state).map(|o| u64::from(o.qty)).sum()
        };
        (sum("HELD"), sum("SOLD"))
    }

    /// Deadlines and their orders, the oldest first.
    pub(crate) fn holds(&self) -> Vec<(u64, String)> {
        let held = self.ids.iter().filter_map(|id| match self.orders[id].standing {
            Standing::Held { deadline } => Some((deadline, id.clone())),
            _ => None,
        });
        let mut holds: Vec<_> = held.collect();
        holds.sort_by_key(|(deadline, _)| *deadline);
        holds
    }

    /// What ORDER tells of each.
    pub(crate) fn views(&self, now: u64) -> Vec<String> {
        let now = now.max(self.clock);
        let view = |id: &String| {
            let Order { buyer, qty, standing, at, seq } = &self.orders[id];
            let standing = match standing {
                Standing::Held { deadline } if *deadline <= now => Standing::Expired,
                other => *other,
            };
            let (state, until) = (standing.state(), standing.deadline());
            format!("{id} {buyer} {qty} {state} at {at} until {until} seq {seq}")
        };
        self.ids.iter().map(view).collect()
    }

    pub(crate) fn sweep(&mut self, now: u64, most: usize) -> String {
        let mut events = Vec::new();
        self.expire_due(now.max(self.clock), most, &mut events);
        self.stamp(now.max(self.clock), &events);
        events.join("; ")
    }

    /// The first word of the reply, and the events.
    pub(crate) fn decide(&mut self, now: u64, request: &Request<'_>, max_orders: u32) -> Ruling {
        let now = now.max(self.clock);
        let mut events = Vec::new();
        let reply = match request {
            Request::Create { stock, rules } => self.create(*stock, *rules, &mut events),
            _ if self.created.is_none() => "NOSALE".into(),
            Request::Alter(alteration) => self.alter(alteration, &mut events),
            Request::Restock { delta, id } => self.restock(*delta, id.map(text), max_orders, &mut events),
            Request::Buy(buy) => self.buy(now, buy, max_orders, &mut events),
            Request::Confirm { order } => self.change(now, &text(order), &mut events, |standing| {
                matches!(standing, Standing::Held { .. }).then_some(Standing::Sold)
            }),
            Request::Extend { order, hold } => self.change(now, &text(order), &mut events, |standing| {
                matches!(standing, Standing::Held { .. }).then_some(Standing::Held { deadline: now + hold })
            }),
            Request::Cancel { order, refund } => self.change(now, &text(order), &mut events, |standing| {
                let may =
                    matches!(standing, Standing::Held { .. }) || (*refund && standing == Standing::Sold);
                may.then_some(Standing::Cancelled)
            }),
        };
        self.stamp(now, &events);
        (reply, events.join("; "))
    }

    /// Time passes only by events.
    fn stamp(&mut self, now: u64, events: &[String]) {
        if !events.is_empty() {
            self.clock = now;
        }
    }

    fn tell(&mut self, events: &mut Vec<String>, event: String) {
        self.seq += 1;
        events.push(event);
    }

    fn create(&mut self, stock: u64, rules: Rules, events: &mut Vec<String>) -> String {
        match self.created {
            Some(created) if created == (stock, rules) => return "OK".into(),
            Some(_) => return "BUSYKEY".into(),
            None => self.created = Some((stock, rules)),
        }
        (self.rules, self.available, self.put_in) = (rules, stock, stock.into());
        self.tell(events, format!("CREATED {stock} {}", told::rules(rules)));
        "OK".into()
    }

    fn alter(&mut self, alteration: &Alteration, events: &mut Vec<String>) -> String {
        let mut rules = self.rules;
        rules.limit = alteration.limit.unwrap_or(rules.limit);
        rules.hold = alteration.hold.unwrap_or(rules.hold);
        rules.opens = alteration.opens.unwrap_or(rules.opens);
        rules.closes = alteration.closes.unwrap_or(rules.closes);
        if rules.closes != 0 && rules.closes <= rules.opens {
            return "ERR".into();
        }
        if rules != self.rules {
            self.rules = rules;
            self.tell(events, format!("ALTERED {}", told::rules(rules)));
        }
        "OK".into()
    }

    fn restock(&mut self, delta: i64, id: Option<String>, max: u32, events: &mut Vec<String>) -> String {
        if let Some(known) = id.as_ref().and_then(|id| self.restocked.get(id)) {
            return if *known == delta { self.available.to_string() } else { "MISMATCH".into() };
        }
        let Some(available) = self.available.checked_add_signed(delta) else { return "NOSTOCK".into() };
        if id.is_some() && self.restocked.len() >= max as usize {
            return "FULL".into();
        }
        self.available = available;
        self.put_in += i128::from(delta);
        self.tell(events, told::restocked(delta, id.as_deref()));
        self.restocked.extend(id.map(|id| (id, delta)));
        available.to_string()
    }

    fn buy(&mut self, now: u64, buy: &Buy<'_>, max_orders: u32, events: &mut Vec<String>) -> String {
        self.expire_due(now, 32, events);
        let (id, buyer) = (text(buy.order), text(buy.buyer));
        if self.orders.contains_key(&id) {
            self.expire(now, &id, events);
            let order = &self.orders[&id];
            let same = order.buyer == buyer && order.qty == buy.qty;
            return if same { order.standing.state().to_string() } else { "MISMATCH".into() };
        }
        let (held, sold) = self.claimed(Some(&buyer));
        let Rules { limit, hold, opens, closes } = self.rules;
        let qty = u64::from(buy.qty);
        let refusal = [
            (buy.guard.is_some_and(|guard| guard.token != b"mine"), "LOCKLOST"),
            (now < opens, "UPCOMING"),
            (closes != 0 && now >= closes, "CLOSED"),
            (limit != 0 && held + sold + qty > limit, "LIMIT"),
            (self.available == 0, "SOLDOUT"),
            (self.available < qty, "SHORT"),
            (self.orders.len() >= max_orders as usize, "FULL"),
        ];
        if let Some((_, reason)) = refusal.iter().find(|(applies, _)| *applies) {
            return (*reason).into();
        }
        let standing = if hold == 0 { Standing::Sold } else { Standing::Held { deadline: now + hold } };
        self.available -= qty;
        self.tell(events, told::moved(&id, &buyer, buy.qty, standing));
        self.ids.push(id.clone());
        self.orders.insert(id, Order { buyer, qty: buy.qty, standing, at: now, seq: self.seq });
        standing.state().to_string()
    }

    /// Lets an order go where `to` says, if anywhere, once its hold ran out or did not.
    fn change(
        &mut self,
        now: u64,
        id: &str,
        events: &mut Vec<String>,
        to: impl Fn(Standing) -> Option<Standing>,
    ) -> String {
        if !self.orders.contains_key(id) {
            return "NOORDER".into();
        }
        self.expire(now, id, events);
        if let Some(standing) = to(self.orders[id].standing) {
            self.set(id, standing, events);
        }
        self.orders[id].standing.state().to_string()
    }

    fn expire_due(&mut self, now: u64, most: usize, events: &mut Vec<String>) {
        for (_, id) in self.holds().into_iter().take_while(|(deadline, _)| *deadline <= now).take(most) {
            self.set(&id, Standing::Expired, events);
        }
    }

    fn expire(&mut self, now: u64, id: &str, events: &mut Vec<String>) {
        if matches!(self.orders[id].standing, Standing::Held { deadline } if deadline <= now) {
            self.set(id, Standing::Expired, events);
        }
    }

    /// What changes nothing is no event.
    fn set(&mut self, id: &str, standing: Standing, events: &mut Vec<String>) {
        let order = self.orders.get_mut(id).unwrap();
        if order.standing == standing {
            return;
        }
        order.standing = standing;
        order.seq = self.seq + 1;
        let (buyer, qty) = (order.buyer.clone(), order.qty);
        if matches!(standing, Standing::Cancelled | Standing::Expired) {
            self.available += u64::from(qty);
        }
        self.tell(events, told::moved(id, &buyer, qty, standing));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
