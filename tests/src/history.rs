//! The history of a sale, as a reader keeps it who follows its events.

use std::collections::BTreeMap;

use seckill_client::{After, Error, Event, EventKind, Seckill, State};

use crate::server::Connection;

/// The events of the sale at `sale`, from the first one on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
}

/// What the events add up to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Books {
    pub(crate) available: u64,
    pub(crate) orders: BTreeMap<String, State>,
}

impl History {
    /// All that the sale tells now.
    pub(crate) async fn read(shop: &mut Connection) -> Self {
        let mut history = Self::default();
        history.follow(shop).await;
        history
    }

    /// Reads on to the end. Where the sale has another history than was read, it goes back to what both share, and
    /// tells how many events it took back.
    pub(crate) async fn follow(&mut self, shop: &mut Connection) -> usize {
        let mut taken_back = 0;
        loop {
            let mut after = After::seq(self.events.len() as u64).count(10_000);
            if let Some(last) = self.events.last() {
                after = after.term(last.term);
            }
            match shop.events("sale", after).await {
                Ok(page) if page.is_empty() => return taken_back,
                Ok(page) => page.into_iter().for_each(|event| self.push(event)),
                Err(Error::Forked { seq, term }) => {
                    let before = self.events.len();
                    self.events.retain(|event| event.seq <= seq && event.term <= term);
                    assert!(self.events.len() < before, "FORKED {seq} {term} leads nowhere");
                    taken_back += before - self.events.len();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn push(&mut self, event: Event) {
        assert_eq!(event.seq, self.events.len() as u64 + 1, "there is a gap");
        if let Some(last) = self.events.last() {
            assert!(event.term >= last.term && event.at >= last.at, "{event:?} after {last:?}");
        }
        self.events.push(event);
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The shorter one of both is how the longer one begins.
    pub(crate) fn begins_like(&self, other: &Self) {
        let both = self.len().min(other.len());
        assert_eq!(self.events[..both], other.events[..both]);
    }

    /// After a restart: something is decided, in another term, and the books are right. Tells how many events the
    /// reader took back.
    pub(crate) async fn go_on(&mut self, shop: &mut Connection) -> usize {
        let term = self.term();
        shop.restock("sale", 1, self.len().to_string()).await.unwrap();
        let taken_back = self.follow(shop).await;
        assert!(self.term() > term, "the first decision after a restart begins a term");
        let (books, info) = (self.books(), shop.info("sale").await.unwrap());
        assert_eq!((info.available, info.orders), (books.available, books.orders.len() as u64));
        shop.audit("sale").await.unwrap();
        taken_back
    }

    fn term(&self) -> u64 {
        self.events.last().map_or(0, |last| last.term)
    }

    /// Adds up the events. No unit is given that is not there, and none is given back twice.
    pub(crate) fn books(&self) -> Books {
        let mut books = Books::default();
        for event in &self.events {
            books.enter(&event.kind).unwrap_or_else(|| panic!("oversold, or given back twice: {event:?}"));
        }
        books
    }
}

impl Books {
    fn enter(&mut self, event: &EventKind) -> Option<()> {
        self.available = match event {
            EventKind::Created { qty, .. } => *qty,
            EventKind::Altered { .. } => self.available,
            EventKind::Restocked { qty, .. } => self.available.checked_add_signed(*qty)?,
            EventKind::Order { state, order, qty, .. } => {
                let before = self.orders.insert(String::from_utf8(order.clone()).ok()?, *state);
                match (before, state) {
                    (None, State::Held | State::Sold) => self.available.checked_sub((*qty).into())?,
                    (Some(State::Held), State::Held | State::Sold) => self.available,
                    (Some(State::Held), State::Cancelled | State::Expired)
                    | (Some(State::Sold), State::Cancelled) => self.available + u64::from(*qty),
                    _ => return None,
                }
            }
        };
        Some(())
    }
}
