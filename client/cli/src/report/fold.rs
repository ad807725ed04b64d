//! From events to figures: pure, and in memory that a sale of millions of orders leaves small.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;

use seckill_client::{Event, EventKind, Rules, State};

use super::buyers::Buyers;
use super::changes::{Changes, Kind};
use super::figures::{Figures, Selling};
use super::flow::Flow;
use super::timeline::Timeline;
use super::waits::Waits;

/// What the events so far lead to.
///
/// Orders and buyers are known by hashes of 64 bits with a random key. Should two ids have the same one, the
/// sums differ from those of the server, which is an error.
pub(super) struct Fold {
    hasher: RandomState,
    /// Orders that are held or sold. Others never change again.
    live: HashMap<u64, Live>,
    buyers: Buyers,
    rules: Option<Rules>,
    created: u64,
    created_with: u64,
    stock: i64,
    /// Units that were taken from one shard and not yet put into another one.
    on_the_way: i64,
    flow: Flow,
    extended: u64,
    waits: Waits,
    timeline: Timeline,
    changes: Changes,
    selling: Option<Selling>,
    events: u64,
    unknown_events: u64,
}

/// Since when an order is held, in unix ms; `None` once it is sold.
#[derive(Clone, Copy)]
struct Live {
    held_since: Option<NonZeroU64>,
}

impl Fold {
    pub(super) fn new() -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self {
            hasher: RandomState::new(),
            live: HashMap::new(),
            buyers: Buyers::default(),
            rules: None,
            created: 0,
            created_with: 0,
            stock: 0,
            on_the_way: 0,
            flow: Flow::default(),
            extended: 0,
            waits: Waits::new()?,
            timeline: Timeline::default(),
            changes: Changes::default(),
            selling: None,
            events: 0,
            unknown_events: 0,
        })
    }

    /// The next event, in their sequence.
    pub(super) fn event(&mut self, event: &Event) {
        self.events = self.events.saturating_add(1);
        let at = event.at;
        let placed_before = self.flow.placed().orders;
        match &event.kind {
            EventKind::Created { qty, rules } => {
                // Each shard is created, the first one first.
                if self.events == 1 {
                    self.created = at;
                }
                self.created_with = self.created_with.saturating_add(*qty);
                self.rules = Some(*rules);
                self.restock(i64::try_from(*qty).unwrap_or(i64::MAX));
            }
            EventKind::Altered { rules } => {
                let before = self.rules.replace(*rules).unwrap_or(*rules);
                // The other shards are altered, too.
                if before != *rules {
                    self.changes.add(at, Kind::Altered { before, after: *rules });
                }
            }
            EventKind::Restocked { qty, id } => {
                self.restock(*qty);
                let id = id.as_ref().map(|id| String::from_utf8_lossy(id).into_owned());
                self.changes.add(at, Kind::Restocked { qty: *qty, id });
            }
            EventKind::Order { state, order, buyer, qty, .. } => self.order(at, state, order, buyer, *qty),
            _ => self.unknown_events += 1,
        }
        let available = u64::try_from(self.available()).unwrap_or(0);
        self.timeline.add(at, self.flow.placed().orders - placed_before, available);
    }

    /// The next event is a half of a transfer between two shards, which changes what a shard has by so many units.
    pub(super) fn transfer(&mut self, units: i64) {
        self.events = self.events.saturating_add(1);
        self.on_the_way = self.on_the_way.saturating_sub(units);
    }

    fn restock(&mut self, units: i64) {
        self.stock = self.stock.saturating_add(units);
    }

    fn order(&mut self, at: u64, state: &State, order: &[u8], buyer: &[u8], qty: u32) {
        // Buyers at home in other shards may have the same id.
        let order = self.hasher.hash_one((buyer, order));
        let now = Live { held_since: NonZeroU64::new(at) };
        match (self.live.get(&order).map(|order| order.held_since), state) {
            (None, State::Held) => {
                self.flow.held.add(qty);
                self.live.insert(order, now);
                self.placed(at, buyer);
            }
            (None, State::Sold) => {
                self.flow.sold_at_once.add(qty);
                self.live.insert(order, Live { held_since: None });
                self.placed(at, buyer);
            }
            (Some(Some(_)), State::Held) => self.extended += 1,
            (Some(Some(since)), State::Sold) => {
                self.flow.confirmed.add(qty);
                self.waits.add(at.saturating_sub(since.get()));
                self.live.insert(order, Live { held_since: None });
            }
            (Some(Some(_)), State::Cancelled) => {
                self.flow.cancelled.add(qty);
                self.live.remove(&order);
            }
            (Some(Some(_)), State::Expired) => {
                self.flow.expired.add(qty);
                self.live.remove(&order);
            }
            (Some(None), State::Cancelled) => {
                self.flow.refunded.add(qty);
                self.live.remove(&order);
            }
            _ => self.unknown_events += 1,
        }
    }

    fn placed(&mut self, at: u64, buyer: &[u8]) {
        self.buyers.add_order(self.hasher.hash_one(buyer));
        let opens = self.rules.map_or(0, |rules| rules.opens);
        let since = if opens > 0 { opens.max(self.created).min(at) } else { at };
        let is_sold_out = self.available() == 0;
        let selling = self.selling.get_or_insert(Selling {
            since,
            since_opening: opens > 0,
            first_order: at,
            last_order: at,
            sold_out: None,
        });
        selling.last_order = at;
        if is_sold_out {
            selling.sold_out.get_or_insert(at);
        }
    }

    fn available(&self) -> i64 {
        let claimed = self.flow.held_now().units.saturating_add(self.flow.sold_now().units);
        self.stock.saturating_sub_unsigned(claimed)
    }

    pub(super) fn figures(self) -> Figures {
        let timeline = self.selling.map(|selling| self.timeline.since(selling.since));
        let rush = timeline.as_ref().and_then(|whole| self.timeline.rush(whole));
        Figures {
            stock: self.stock,
            created_with: self.created_with,
            available: self.available().saturating_sub(self.on_the_way),
            buyers: self.buyers.count(),
            flow: self.flow,
            extended: self.extended,
            created: self.created,
            rules: self.rules,
            selling: self.selling,
            busiest: self.timeline.peak(),
            timeline,
            rush,
            orders_a_buyer: self.buyers.groups(),
            until_confirmed_ms: self.waits.percentiles(),
            changes: self.changes,
            events: self.events,
            unknown_events: self.unknown_events,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::flow::Amount;
    use super::super::waits::Percentiles;
    use super::*;

    /// The figures of a sale with this stock and opening, and the events after its creation at 1000.
    fn figures(stock: u64, opens: u64, events: &[(u64, Value)]) -> Figures {
        let rules = json!({"limit": 0, "hold": 5000, "opens": opens, "closes": 0, "attempts": 0});
        let created = (1000, json!({"created": {"qty": stock, "rules": rules}}));
        let mut fold = Fold::new().unwrap();
        for (seq, (at, kind)) in (1..).zip([created].iter().chain(events)) {
            let event = json!({"seq": seq, "term": 1, "at": at, "kind": kind});
            fold.event(&serde_json::from_value(event).unwrap());
        }
        fold.figures()
    }

    fn order(order: &str, buyer: &str, qty: u32, state: &str) -> Value {
        json!({"order": {"state": state, "order": order, "buyer": buyer, "qty": qty, "deadline": null}})
    }

    fn amount(orders: u64, units: u64) -> Amount {
        Amount { orders, units }
    }

    #[test]
    fn every_change_of_an_order_is_counted_once() {
        let figures = figures(
            20,
            0,
            &[
                (2000, order("a", "ann", 1, "HELD")),
                (2000, order("b", "ann", 2, "HELD")),
                (2500, order("c", "bob", 3, "HELD")),
                (2600, order("d", "cat", 4, "SOLD")),
                (2700, order("e", "dan", 5, "HELD")),
                (3000, order("a", "ann", 1, "HELD")),
                (4000, order("a", "ann", 1, "SOLD")),
                (4100, order("b", "ann", 2, "CANCELLED")),
                (7500, order("c", "bob", 3, "EXPIRED")),
                (8000, order("d", "cat", 4, "CANCELLED")),
            ],
        );
        let flow = figures.flow;
        assert_eq!((flow.held, flow.sold_at_once), (amount(4, 11), amount(1, 4)));
        assert_eq!((flow.confirmed, flow.refunded), (amount(1, 1), amount(1, 4)));
        assert_eq!((flow.cancelled, flow.expired), (amount(1, 2), amount(1, 3)));
        assert_eq!(
            (flow.placed(), flow.sold_now(), flow.held_now()),
            (amount(5, 15), amount(1, 1), amount(1, 5))
        );
        assert_eq!((figures.extended, figures.unknown_events, figures.events), (1, 0, 11));
        assert_eq!((figures.stock, figures.available, figures.buyers), (20, 14, 4));
        // From the first hold on, whatever extended it.
        let waits = Percentiles { orders: 1, least: 2000, p50: 2000, p90: 2000, p99: 2000, most: 2000 };
        assert_eq!(figures.until_confirmed_ms, Some(waits));
    }

    #[test]
    fn a_sale_is_sold_out_when_an_order_takes_the_last_unit_for_the_first_time() {
        let story = [
            (3000, json!({"restocked": {"qty": -7, "id": null}})),
            (4000, json!({"restocked": {"qty": 2, "id": "more"}})),
            (5000, order("a", "ann", 1, "HELD")),
            (6200, order("b", "bob", 1, "HELD")),
            (9000, order("a", "ann", 1, "CANCELLED")),
            (9500, order("c", "cat", 1, "SOLD")),
        ];
        let selling = figures(7, 0, &story).selling.unwrap();
        assert_eq!((selling.first_order, selling.last_order, selling.sold_out), (5000, 9500, Some(6200)));
        assert_eq!((selling.since, selling.since_opening), (5000, false));
        assert_eq!(selling.time_to_sold_out(), Some(1200));
        // From the opening, or from the creation of a sale that was open then.
        for (opens, since) in [(4500, 4500), (500, 1000)] {
            let selling = figures(7, opens, &story).selling.unwrap();
            assert_eq!((selling.since, selling.since_opening), (since, true));
            assert_eq!(selling.time_to_sold_out(), Some(6200 - since));
        }
        assert_eq!(figures(9, 0, &story).selling.unwrap().sold_out, None);
        assert_eq!(figures(7, 0, &story[..2]).selling, None);
    }

    #[test]
    fn changes_are_listed_in_their_sequence() {
        let rules = json!({"limit": 3, "hold": 0, "opens": 0, "closes": 9000, "attempts": 0});
        let story = [
            (2000, json!({"restocked": {"qty": 5, "id": "r1"}})),
            (3000, json!({"altered": {"rules": rules}})),
            (3000, json!({"restocked": {"qty": -1, "id": null}})),
        ];
        let figures = figures(1, 0, &story);
        let at: Vec<_> = figures.changes.first.iter().map(|change| change.at).collect();
        assert_eq!(at, [2000, 3000, 3000]);
        assert!(matches!(&figures.changes.first[1].kind,
            Kind::Altered { before, after } if before.limit == 0 && after.limit == 3));
        assert_eq!((figures.created_with, figures.stock), (1, 5));
    }

    /// As buyers of different shards may.
    #[test]
    fn two_buyers_have_the_same_order_id() {
        let story = [
            (2000, order("a", "ann", 1, "HELD")),
            (2100, order("a", "bob", 2, "HELD")),
            (2200, order("a", "ann", 1, "SOLD")),
            (2300, order("a", "bob", 2, "CANCELLED")),
        ];
        let figures = figures(9, 0, &story);
        assert_eq!((figures.unknown_events, figures.flow.placed()), (0, amount(2, 3)));
        assert_eq!(figures.available, 8);
    }

    #[test]
    fn what_cannot_be_understood_is_counted() {
        let story = [
            (2000, order("a", "ann", 1, "CANCELLED")),
            (2000, order("a", "ann", 1, "SOLD")),
            (2000, order("a", "ann", 1, "SOLD")),
            (2000, json!({"other": {"event": "PAINTED"}})),
            (2000, json!({"restocked": {"qty": i64::MIN, "id": null}})),
            (2000, json!({"restocked": {"qty": i64::MIN, "id": null}})),
        ];
        let figures = figures(u64::MAX, 0, &story);
        assert_eq!((figures.unknown_events, figures.flow.placed()), (3, amount(1, 1)));
        assert!(figures.available < 0);
    }
}
