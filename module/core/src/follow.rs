//! What one copy of a sale tells another: events, in batches; and how the other follows.

use crate::change::{Change, Stamp, Unfit};
use crate::decide::Decision;
use crate::events::{Entry, Event, Reader, VERSION, Writer};
use crate::log::{Logged, Record};
use crate::sale::{Order, Sale};

impl Decision<'_> {
    /// Appends the batch of the events that it causes; nothing when there are none. It is the same that
    /// [`Sale::batch`] tells once the decision is committed.
    pub fn batch(&self, out: &mut Vec<u8>) {
        let Stamp { at, term } = self.stamp;
        let expired = self.expired.iter().map(|hold| Change::expired(*hold).event());
        let mut events = expired.chain(self.change.as_ref().map(Change::event)).peekable();
        let Some(first) = events.peek() else { return };
        let first = Entry { seq: self.after.saturating_add(1), term, at, event: *first };
        let mut writer = Writer::new(out, &first);
        events.for_each(|event| writer.push(at, &event));
    }
}

impl Sale {
    /// The events after a seq, the oldest first.
    pub fn events(&self, after: u64) -> impl Iterator<Item = Entry<'_>> {
        self.log.after(after).map_while(|logged| self.entry(logged))
    }

    fn entry(&self, logged: Logged) -> Option<Entry<'_>> {
        let Logged { seq, term, at, record } = logged;
        let event = match record {
            Record::Created { stock, rules } => Event::Created { stock, rules },
            Record::Altered { rules } => Event::Altered { rules },
            Record::Restocked { delta, id: None } => Event::Restocked { delta, id: None },
            Record::Restocked { delta, id: Some(id) } => {
                Event::Restocked { delta, id: Some(self.restockings.name(id)?) }
            }
            Record::Opened { order, standing } => {
                let Order { buyer, qty, .. } = *self.orders.get(order)?;
                Event::Opened {
                    order: self.orders.name(order)?,
                    buyer: self.buyers.name(buyer)?,
                    qty,
                    standing,
                }
            }
            Record::Moved { order, standing } => Event::Moved { order, standing },
        };
        Some(Entry { seq, term, at, event })
    }

    /// Appends a batch of the events after a seq: those of one term, at least one, until the batch has `size`
    /// bytes. Tells the seq of its last event; `None`, and nothing is appended, when there are no events.
    pub fn batch(&self, after: u64, size: usize, out: &mut Vec<u8>) -> Option<u64> {
        let size = size.saturating_add(out.len());
        let mut events = self.events(after).peekable();
        let first = events.next()?;
        let mut writer = Writer::new(out, &first);
        writer.push(first.at, &first.event);
        let mut last = first.seq;
        while let Some(entry) = events.next_if(|entry| entry.term == first.term && writer.len() < size) {
            writer.push(entry.at, &entry.event);
            last = entry.seq;
        }
        Some(last)
    }

    /// Takes over the events of a batch that another copy decided. Each is checked before it is applied; at
    /// the first that does not follow the sale is marked diverged, and from then on it follows nothing.
    pub fn follow(&mut self, batch: &[u8]) -> Result<(), Unfit> {
        let result = if self.diverged { Err(Unfit("it diverged before")) } else { self.read(batch) };
        self.diverged |= result.is_err();
        result
    }

    fn read(&mut self, batch: &[u8]) -> Result<(), Unfit> {
        if batch.first().is_some_and(|version| *version > VERSION) {
            return Err(Unfit::NEWER);
        }
        let mut reader = Reader::new(batch).ok_or(Unfit("bytes that are no batch"))?;
        let before = self.seq();
        while let Some(entry) = reader.next().map_err(|()| Unfit("bytes that are no event"))? {
            if entry.seq != self.seq().saturating_add(1) {
                return Err(Unfit("an event is missing, or came twice"));
            }
            if entry.at < self.log.at() {
                return Err(Unfit("time runs backwards"));
            }
            if entry.term < self.term() || entry.term == 0 {
                return Err(Unfit("a term that has ended"));
            }
            let change = self.resolve(&entry.event)?;
            self.apply(Stamp { at: entry.at, term: entry.term }, &change)?;
            self.tenure = 0;
        }
        // Nobody sends an empty one, and a new sale would be left blank by it.
        if self.seq() == before { Err(Unfit("a batch without events")) } else { Ok(()) }
    }

    /// Looks up the names of an event that comes from outside.
    fn resolve<'a>(&self, event: &Event<'a>) -> Result<Change<'a>, Unfit> {
        Ok(match *event {
            Event::Created { stock, rules } => Change::Created { stock, rules },
            Event::Altered { rules } => Change::Altered { rules },
            Event::Restocked { delta, id: None } => Change::Restocked { delta, id: None },
            Event::Restocked { delta, id: Some(id) } => {
                let id = self.hashed(id);
                if self.restockings.find(&id).is_some() {
                    return Err(Unfit("a restocking id that is taken"));
                }
                Change::Restocked { delta, id: Some(id) }
            }
            Event::Opened { order, buyer, qty, standing } => {
                let (order, buyer) = self.sought(order, buyer);
                if self.orders.find(&order).is_some() {
                    return Err(Unfit("an order id that is taken"));
                }
                Change::Opened { order, buyer: self.party(buyer), qty, standing }
            }
            Event::Moved { order, standing } => Change::Moved { order, hold: self.hold(order), standing },
        })
    }
}
