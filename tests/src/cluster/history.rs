//! The history of a sale, as its readers come to know it.

use std::collections::{BTreeMap, BTreeSet};

use seckill_client::{After, Error, Event, EventKind, Info, Result, Seckill, State};

/// A reader: what it has stored, and with it the place where it stands.
#[derive(Clone, Default)]
pub(super) struct Reader {
    pub(super) stored: Vec<Event>,
}

impl Reader {
    /// Reads on, and goes back wherever it is told to.
    pub(super) async fn follow(&mut self, shop: &mut impl Seckill, sale: &str) {
        loop {
            match self.read_on(shop, sale).await {
                Ok(()) => return,
                Err(Error::Forked { seq, .. }) => {
                    assert!(seq < self.stored.len() as u64, "{sale}: back to {seq}, which is no way back");
                    self.stored.truncate(seq as usize);
                }
                Err(error) => panic!("{sale}: {error}"),
            }
        }
    }

    /// Stores all events beyond its place.
    pub(super) async fn read_on(&mut self, shop: &mut impl Seckill, sale: &str) -> Result<()> {
        loop {
            let place = match self.stored.last() {
                Some(last) => After::seq(last.seq).term(last.term),
                None => After::seq(0),
            };
            let page = shop.events(sale, place.count(10_000)).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.stored.extend(page);
        }
    }
}

/// All that a server tells of a sale at rest.
pub(super) struct History {
    pub(super) events: Vec<Event>,
    pub(super) info: Info,
}

impl History {
    /// Reads it, and checks that it is one: events without a gap, never more units than there are, and the
    /// figures that follow from them.
    pub(super) async fn read(shop: &mut impl Seckill, sale: &str) -> Self {
        let mut reader = Reader::default();
        reader.read_on(shop, sale).await.unwrap();
        let history = Self { events: reader.stored, info: shop.info(sale).await.unwrap() };
        history.check(sale);
        shop.audit(sale).await.unwrap();
        history
    }

    fn check(&self, sale: &str) {
        let Self { events, info } = self;
        assert!(!info.diverged, "{sale} diverged");
        assert!(events.iter().map(|event| event.seq).eq(1..=info.seq), "{sale}: a gap");
        assert!(events.is_sorted_by_key(|event| (event.term, event.at)), "{sale}: time or terms fall");

        let (mut stock, mut held, mut sold) = (0, 0, 0);
        let mut states = BTreeMap::new();
        for event in events {
            match &event.kind {
                EventKind::Created { qty, .. } => stock += qty,
                EventKind::Restocked { qty, .. } => stock = stock.checked_add_signed(*qty).unwrap(),
                EventKind::Altered { .. } => {}
                EventKind::Order { order, state, qty, .. } => {
                    let qty = u64::from(*qty);
                    match states.insert(order, *state) {
                        Some(State::Held) => held -= qty,
                        Some(State::Sold) => sold -= qty,
                        _ => {}
                    }
                    match state {
                        State::Held => held += qty,
                        State::Sold => sold += qty,
                        _ => {}
                    }
                }
            }
            assert!(held + sold <= stock, "{sale}: oversold by {event:?}");
        }
        assert_eq!((info.available, info.held, info.sold), (stock - held - sold, held, sold), "{sale}");
    }

    /// The state of each order in the end.
    pub(super) fn states(&self) -> BTreeMap<String, State> {
        let orders = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Order { order, state, .. } => Some((String::from_utf8_lossy(order).into(), *state)),
            _ => None,
        });
        orders.collect()
    }

    /// Its terms, in order.
    pub(super) fn terms(&self) -> BTreeSet<u64> {
        self.events.iter().map(|event| event.term).collect()
    }

    /// How many of its events are of this kind.
    pub(super) fn count(&self, state: State) -> u64 {
        let is = |event: &&Event| matches!(event.kind, EventKind::Order { state: s, .. } if s == state);
        self.events.iter().filter(is).count() as u64
    }
}
