//! A sale, and beside it the story that it must be telling.

use std::rc::Rc;

use seckill_core::command::{Buy, Request};
use seckill_core::decide::{Decision, Moment, Outcome};
use seckill_core::error::Error;
use seckill_core::snapshot::Loading;
use seckill_core::wire::{Refusal, State};
use seckill_core::{Sale, Seed};

use crate::story::{Fact, Story};

/// A batch on its way, and beside it what it must be telling.
#[derive(Clone)]
pub(crate) struct Batch {
    bytes: Rc<[u8]>,
    /// The event after which it follows.
    after: Option<Fact>,
    pub(crate) facts: Rc<[Fact]>,
}

/// A snapshot.
#[derive(Clone)]
pub(crate) struct Shot {
    head: Vec<u8>,
    diverged: bool,
    batches: Vec<Batch>,
}

pub(crate) struct Twin {
    pub(crate) sale: Sale,
    pub(crate) story: Story,
    /// The mark of the tenure that decided the last event, unless it came from elsewhere.
    decider: Option<u64>,
}

impl Twin {
    /// No sale yet.
    pub(crate) fn blank(seed: Seed) -> Self {
        Self { sale: Sale::new(seed), story: Story::default(), decider: None }
    }

    /// Whether a server would have a key for it.
    pub(crate) fn exists(&self) -> bool {
        self.sale.seq() > 0 || self.sale.diverged()
    }

    /// Judges a request, and the judgement, too.
    pub(crate) fn decide(
        &mut self,
        request: &Request<'_>,
        moment: &Moment,
        mark: u64,
    ) -> (Result<Outcome, Error>, Option<Batch>) {
        let decision = self.sale.decide(request, moment);
        let batch = self.commit(&decision, mark);
        let now = moment.now.max(self.story.at());
        self.check_outcome(request, &decision.outcome, now);
        (decision.outcome, batch)
    }

    /// Lets holds run out.
    pub(crate) fn sweep(&mut self, moment: &Moment, most: usize, mark: u64) -> Option<Batch> {
        let decision = self.sale.sweep(moment, most);
        assert!(decision.expired() <= most && !decision.changes());
        let due = self.story.next_deadline().is_some_and(|due| due <= moment.now.max(self.story.at()));
        assert_eq!(decision.is_idle(), !due || self.sale.diverged(), "what is due runs out");
        self.commit(&decision, mark)
    }

    fn commit(&mut self, decision: &Decision<'_>, mark: u64) -> Option<Batch> {
        if decision.is_idle() {
            return None;
        }
        let (before, term) = (self.sale.seq(), self.sale.term());
        self.sale.commit(decision).expect("what was decided fits");
        let batch = self.batch(before, usize::MAX).unwrap();
        for fact in &*batch.facts {
            self.story.push(*fact);
            let goes_on = self.decider == Some(mark);
            assert_eq!(fact.term == term, goes_on, "a decider has one term, and another one another");
        }
        assert_eq!(self.story.seq(), self.sale.seq(), "a decision travels in one batch");
        self.decider = Some(mark);
        self.check_figures();
        Some(batch)
    }

    fn batch(&self, after: u64, size: usize) -> Option<Batch> {
        let mut bytes = Vec::new();
        let last = self.sale.batch(after, size, &mut bytes)?;
        let told = self.sale.events(after).take_while(|entry| entry.seq <= last);
        let facts = told.map(|entry| Fact::new(&self.sale, &entry)).collect();
        let after = usize::try_from(after).unwrap().checked_sub(1).map(|place| self.story.facts[place]);
        Some(Batch { bytes: bytes.into(), after, facts })
    }

    /// Takes over what another copy decided. It must take what follows, and nothing else.
    pub(crate) fn follow(&mut self, batch: &Batch) {
        let follows = !batch.facts.is_empty() && self.story.last() == batch.after && !self.sale.diverged();
        let before = self.sale.seq();
        let result = self.sale.follow(&batch.bytes);
        assert_eq!(result.is_ok(), follows, "{result:?}: {:?} after {:?}", batch.facts, self.story.last());
        assert_eq!(self.sale.diverged(), !follows);
        if follows {
            batch.facts.iter().for_each(|fact| self.story.push(*fact));
            let told = self.sale.events(before).map(|entry| Fact::new(&self.sale, &entry));
            assert!(told.eq(batch.facts.iter().copied()), "told otherwise than it was decided");
            self.decider = None;
        }
        self.check_figures();
    }

    /// What a snapshot consists of, and a rewritten log, too.
    pub(crate) fn batches(&self) -> Vec<Batch> {
        // So small that most histories take several.
        const SIZE: usize = 100;
        let next = |batch: &Batch| self.batch(batch.facts.last().unwrap().seq, SIZE);
        let mut batches: Vec<Batch> = std::iter::successors(self.batch(0, SIZE), next).collect();
        assert!(
            batches.iter().flat_map(|batch| &*batch.facts).eq(&self.story.facts),
            "a history is saved whole"
        );
        if self.sale.diverged() {
            batches.push(Batch { bytes: Rc::new([]), after: None, facts: Rc::new([]) });
        }
        batches
    }

    pub(crate) fn shot(&self) -> Shot {
        let mut batches = self.batches();
        batches.retain(|batch| !batch.facts.is_empty());
        Shot { head: self.sale.snapshot_head(), diverged: self.sale.diverged(), batches }
    }

    pub(crate) fn load(shot: &Shot, seed: Seed) -> Self {
        let mut loading = Loading::new(&shot.head, seed).unwrap();
        let mut twin = Self::blank(seed);
        for batch in &shot.batches {
            assert!(loading.wants_more());
            loading.part(&batch.bytes).unwrap();
            batch.facts.iter().for_each(|fact| twin.story.push(*fact));
        }
        // Of what does not exist there is no snapshot.
        if let Ok(sale) = loading.finish() {
            twin.sale = sale;
        }
        assert_eq!(twin.sale.diverged(), shot.diverged, "once diverged, always diverged");
        twin.check_figures();
        twin
    }

    /// The key is copied, and the copy takes its place.
    pub(crate) fn renew(&mut self) {
        self.sale = self.sale.copy();
        self.decider = None;
    }

    /// The reply to a caller must be what the books say after the call.
    fn check_outcome(&self, request: &Request<'_>, outcome: &Result<Outcome, Error>, now: u64) {
        if self.sale.diverged() || !self.exists() {
            assert!(outcome.is_err(), "decided: {outcome:?}");
            return;
        }
        let story = &self.story;
        let order = match request {
            Request::Buy(Buy { order, .. })
            | Request::Confirm { order }
            | Request::Extend { order, .. }
            | Request::Cancel { order, .. } => story.orders.get(&order[0]),
            Request::Create { .. } | Request::Alter(_) | Request::Restock { .. } => None,
        };
        if let Some(order) = order {
            let due = matches!(order.standing.state(), State::Held) && order.standing.deadline() <= now;
            assert!(!due, "a command that names an order expires it when it is due");
        }
        if let Request::Buy(_) = request {
            let due = story.next_deadline().is_some_and(|deadline| deadline <= now);
            assert!(!due, "a purchase is judged while a hold is due");
        }
        let state = order.map(|order| order.standing.state());
        let right = match (request, outcome) {
            (Request::Buy(buy), Ok(Outcome::State(told))) => {
                state == Some(*told) && order.is_some_and(|o| (o.buyer, o.qty) == (buy.buyer[0], buy.qty))
            }
            (Request::Buy(buy), Err(Error::OtherOrder)) => {
                order.is_some_and(|o| (o.buyer, o.qty) != (buy.buyer[0], buy.qty))
            }
            (Request::Buy(buy), Ok(Outcome::Refused(refusal))) => {
                order.is_none()
                    && match (refusal, story.available()) {
                        (Refusal::SoldOut, available) => available == 0,
                        (Refusal::Short, available) => available > 0 && available < u64::from(buy.qty),
                        _ => true,
                    }
            }
            (Request::Buy(_), other) => order.is_none() && matches!(other, Err(Error::Full(..))),
            (Request::Confirm { .. }, Ok(Outcome::State(told))) => {
                state == Some(*told) && *told != State::Held
            }
            (Request::Extend { hold, .. }, Ok(Outcome::State(told))) => {
                let deadline = order.map(|order| order.standing.deadline());
                state == Some(*told) && (*told != State::Held || deadline == Some(now + hold))
            }
            (Request::Cancel { refund, .. }, Ok(Outcome::State(told))) => {
                state == Some(*told) && *told != State::Held && !(*refund && *told == State::Sold)
            }
            (Request::Restock { .. }, Ok(Outcome::Available(units))) => *units == story.available(),
            (_, Ok(Outcome::Ok) | Err(_)) => order.is_none(),
            _ => false,
        };
        assert!(right, "{request:?} at {now}: {outcome:?}, but {order:?}");
    }

    /// The figures must be those of the story.
    fn check_figures(&self) {
        let (info, story) = (self.sale.info(0), &self.story);
        let units = story.units(None);
        assert_eq!((info.seq, info.term), (story.seq(), story.term()));
        assert_eq!((info.available, info.held, info.sold), (story.available(), units.held, units.sold));
        assert_eq!(self.sale.next_deadline(), story.next_deadline());
    }

    /// All that the sale tells must be the story.
    pub(crate) fn check(&self) {
        self.check_figures();
        let (sale, story) = (&self.sale, &self.story);
        if !sale.diverged() {
            assert_eq!(sale.audit(), Ok(()));
        }
        assert!(sale.events(0).map(|entry| Fact::new(sale, &entry)).eq(story.facts.iter().copied()));
        let info = sale.info(0);
        assert_eq!((info.rules, info.orders as usize), (story.rules, story.orders.len()));
        for (id, order) in &story.orders {
            let view = sale.order(&[*id], 0).unwrap();
            assert_eq!((view.claim.buyer.text()[0], view.claim.qty), (order.buyer, order.qty));
            assert_eq!((view.at, view.seq), (order.at, order.seq));
            let due = order.standing.state() == State::Held && order.standing.deadline() <= story.at();
            let expected =
                if due { (State::Expired, 0) } else { (order.standing.state(), order.standing.deadline()) };
            assert_eq!((view.state, view.deadline), expected);
            assert_eq!(sale.buyer_units(&[order.buyer]), story.units(Some(order.buyer)));
        }
    }
}
