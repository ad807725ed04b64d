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
                (self.created, self.created_with, self.rules) = (at, *qty, Some(*rules));
                self.restock(i64::try_from(*qty).unwrap_or(i64::MAX));
            }
            EventKind::Altered { rules } => {
                let before = self.rules.replace(*rules).unwrap_or(*rules);
                self.changes.add(at, Kind::Altered { before, after: *rules });
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

    fn restock(&mut self, units: i64) {
        self.stock = self.stock.saturating_add(units);
    }

    fn order(&mut self, at: u64, state: &State, order: &[u8], buyer: &[u8], qty: u32) {
        let order = self.hasher.hash_one(order);
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
            available: self.available(),
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
