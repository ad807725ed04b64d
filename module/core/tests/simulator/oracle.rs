//! The oracle: a second record of the history of a sale, which sums up every figure from the orders.

use std::collections::BTreeMap;

use seckill_core::protocol::{Millis, Name, Rules, Seq, Term, UnixMs};
use seckill_core::{Entry, Event, NamedEvent, OpenStatus, OrderStatus, Sale, Units};

/// A name. In the simulator every name is one byte.
pub(crate) type Byte = u8;

/// An event that borrows nothing, and that has the name of the order whose status it changes.
pub(crate) type OwnedEntry = Entry<Event<OwnedClaim, Byte, Byte>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnedClaim {
    order: Byte,
    buyer: Byte,
    qty: u32,
}

pub(crate) fn byte(name: Name<'_>) -> Byte {
    name.text()[0]
}

/// The events of a sale after a seq.
pub(crate) fn owned_events(sale: &Sale, after: Seq) -> impl Iterator<Item = OwnedEntry> {
    sale.events(after).map(|entry| owned(sale, &entry))
}

fn owned(sale: &Sale, entry: &Entry<NamedEvent<'_>>) -> OwnedEntry {
    let Entry { seq, term, at, event } = *entry;
    let event = match event {
        Event::Created { stock, rules } => Event::Created { stock, rules },
        Event::Altered { rules } => Event::Altered { rules },
        Event::Restocked { delta, id } => Event::Restocked { delta, id: id.map(byte) },
        Event::Opened { opening, status } => {
            let (order, buyer) = (byte(opening.order), byte(opening.buyer));
            Event::Opened { opening: OwnedClaim { order, buyer, qty: opening.qty }, status }
        }
        Event::StatusChanged { order, status } => {
            Event::StatusChanged { order: byte(sale.claim(order).unwrap().order), status }
        }
    };
    Entry { seq, term, at, event }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) buyer: Byte,
    pub(crate) qty: u32,
    pub(crate) status: OrderStatus,
    pub(crate) at: UnixMs,
    pub(crate) seq: Seq,
}

impl Order {
    pub(crate) fn is_due(&self, now: UnixMs) -> bool {
        self.status.deadline().is_some_and(|deadline| deadline <= now)
    }
}

/// A history, and the state of the sale after it. An event that the protocol forbids fails the test, whichever
/// node decided it.
#[derive(Clone, Default)]
pub(crate) struct Oracle {
    pub(crate) history: Vec<OwnedEntry>,
    pub(crate) rules: Rules,
    pub(crate) orders: BTreeMap<Byte, Order>,
    restocks: BTreeMap<Byte, i64>,
    /// Units put in, less those taken out.
    put_in: u64,
}

impl Oracle {
    pub(crate) fn last(&self) -> Option<OwnedEntry> {
        self.history.last().copied()
    }

    pub(crate) fn seq(&self) -> Seq {
        Seq(self.history.len() as u64)
    }

    pub(crate) fn term(&self) -> Term {
        self.last().map_or(Term(0), |last| last.term)
    }

    /// The time of the last event.
    pub(crate) fn at(&self) -> UnixMs {
        self.last().map_or(UnixMs(0), |last| last.at)
    }

    /// The units of all orders, or of those of one buyer.
    pub(crate) fn units(&self, buyer: Option<Byte>) -> Units {
        let mut units = Units::default();
        for order in self.orders.values().filter(|order| buyer.is_none_or(|buyer| order.buyer == buyer)) {
            match order.status {
                OrderStatus::Held { .. } => units.held += u64::from(order.qty),
                OrderStatus::Sold => units.sold += u64::from(order.qty),
                OrderStatus::Cancelled | OrderStatus::Expired => {}
            }
        }
        units
    }

    pub(crate) fn available(&self) -> u64 {
        let Units { held, sold } = self.units(None);
        self.put_in.checked_sub(held + sold).expect("oversold")
    }

    pub(crate) fn next_deadline(&self) -> Option<UnixMs> {
        self.orders.values().filter_map(|order| order.status.deadline()).min()
    }

    /// Whether a hold is due.
    pub(crate) fn is_due(&self, now: UnixMs) -> bool {
        self.orders.values().any(|order| order.is_due(now))
    }

    /// The length of the prefix that this history shares with another.
    pub(crate) fn shared(&self, other: &[OwnedEntry]) -> usize {
        self.history.iter().zip(other).take_while(|(ours, theirs)| ours == theirs).count()
    }

    /// Whether a buyer has placed as many orders as the rules allow.
    pub(crate) fn attempts_are_used(&self, buyer: Byte) -> bool {
        let Rules { limit, attempts, .. } = self.rules;
        let derived = if limit == 0 { 0 } else { (10 * limit).max(100) };
        let allowed = attempts.unwrap_or(derived);
        let placed = self.orders.values().filter(|order| order.buyer == buyer).count() as u64;
        allowed > 0 && placed >= allowed
    }

    /// Checks what only whoever decides can know: an event that comes next is right at this time.
    pub(crate) fn check_decision(&self, entry: &OwnedEntry, now: UnixMs) {
        assert_eq!(
            entry.at,
            now.max(self.at()),
            "an event has the time of the decision, but times never fall"
        );
        match entry.event {
            Event::Opened { opening, status } => self.check_opening(opening, status, now),
            Event::StatusChanged { order, status } => {
                let due = self.orders[&order].is_due(now);
                let held = matches!(self.orders[&order].status, OrderStatus::Held { .. });
                assert!(!held || due == (status == OrderStatus::Expired), "{status:?} at {now}");
            }
            Event::Created { .. } | Event::Altered { .. } | Event::Restocked { .. } => {}
        }
    }

    fn check_opening(&self, opening: OwnedClaim, status: OpenStatus, now: UnixMs) {
        let Rules { hold, opens, closes, .. } = self.rules;
        assert!(now >= opens && (closes == UnixMs(0) || now < closes), "an order outside of the window");
        assert!(!self.attempts_are_used(opening.buyer), "an order beyond the attempts");
        let expected = match hold {
            Millis(0) => OpenStatus::Sold,
            hold => OpenStatus::Held { deadline: UnixMs(now.0 + hold.0) },
        };
        assert_eq!(status, expected, "the status of a new order");
    }

    pub(crate) fn push(&mut self, entry: OwnedEntry) {
        assert_eq!(entry.seq, self.seq().next(), "the seq has a gap");
        assert!(entry.at >= self.at(), "time runs backwards");
        assert!(entry.term >= self.term() && entry.term > Term(0), "the term decreases");
        self.apply(&entry);
        self.history.push(entry);
    }

    fn apply(&mut self, entry: &OwnedEntry) {
        let is_creation = matches!(entry.event, Event::Created { .. });
        assert_eq!(is_creation, entry.seq == Seq(1), "the first event, and no other, is a creation");
        match entry.event {
            Event::Created { stock, rules } => (self.put_in, self.rules) = (stock, rules),
            Event::Altered { rules } => {
                assert_ne!(rules, self.rules, "an alteration changes nothing");
                self.rules = rules;
            }
            Event::Restocked { delta, id } => {
                assert!(
                    self.available().checked_add_signed(delta).is_some(),
                    "more is taken than is available"
                );
                self.put_in = self.put_in.saturating_add_signed(delta);
                let before = id.and_then(|id| self.restocks.insert(id, delta));
                assert_eq!(before, None, "a restock id is used twice");
            }
            Event::Opened { opening, status } => self.open(entry, opening, status),
            Event::StatusChanged { order, status } => self.change_status(entry, order, status),
        }
    }

    fn open(&mut self, entry: &OwnedEntry, opening: OwnedClaim, status: OpenStatus) {
        let (OwnedClaim { order, buyer, qty }, at) = (opening, entry.at);
        let limit = self.rules.limit;
        let Units { held, sold } = self.units(Some(buyer));
        assert!(u64::from(qty) <= self.available(), "oversold");
        assert!(limit == 0 || held + sold + u64::from(qty) <= limit, "over the limit");
        let accepted = Order { buyer, qty, status: status.into(), at, seq: entry.seq };
        assert!(self.orders.insert(order, accepted).is_none(), "one order, accepted twice");
    }

    fn change_status(&mut self, entry: &OwnedEntry, order: Byte, status: OrderStatus) {
        let order = self.orders.get_mut(&order).expect("the order was opened");
        let is_allowed = match (order.status, status) {
            (OrderStatus::Held { .. }, _) => true,
            (OrderStatus::Sold, to) => to == OrderStatus::Cancelled,
            (OrderStatus::Cancelled | OrderStatus::Expired, _) => false,
        };
        assert!(is_allowed, "from {:?} to {status:?} at {}", order.status, entry.at);
        (order.status, order.seq) = (status, entry.seq);
    }
}
