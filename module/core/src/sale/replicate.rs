//! What one copy of a sale sends to another: events, in batches. And how the other applies them.

use super::apply::ApplyError;
use super::batch::{BatchReader, BatchWriter};
use super::decide::Decision;
use super::event::{Entry, Event, KnownOrder, NamedEvent, NewOrder, ResolvedEvent, Stamp};
use super::log::Logged;
use super::state::Sale;
use crate::protocol::{Epoch, LATEST_FOREIGN_MS, Seq, Term, UnixMs};

/// Who sent a batch or a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The primary, or a file of this server. Its terms and times are this server's own.
    Trusted,
    /// A client. This server gives out terms above all that it has seen, so one from a client may be ahead of its
    /// clock by little.
    Foreign {
        /// The latest term to accept.
        latest_term: Term,
    },
}

impl Decision<'_> {
    /// Appends the batch of the events that it causes; nothing when there are none. It is the batch that
    /// [`Sale::encode_batch`] makes of the same events once the decision is committed.
    pub fn encode_batch(&self, out: &mut Vec<u8>) {
        let Stamp { at, term } = self.stamp;
        let expired = self.expired.iter().map(|hold| ResolvedEvent::expiry(*hold).named());
        let mut events = expired.chain(self.event.as_ref().map(ResolvedEvent::named)).peekable();
        let Some(first) = events.peek() else { return };
        let first = Entry { seq: self.after.next(), term, at, event: *first };
        let mut writer = BatchWriter::new(out, &first);
        events.for_each(|event| writer.push(at, &event));
    }
}

impl Sale {
    /// Applies a decision of this very sale, in the state in which it made it.
    ///
    /// A decision that cannot be applied is a bug: the sale is marked diverged, and the decision is not
    /// replicated.
    pub fn commit(&mut self, decision: &Decision<'_>) -> Result<(), ApplyError> {
        let result = self.apply_decision(decision);
        self.diverged |= result.is_err();
        result
    }

    fn apply_decision(&mut self, decision: &Decision<'_>) -> Result<(), ApplyError> {
        if decision.after != self.seq() {
            return Err(ApplyError::StaleDecision);
        }
        for hold in &decision.expired {
            self.apply(decision.stamp, &ResolvedEvent::expiry(*hold))?;
        }
        if let Some(event) = &decision.event {
            self.apply(decision.stamp, event)?;
        }
        if !decision.is_idle() {
            self.epoch = decision.epoch;
        }
        Ok(())
    }

    /// Applies a batch that another copy decided, event by event. At the first event that cannot be applied
    /// the sale is marked diverged; it applies nothing from then on.
    pub fn apply_batch(&mut self, batch: &[u8], origin: Origin) -> Result<(), ApplyError> {
        let result = if self.diverged { Err(ApplyError::Diverged) } else { self.apply_events(batch, origin) };
        self.diverged |= result.is_err();
        result
    }

    fn apply_events(&mut self, batch: &[u8], origin: Origin) -> Result<(), ApplyError> {
        let before = self.seq();
        for entry in BatchReader::new(batch)? {
            let Entry { seq, term, at, event } = entry?;
            if seq != self.seq().next() {
                return Err(ApplyError::OutOfSequence);
            }
            if let Origin::Foreign { latest_term } = origin
                && (term > latest_term || at > UnixMs(LATEST_FOREIGN_MS))
            {
                return Err(ApplyError::FarFuture);
            }
            if at < self.log.at() {
                return Err(ApplyError::OutOfTime);
            }
            if term < self.term() || term.0 == 0 {
                return Err(ApplyError::EndedTerm);
            }
            let event = self.resolve(&event)?;
            self.apply(Stamp { at, term }, &event)?;
            self.epoch = Epoch(0);
        }
        // Nobody sends an empty batch, and a new sale would be left blank by it.
        if self.seq() == before { Err(ApplyError::NoEvents) } else { Ok(()) }
    }

    /// Looks up the names of an event that another copy decided.
    fn resolve<'a>(&self, event: &NamedEvent<'a>) -> Result<ResolvedEvent<'a>, ApplyError> {
        Ok(match *event {
            Event::Created { stock, rules } => Event::Created { stock, rules },
            Event::Altered { rules } => Event::Altered { rules },
            Event::Restocked { delta, id } => {
                let id = id.map(|id| self.hash(id));
                if id.is_some_and(|id| self.restocks.find(&id).is_some()) {
                    return Err(ApplyError::RestockExists);
                }
                Event::Restocked { delta, id }
            }
            Event::Opened { opening, status } => {
                let (order, buyer) = self.prefetch(&opening);
                if self.orders.find(&order).is_some() {
                    return Err(ApplyError::OrderExists);
                }
                let opening = NewOrder { order, buyer: self.buyer_ref(buyer), qty: opening.qty };
                Event::Opened { opening, status }
            }
            Event::StatusChanged { order: number, status } => {
                let order = KnownOrder { number, hold: self.hold(number) };
                Event::StatusChanged { order, status }
            }
        })
    }

    /// The events after a seq, the oldest first.
    pub fn events(&self, after: Seq) -> impl Iterator<Item = Entry<NamedEvent<'_>>> {
        self.log.after(after).map_while(|logged| {
            let entry = self.name_event(logged);
            debug_assert!(entry.is_some(), "every logged number has a record");
            entry
        })
    }

    fn name_event(&self, logged: Logged) -> Option<Entry<NamedEvent<'_>>> {
        let Logged { seq, term, at, event } = logged;
        let event = match event {
            Event::Created { stock, rules } => Event::Created { stock, rules },
            Event::Altered { rules } => Event::Altered { rules },
            Event::Restocked { delta, id: None } => Event::Restocked { delta, id: None },
            Event::Restocked { delta, id: Some(id) } => {
                Event::Restocked { delta, id: Some(self.restocks.name(id)?) }
            }
            Event::Opened { opening, status } => Event::Opened { opening: self.claim(opening)?, status },
            Event::StatusChanged { order, status } => Event::StatusChanged { order, status },
        };
        Some(Entry { seq, term, at, event })
    }

    /// Appends a batch of the events after a seq: those of one term, at least one, until the batch has `size`
    /// bytes. Returns the seq of its last event; `None`, and nothing is appended, when there are no events.
    pub fn encode_batch(&self, after: Seq, size: usize, out: &mut Vec<u8>) -> Option<Seq> {
        let size = size.saturating_add(out.len());
        let mut events = self.events(after).peekable();
        let first = events.next()?;
        let mut writer = BatchWriter::new(out, &first);
        writer.push(first.at, &first.event);
        let mut last = first.seq;
        while let Some(entry) = events.next_if(|entry| entry.term == first.term && writer.len() < size) {
            writer.push(entry.at, &entry.event);
            last = entry.seq;
        }
        Some(last)
    }
}
