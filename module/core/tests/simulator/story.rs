//! The oracle: a history once more, kept apart from the sale, with books as plain as can be.

use std::collections::BTreeMap;

use seckill_core::command::Rules;
use seckill_core::events::{Entry, Event, Standing};
use seckill_core::wire::State;
use seckill_core::{Name, Sale, Units};

/// An event as a reader is told of it. Names are single bytes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) seq: u64,
    pub(crate) term: u64,
    pub(crate) at: u64,
    pub(crate) deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Created { stock: u64, rules: Rules },
    Altered { rules: Rules },
    Restocked { delta: i64, id: Option<u8> },
    Opened { order: u8, buyer: u8, qty: u32, standing: Standing },
    Moved { order: u8, standing: Standing },
}

impl Fact {
    pub(crate) fn new(sale: &Sale, entry: &Entry<'_>) -> Self {
        let byte = |name: Name<'_>| name.text()[0];
        let deed = match entry.event {
            Event::Created { stock, rules } => Deed::Created { stock, rules },
            Event::Altered { rules } => Deed::Altered { rules },
            Event::Restocked { delta, id } => Deed::Restocked { delta, id: id.map(byte) },
            Event::Opened { order, buyer, qty, standing } => {
                Deed::Opened { order: byte(order), buyer: byte(buyer), qty, standing }
            }
            Event::Moved { order, standing } => {
                Deed::Moved { order: byte(sale.claim(order).unwrap().order), standing }
            }
        };
        Self { seq: entry.seq, term: entry.term, at: entry.at, deed }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) buyer: u8,
    pub(crate) qty: u32,
    pub(crate) standing: Standing,
    pub(crate) at: u64,
    pub(crate) seq: u64,
}

/// A history and what it comes to. It takes no event that the protocol forbids, whoever decided it.
#[derive(Clone, Default)]
pub(crate) struct Story {
    pub(crate) facts: Vec<Fact>,
    pub(crate) rules: Rules,
    pub(crate) orders: BTreeMap<u8, Order>,
    restocked: BTreeMap<u8, i64>,
    put_in: u64,
}

impl Story {
    pub(crate) fn last(&self) -> Option<Fact> {
        self.facts.last().copied()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.facts.len() as u64
    }

    pub(crate) fn term(&self) -> u64 {
        self.last().map_or(0, |last| last.term)
    }

    /// The time of the last event.
    pub(crate) fn at(&self) -> u64 {
        self.last().map_or(0, |last| last.at)
    }

    /// The units of all orders, or of those of one buyer.
    pub(crate) fn units(&self, buyer: Option<u8>) -> Units {
        let mut units = Units::default();
        for order in self.orders.values().filter(|order| buyer.is_none_or(|buyer| order.buyer == buyer)) {
            match order.standing.state() {
                State::Held => units.held += u64::from(order.qty),
                State::Sold => units.sold += u64::from(order.qty),
                State::Cancelled | State::Expired => {}
            }
        }
        units
    }

    pub(crate) fn available(&self) -> u64 {
        let Units { held, sold } = self.units(None);
        self.put_in.checked_sub(held + sold).expect("oversold")
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.orders.values().map(|order| order.standing.deadline()).filter(|deadline| *deadline > 0).min()
    }

    /// How many events both share.
    pub(crate) fn shared(&self, facts: &[Fact]) -> usize {
        self.facts.iter().zip(facts).take_while(|(ours, theirs)| ours == theirs).count()
    }

    pub(crate) fn push(&mut self, fact: Fact) {
        assert_eq!(fact.seq, self.seq() + 1, "a gap");
        assert!(fact.at >= self.at(), "time runs backwards");
        assert!(fact.term >= self.term() && fact.term > 0, "a term falls");
        self.take(&fact);
        self.facts.push(fact);
    }

    fn take(&mut self, fact: &Fact) {
        let at = fact.at;
        assert_eq!(matches!(fact.deed, Deed::Created { .. }), fact.seq == 1, "a creation comes first, once");
        match fact.deed {
            Deed::Created { stock, rules } => (self.put_in, self.rules) = (stock, rules),
            Deed::Altered { rules } => {
                assert_ne!(rules, self.rules, "an alteration of nothing");
                self.rules = rules;
            }
            Deed::Restocked { delta, id } => {
                assert!(self.available().checked_add_signed(delta).is_some(), "more taken than is available");
                self.put_in = self.put_in.saturating_add_signed(delta);
                let before = id.and_then(|id| self.restocked.insert(id, delta));
                assert_eq!(before, None, "one restocking, twice");
            }
            Deed::Opened { order, buyer, qty, standing } => {
                let Rules { limit, hold, opens, closes } = self.rules;
                let Units { held, sold } = self.units(Some(buyer));
                assert!(at >= opens && (closes == 0 || at < closes), "an order outside of the window");
                assert!(u64::from(qty) <= self.available(), "oversold");
                assert!(limit == 0 || held + sold + u64::from(qty) <= limit, "over the limit");
                let expected =
                    if hold == 0 { Standing::Sold } else { Standing::Held { deadline: at + hold } };
                assert_eq!(standing, expected, "how an order begins");
                let order = self.orders.insert(order, Order { buyer, qty, standing, at, seq: fact.seq });
                assert!(order.is_none(), "one order, accepted twice");
            }
            Deed::Moved { order, standing } => {
                let order = self.orders.get_mut(&order).expect("an order that was never accepted");
                let in_time = at < order.standing.deadline();
                let may = match (order.standing.state(), standing.state()) {
                    (State::Held, State::Expired) => !in_time,
                    (State::Held, _) => in_time,
                    (State::Sold, to) => to == State::Cancelled,
                    (State::Cancelled | State::Expired, _) => false,
                };
                assert!(may, "from {:?} to {standing:?} at {at}", order.standing);
                (order.standing, order.seq) = (standing, fact.seq);
            }
        }
    }
}
