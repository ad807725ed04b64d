//! The history of a sale, as a reader of its events stores it.

use std::collections::{BTreeMap, BTreeSet};

use seckill_client::{After, Error, Event, EventKind, FeedItem, Seckill, State};

/// Events that are read at once.
const PAGE: u64 = 1_000;

/// The events of a sale, from the first one on.
#[derive(Debug, Clone)]
pub(crate) struct History {
    sale: String,
    pub(crate) events: Vec<Event>,
    /// How often the reader got FORKED.
    pub(crate) forks: usize,
}

impl History {
    /// The history of a reader that has read nothing yet.
    pub(crate) fn of(sale: &str) -> Self {
        Self { sale: sale.to_owned(), events: vec![], forks: 0 }
    }

    /// All events that a sale has now.
    pub(crate) async fn read(connection: &mut impl Seckill, sale: &str) -> Self {
        let mut history = Self::of(sale);
        history.read_on(connection).await;
        history
    }

    /// Reads on to the end. After FORKED it takes back the events that the sale does not have. Returns how
    /// many.
    pub(crate) async fn read_on(&mut self, connection: &mut impl Seckill) -> usize {
        let mut taken_back = 0;
        loop {
            let after = match self.events.last() {
                Some(last) => After::seq(last.seq).term(last.term),
                None => After::seq(0),
            };
            match connection.seckill().events(&self.sale, after.count(PAGE)).await {
                Ok(page) if page.is_empty() => return taken_back,
                Ok(page) => page.into_iter().for_each(|event| self.push(event)),
                Err(Error::Forked { seq, term }) => {
                    taken_back += self.take_back(seq, term);
                }
                Err(error) => panic!("{}: {error}", self.sale),
            }
        }
    }

    /// Stores what a feed yields.
    pub(crate) fn store(&mut self, item: FeedItem) {
        match item {
            FeedItem::Event(event) => self.push(event),
            FeedItem::Forked { seq, term } => {
                self.take_back(seq, term);
            }
            other => panic!("{other:?}"),
        }
    }

    fn take_back(&mut self, seq: u64, term: u64) -> usize {
        let before = self.len();
        self.events.retain(|event| event.seq <= seq && event.term <= term);
        assert!(self.len() < before, "{}: FORKED {seq} {term} takes back no event", self.sale);
        self.forks += 1;
        before - self.len()
    }

    fn push(&mut self, event: Event) {
        assert_eq!(event.seq, self.events.len() as u64 + 1, "{}: there is a gap", self.sale);
        if let Some(last) = self.events.last() {
            assert!(
                event.term >= last.term && event.at >= last.at,
                "{}: {event:?} after {last:?}",
                self.sale
            );
        }
        self.events.push(event);
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// One history is a prefix of the other.
    pub(crate) fn must_share_prefix(&self, other: &Self) {
        let both = self.len().min(other.len());
        assert!(self.events[..both] == other.events[..both], "{}: another history", self.sale);
    }

    /// After a restart: the next decision begins a term, and the figures are right. Returns how many events
    /// the reader took back.
    pub(crate) async fn continue_after_restart(&mut self, connection: &mut impl Seckill) -> usize {
        let last = |events: &[Event]| events.last().map_or(0, |last| last.term);
        let term = last(&self.events);
        connection.seckill().restock(&self.sale, 1, self.len().to_string()).await.unwrap();
        let taken_back = self.read_on(connection).await;
        assert!(last(&self.events) > term, "the first decision after a restart begins a term");
        self.must_match(connection).await;
        taken_back
    }

    /// INFO has the figures that follow from the events, and AUDIT finds nothing wrong.
    pub(crate) async fn must_match(&self, connection: &mut impl Seckill) {
        let (ledger, info) = (self.ledger(), connection.seckill().info(&self.sale).await.unwrap());
        assert!(!info.diverged, "{} diverged", self.sale);
        assert_eq!(info.seq, self.len() as u64, "{}", self.sale);
        assert_eq!(
            (info.available, info.held, info.sold, info.orders),
            (
                ledger.available,
                ledger.units(&State::Held),
                ledger.units(&State::Sold),
                ledger.orders.len() as u64
            ),
            "{}",
            self.sale
        );
        connection.seckill().force_audit(&self.sale).await.unwrap();
    }

    /// Adds up the events. No unit is sold that is not available, and none is given back twice.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for event in &self.events {
            let recorded = ledger.record(&event.kind);
            recorded.unwrap_or_else(|| panic!("{}: oversold, or given back twice: {event:?}", self.sale));
        }
        ledger
    }

    pub(crate) fn terms(&self) -> BTreeSet<u64> {
        self.events.iter().map(|event| event.term).collect()
    }

    /// How many events set an order to this state.
    pub(crate) fn count(&self, wanted: &State) -> u64 {
        let is = |event: &&Event| matches!(&event.kind, EventKind::Order { state, .. } if state == wanted);
        self.events.iter().filter(is).count() as u64
    }
}

/// The figures and orders that follow from events.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) available: u64,
    pub(crate) orders: BTreeMap<String, LedgerOrder>,
}

/// An order after the last event.
#[derive(Debug)]
pub(crate) struct LedgerOrder {
    pub(crate) buyer: Vec<u8>,
    pub(crate) qty: u32,
    pub(crate) state: State,
}

impl Ledger {
    /// The state of an order, if there is one.
    pub(crate) fn state(&self, id: &str) -> Option<State> {
        self.orders.get(id).map(|order| order.state.clone())
    }

    /// The units of all orders that are in a state.
    pub(crate) fn units(&self, wanted: &State) -> u64 {
        let orders = self.orders.values().filter(|order| order.state == *wanted);
        orders.map(|order| u64::from(order.qty)).sum()
    }

    fn record(&mut self, event: &EventKind) -> Option<()> {
        self.available = match event {
            EventKind::Created { qty, .. } => *qty,
            EventKind::Altered { .. } => self.available,
            EventKind::Restocked { qty, .. } => self.available.checked_add_signed(*qty)?,
            EventKind::Order { state, order, buyer, qty, .. } => {
                let (id, qty) = (String::from_utf8(order.clone()).ok()?, *qty);
                let after = LedgerOrder { buyer: buyer.clone(), qty, state: state.clone() };
                let before = self.orders.insert(id, after);
                match (before.map(|order| order.state), state) {
                    (None, State::Held | State::Sold) => self.available.checked_sub(qty.into())?,
                    (Some(State::Held), State::Held | State::Sold) => self.available,
                    (Some(State::Held), State::Cancelled | State::Expired)
                    | (Some(State::Sold), State::Cancelled) => self.available + u64::from(qty),
                    _ => return None,
                }
            }
            other => panic!("{other:?}"),
        };
        Some(())
    }
}
