//! A sale and its oracle: everything that the sale does must agree with the oracle.

use std::rc::Rc;

use seckill_core::protocol::{Buy, Capacity, Error, Name, Refusal, Request, Seq, State, UnixMs};
use seckill_core::{Bundle, Decision, Loading, Moment, Origin, Outcome, Part, Sale, Seed};

use crate::oracle::{Oracle, Order, OwnedEntry, byte, owned_events};

/// A batch that is sent to other copies, and the events that it must contain.
#[derive(Clone)]
pub(crate) struct Batch {
    bytes: Rc<[u8]>,
    /// The event before the first one of the batch.
    after: Option<OwnedEntry>,
    pub(crate) events: Rc<[OwnedEntry]>,
}

#[derive(Clone)]
pub(crate) struct Snapshot {
    head: Vec<u8>,
    diverged: bool,
    parts: Vec<Batch>,
}

pub(crate) struct CheckedSale {
    pub(crate) sale: Sale,
    pub(crate) oracle: Oracle,
    /// The mark of the epoch in which the last event was decided, unless another node decided it.
    epoch_mark: Option<u64>,
}

impl CheckedSale {
    pub(crate) fn blank(seed: Seed) -> Self {
        Self { sale: Sale::new(seed), oracle: Oracle::default(), epoch_mark: None }
    }

    /// Whether a server would have a key for it.
    pub(crate) fn exists(&self) -> bool {
        self.sale.seq() > Seq(0) || self.sale.diverged()
    }

    pub(crate) fn decide(
        &mut self,
        request: &Request<'_>,
        moment: &Moment,
        mark: u64,
    ) -> (Result<Outcome, Error>, Option<Batch>) {
        let decision = self.sale.decide(request, moment);
        if let Request::Buy(buy) = request {
            self.check_bundle(buy, moment, &decision);
        }
        let batch = self.commit(&decision, moment.now, mark);
        self.check_outcome(request, &decision.outcome, moment.now);
        (decision.outcome, batch)
    }

    /// A bundle of this one sale is decided as the purchase alone.
    fn check_bundle(&self, buy: &Buy<'_>, moment: &Moment, alone: &Decision<'_>) {
        let bundle = Bundle::decide(std::iter::once((&self.sale, *buy)), moment, |term| term);
        let outcome = bundle.parts.map(|parts| match parts[..] {
            [Part::Order(state)] => Outcome::State(state),
            [Part::Refused(refusal)] => Outcome::Refused(refusal),
            _ => panic!("{parts:?} of one sale"),
        });
        assert_eq!(outcome.map_err(|(_, error)| error), alone.outcome);
        let batch = |decision: &Decision<'_>| {
            let mut bytes = Vec::new();
            decision.encode_batch(&mut bytes);
            bytes
        };
        assert!(batch(&bundle.decisions[0]) == batch(alone), "a bundle of one sale has its batch");
    }

    pub(crate) fn expire(&mut self, moment: &Moment, most: usize, mark: u64) -> Option<Batch> {
        let decision = self.sale.decide_expiry(moment, most);
        assert!(decision.expired() <= most && !decision.has_event());
        let due = self.oracle.is_due(moment.now);
        assert_eq!(decision.is_idle(), !due || self.sale.diverged(), "what is due expires");
        self.commit(&decision, moment.now, mark)
    }

    fn commit(&mut self, decision: &Decision<'_>, now: UnixMs, mark: u64) -> Option<Batch> {
        if decision.is_idle() {
            return None;
        }
        let (before, term) = (self.sale.seq(), self.sale.term());
        self.sale.commit(decision).expect("a decision about the present state");
        let batch = self.encode_batch(before, usize::MAX).unwrap();
        let mut bytes = Vec::new();
        decision.encode_batch(&mut bytes);
        assert!(*batch.bytes == bytes, "a decision and the sale encode the same batch");
        for entry in &*batch.events {
            self.oracle.check_decision(entry, now);
            self.oracle.push(*entry);
            let same_epoch = self.epoch_mark == Some(mark);
            assert_eq!(entry.term == term, same_epoch, "a term begins with an epoch, and only then");
        }
        assert_eq!(self.oracle.seq(), self.sale.seq(), "a decision is one batch");
        self.epoch_mark = Some(mark);
        self.check_figures();
        Some(batch)
    }

    fn encode_batch(&self, after: Seq, size: usize) -> Option<Batch> {
        let mut bytes = Vec::new();
        let last = self.sale.encode_batch(after, size, &mut bytes)?;
        let events = owned_events(&self.sale, after).take_while(|entry| entry.seq <= last).collect();
        let after = usize::try_from(after.0).unwrap().checked_sub(1).map(|index| self.oracle.history[index]);
        Some(Batch { bytes: bytes.into(), after, events })
    }

    /// Applies a batch that another copy decided. The sale must accept a batch that begins with the next event,
    /// and no other.
    pub(crate) fn apply(&mut self, batch: &Batch) {
        let is_next = !batch.events.is_empty() && self.oracle.last() == batch.after && !self.sale.diverged();
        let before = self.sale.seq();
        let result = self.sale.apply_batch(&batch.bytes, Origin::Trusted);
        assert_eq!(result.is_ok(), is_next, "{result:?}: {:?} after {:?}", batch.events, self.oracle.last());
        assert_eq!(self.sale.diverged(), !is_next);
        if is_next {
            batch.events.iter().for_each(|entry| self.oracle.push(*entry));
            let applied = owned_events(&self.sale, before);
            assert!(
                applied.eq(batch.events.iter().copied()),
                "the applied events are those that were decided"
            );
            self.epoch_mark = None;
        }
        self.check_figures();
    }

    /// The parts of a snapshot. An AOF rewrite writes them, too, and then the mark of a diverged copy.
    fn parts(&self) -> Vec<Batch> {
        // Small, so that most histories have several parts.
        const SIZE: usize = 100;
        let next = |batch: &Batch| self.encode_batch(batch.events.last().unwrap().seq, SIZE);
        let parts: Vec<Batch> = std::iter::successors(self.encode_batch(Seq(0), SIZE), next).collect();
        let events = parts.iter().flat_map(|batch| &*batch.events);
        assert!(events.eq(&self.oracle.history), "the parts are the whole history");
        parts
    }

    /// The batches that an AOF rewrite writes.
    pub(crate) fn rewrite(&self) -> Vec<Batch> {
        let mut batches = self.parts();
        if self.sale.diverged() {
            batches.push(Batch { bytes: Rc::new([]), after: None, events: Rc::new([]) });
        }
        batches
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { head: self.sale.snapshot_head(), diverged: self.sale.diverged(), parts: self.parts() }
    }

    pub(crate) fn load(snapshot: &Snapshot, seed: Seed) -> Self {
        let mut loading = Loading::new(&snapshot.head, seed, Origin::Trusted).unwrap();
        let mut checked = Self::blank(seed);
        for part in &snapshot.parts {
            assert!(loading.wants_more());
            loading.part(&part.bytes).unwrap();
            part.events.iter().for_each(|entry| checked.oracle.push(*entry));
        }
        // A sale that does not exist has no snapshot.
        if let Ok(sale) = loading.finish() {
            checked.sale = sale;
        }
        assert_eq!(checked.sale.diverged(), snapshot.diverged, "once diverged, always diverged");
        checked.check_figures();
        checked
    }

    /// Copies the sale, and replaces it by the copy.
    pub(crate) fn replace_by_copy(&mut self) {
        self.sale = self.sale.copy();
        self.epoch_mark = None;
    }

    /// The reply to a request must agree with the state of the oracle after the decision.
    fn check_outcome(&self, request: &Request<'_>, outcome: &Result<Outcome, Error>, now: UnixMs) {
        if self.sale.diverged() || !self.exists() {
            assert!(outcome.is_err(), "decided: {outcome:?}");
            return;
        }
        let order = match *request {
            Request::Buy(Buy { order, .. })
            | Request::Confirm { order }
            | Request::Extend { order, .. }
            | Request::Cancel { order, .. } => self.oracle.orders.get(&byte(order)),
            Request::Create { .. } | Request::Alter(_) | Request::Restock { .. } => None,
        };
        let due = order.is_some_and(|order| order.is_due(now));
        assert!(!due, "a command that names an order expires it when it is due");
        let is_right = match request {
            Request::Buy(buy) => {
                assert!(!self.oracle.is_due(now), "a purchase is decided while a hold is due");
                self.is_right_purchase(buy, outcome, order)
            }
            _ => self.is_right_outcome(request, outcome, order, now),
        };
        assert!(is_right, "{request:?} at {now}: {outcome:?}, but {order:?}");
    }

    fn is_right_purchase(
        &self,
        buy: &Buy<'_>,
        outcome: &Result<Outcome, Error>,
        order: Option<&Order>,
    ) -> bool {
        let is_same = |order: &Order| (order.buyer, order.qty) == (byte(buy.buyer), buy.qty);
        match (outcome, order) {
            (Ok(Outcome::State(state)), Some(order)) => order.status.state() == *state && is_same(order),
            (Err(Error::OtherOrder), Some(order)) => !is_same(order),
            (Ok(Outcome::Refused(refusal)), None) => match (refusal, self.oracle.available()) {
                (Refusal::SoldOut, available) => available == 0,
                (Refusal::Short, available) => available > 0 && available < u64::from(buy.qty),
                (Refusal::Attempts, _) => self.oracle.attempts_are_used(byte(buy.buyer)),
                _ => true,
            },
            (Err(Error::Full { capacity: Capacity::Orders, .. }), None) => true,
            _ => false,
        }
    }

    fn is_right_outcome(
        &self,
        request: &Request<'_>,
        outcome: &Result<Outcome, Error>,
        order: Option<&Order>,
        now: UnixMs,
    ) -> bool {
        let state = order.map(|order| order.status.state());
        match (request, outcome) {
            (Request::Confirm { .. }, Ok(Outcome::State(reply))) => {
                state == Some(*reply) && *reply != State::Held
            }
            (Request::Extend { hold, .. }, Ok(Outcome::State(reply))) => {
                let deadline = order.and_then(|order| order.status.deadline());
                state == Some(*reply) && (*reply != State::Held || deadline == Some(UnixMs(now.0 + hold.0)))
            }
            (Request::Cancel { refund, .. }, Ok(Outcome::State(reply))) => {
                state == Some(*reply) && *reply != State::Held && !(*refund && *reply == State::Sold)
            }
            (Request::Restock { .. }, Ok(Outcome::Available(units))) => *units == self.oracle.available(),
            (Request::Extend { .. }, Err(Error::Full { capacity: Capacity::Events, .. })) => {
                state == Some(State::Held)
            }
            (_, Ok(Outcome::Ok) | Err(_)) => order.is_none(),
            _ => false,
        }
    }

    /// Every figure must be that of the oracle.
    fn check_figures(&self) {
        let (info, oracle) = (self.sale.info(UnixMs(0), 0), &self.oracle);
        let units = oracle.units(None);
        assert_eq!((info.seq, info.term), (oracle.seq(), oracle.term()));
        assert_eq!((info.available, info.held, info.sold), (oracle.available(), units.held, units.sold));
        let next_deadline = oracle.next_deadline().filter(|_| !self.sale.diverged());
        assert_eq!(self.sale.next_deadline(), next_deadline);
    }

    /// All events, orders and figures must be those of the oracle.
    pub(crate) fn check(&self) {
        self.check_figures();
        let (sale, oracle) = (&self.sale, &self.oracle);
        if !sale.diverged() {
            assert_eq!(sale.audit(), Ok(()));
        }
        assert!(owned_events(sale, Seq(0)).eq(oracle.history.iter().copied()));
        let info = sale.info(UnixMs(0), 0);
        assert_eq!((info.rules, info.orders as usize), (oracle.rules, oracle.orders.len()));
        for (id, order) in &oracle.orders {
            let view = sale.order(name(id), UnixMs(0)).unwrap();
            assert_eq!((byte(view.claim.buyer), view.claim.qty), (order.buyer, order.qty));
            assert_eq!((view.at, view.seq), (order.at, order.seq));
            assert_eq!((view.state, view.deadline), (order.status.state(), order.status.deadline()));
            assert_eq!(sale.buyer_units(name(&order.buyer)), oracle.units(Some(order.buyer)));
        }
    }
}

fn name(byte: &u8) -> Name<'_> {
    crate::support::name(std::slice::from_ref(byte))
}
