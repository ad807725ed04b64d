//! What happened to a sale, and how it travels.
//!
//! A *batch* is a run of events of one term. It is what a primary sends to its replicas, what the AOF holds,
//! and what a snapshot consists of:
//!
//! ```text
//! batch = VERSION, seq of the first event, term, time base, event ...
//! event = kind, ms since the event before (the first: since the time base), fields of the kind
//! ```
//!
//! All integers are varints, all names packed.

use crate::command::Rules;
use crate::names::Name;
use crate::varint::{put, take, unzigzag, zigzag};
use crate::wire::{EventName, MAX_INT, MAX_QTY, State};

/// The version of the batch encoding. A batch of another version is refused.
pub const VERSION: u8 = 1;

/// The state of an order, with the deadline where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Held until a deadline, in unix ms.
    Held {
        /// From this instant on it is too late to confirm.
        deadline: u64,
    },
    /// Sold.
    Sold,
    /// Given back.
    Cancelled,
    /// Not confirmed in time.
    Expired,
}

impl Standing {
    /// The state alone.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Held { .. } => State::Held,
            Self::Sold => State::Sold,
            Self::Cancelled => State::Cancelled,
            Self::Expired => State::Expired,
        }
    }

    /// The deadline; 0 when not held.
    #[must_use]
    pub const fn deadline(self) -> u64 {
        match self {
            Self::Held { deadline } => deadline,
            _ => 0,
        }
    }

    /// What the feed calls an event that leads here.
    #[must_use]
    pub const fn event_name(self) -> EventName {
        match self {
            Self::Held { .. } => EventName::Held,
            Self::Sold => EventName::Sold,
            Self::Cancelled => EventName::Cancelled,
            Self::Expired => EventName::Expired,
        }
    }
}

/// One thing that happened to a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The sale began.
    Created {
        /// Units for sale.
        stock: u64,
        /// Its rules.
        rules: Rules,
    },
    /// The rules changed to these.
    Altered {
        /// The rules from now on.
        rules: Rules,
    },
    /// Units were added or, when negative, taken away.
    Restocked {
        /// How many.
        delta: i64,
        /// The id by which it happens once.
        id: Option<Name<'a>>,
    },
    /// An order was accepted. Orders are numbered 0, 1, 2 … in this sequence.
    Opened {
        /// Its id.
        order: Name<'a>,
        /// Who bought.
        buyer: Name<'a>,
        /// Units.
        qty: u32,
        /// Held or sold.
        standing: Standing,
    },
    /// An order's state or deadline changed.
    Moved {
        /// The number of the order.
        order: u32,
        /// What it is now.
        standing: Standing,
    },
}

/// An event with its place in history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// 1, 2, 3 … without gaps.
    pub seq: u64,
    /// Under which decider.
    pub term: u64,
    /// When, in unix ms.
    pub at: u64,
    /// What.
    pub event: Event<'a>,
}

/// The kinds of events, as bytes. The log uses them, too.
pub(crate) mod kind {
    pub(crate) const CREATED: u8 = 0;
    pub(crate) const ALTERED: u8 = 1;
    pub(crate) const RESTOCKED: u8 = 2;
    pub(crate) const OPENED_HELD: u8 = 3;
    pub(crate) const OPENED_SOLD: u8 = 4;
    pub(crate) const HELD: u8 = 5;
    pub(crate) const SOLD: u8 = 6;
    pub(crate) const CANCELLED: u8 = 7;
    pub(crate) const EXPIRED: u8 = 8;
}

pub(crate) fn put_rules(out: &mut Vec<u8>, rules: Rules) {
    for rule in [rules.limit, rules.hold, rules.opens, rules.closes] {
        put(out, rule);
    }
}

pub(crate) fn take_rules(bytes: &mut &[u8]) -> Option<Rules> {
    let rules = Rules {
        limit: at_most(take(bytes)?, MAX_QTY)?,
        hold: at_most(take(bytes)?, MAX_INT)?,
        opens: at_most(take(bytes)?, MAX_INT)?,
        closes: at_most(take(bytes)?, MAX_INT)?,
    };
    rules.checked().ok()
}

/// The kind of an event that opens an order; `None` when no order is opened like that.
pub(crate) fn opened_kind(standing: Standing) -> Option<u8> {
    match standing {
        Standing::Held { .. } => Some(kind::OPENED_HELD),
        Standing::Sold => Some(kind::OPENED_SOLD),
        Standing::Cancelled | Standing::Expired => None,
    }
}

/// The kind of an event that moves an order.
pub(crate) fn moved_kind(standing: Standing) -> u8 {
    match standing {
        Standing::Held { .. } => kind::HELD,
        Standing::Sold => kind::SOLD,
        Standing::Cancelled => kind::CANCELLED,
        Standing::Expired => kind::EXPIRED,
    }
}

/// The deadline stands as what it is later than the event.
pub(crate) fn put_standing(out: &mut Vec<u8>, at: u64, standing: Standing) {
    if let Standing::Held { deadline } = standing {
        put(out, deadline.saturating_sub(at));
    }
}

/// The way back from a kind that opens or moves an order.
pub(crate) fn take_standing(bytes: &mut &[u8], kind: u8, at: u64) -> Option<Standing> {
    match kind {
        kind::OPENED_HELD | kind::HELD => {
            let deadline = at.checked_add(take(bytes)?)?;
            Some(Standing::Held { deadline: at_most(deadline, MAX_INT)? })
        }
        kind::OPENED_SOLD | kind::SOLD => Some(Standing::Sold),
        kind::CANCELLED => Some(Standing::Cancelled),
        kind::EXPIRED => Some(Standing::Expired),
        _ => None,
    }
}

fn at_most(value: u64, max: u64) -> Option<u64> {
    (value <= max).then_some(value)
}

/// Writes a batch.
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    at: u64,
}

impl<'o> Writer<'o> {
    /// Begins a batch whose first event is `first`.
    pub(crate) fn new(out: &'o mut Vec<u8>, first: &Entry<'_>) -> Self {
        out.push(VERSION);
        put(out, first.seq);
        put(out, first.term);
        put(out, first.at);
        Self { out, at: first.at }
    }

    /// Appends an event.
    pub(crate) fn push(&mut self, at: u64, event: &Event<'_>) {
        let kind = match event {
            Event::Created { .. } => kind::CREATED,
            Event::Altered { .. } => kind::ALTERED,
            Event::Restocked { .. } => kind::RESTOCKED,
            // Nothing else opens an order, so a reader refuses what this would make of it.
            Event::Opened { standing, .. } => opened_kind(*standing).unwrap_or(u8::MAX),
            Event::Moved { standing, .. } => moved_kind(*standing),
        };
        self.out.push(kind);
        put(self.out, at.saturating_sub(self.at));
        self.at = at;
        match event {
            Event::Created { stock, rules } => {
                put(self.out, *stock);
                put_rules(self.out, *rules);
            }
            Event::Altered { rules } => put_rules(self.out, *rules),
            Event::Restocked { delta, id } => {
                put(self.out, zigzag(*delta));
                self.out.push(u8::from(id.is_some()));
                if let Some(id) = id {
                    id.pack(self.out);
                }
            }
            Event::Opened { order, buyer, qty, standing } => {
                order.pack(self.out);
                buyer.pack(self.out);
                put(self.out, u64::from(*qty));
                put_standing(self.out, at, *standing);
            }
            Event::Moved { order, standing } => {
                put(self.out, u64::from(*order));
                put_standing(self.out, at, *standing);
            }
        }
    }

    /// The size of all that was written, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }
}

/// Reads a batch. It trusts nothing, borrows everything and allocates nothing.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    seq: u64,
    term: u64,
    at: u64,
}

impl<'a> Reader<'a> {
    /// Begins to read; `None` when this is no batch of this version.
    #[must_use]
    pub fn new(batch: &'a [u8]) -> Option<Self> {
        let (&version, mut bytes) = batch.split_first()?;
        if version != VERSION {
            return None;
        }
        let mut field = || at_most(take(&mut bytes)?, MAX_INT);
        let (seq, term, at) = (field()?, field()?, field()?);
        Some(Self { bytes, seq, term, at })
    }

    /// The next event; `Ok(None)` at the end of the batch, `Err` when what follows is no event.
    #[expect(clippy::should_implement_trait, clippy::result_unit_err, reason = "a reader that can fail")]
    pub fn next(&mut self) -> Result<Option<Entry<'a>>, ()> {
        if self.bytes.is_empty() { Ok(None) } else { self.entry().map(Some).ok_or(()) }
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let (&kind, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        self.at = at_most(self.at.checked_add(take(&mut self.bytes)?)?, MAX_INT)?;
        let event = self.event(kind)?;
        let seq = self.seq;
        self.seq = at_most(seq.checked_add(1)?, MAX_INT)?;
        Some(Entry { seq, term: self.term, at: self.at, event })
    }

    fn event(&mut self, kind: u8) -> Option<Event<'a>> {
        let bytes = &mut self.bytes;
        Some(match kind {
            kind::CREATED => {
                let stock = at_most(take(bytes)?, MAX_INT)?;
                Event::Created { stock, rules: take_rules(bytes)? }
            }
            kind::ALTERED => Event::Altered { rules: take_rules(bytes)? },
            kind::RESTOCKED => {
                let delta = unzigzag(take(bytes)?);
                at_most(delta.unsigned_abs(), MAX_INT)?;
                let (&has_id, rest) = bytes.split_first()?;
                *bytes = rest;
                let id = match has_id {
                    0 => None,
                    1 => Some(Name::unpack(bytes)?),
                    _ => return None,
                };
                Event::Restocked { delta, id }
            }
            kind::OPENED_HELD | kind::OPENED_SOLD => Event::Opened {
                order: Name::unpack(bytes)?,
                buyer: Name::unpack(bytes)?,
                qty: u32::try_from(take(bytes)?).ok().filter(|qty| *qty > 0)?,
                standing: take_standing(bytes, kind, self.at)?,
            },
            kind::HELD..=kind::EXPIRED => Event::Moved {
                order: u32::try_from(take(bytes)?).ok()?,
                standing: take_standing(bytes, kind, self.at)?,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_batch_of_another_version_is_refused() {
        let created = Event::Created { stock: 3, rules: Rules::default() };
        let entry = Entry { seq: 1, term: 5, at: 9, event: created };
        let mut batch = Vec::new();
        Writer::new(&mut batch, &entry).push(9, &created);
        assert_eq!(Reader::new(&batch).unwrap().next(), Ok(Some(entry)));
        batch[0] = VERSION + 1;
        assert!(Reader::new(&batch).is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_end_in_events_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            if let Some(version) = bytes.first_mut() {
                *version = VERSION;
            }
            if let Some(mut reader) = Reader::new(&bytes) {
                while let Ok(Some(entry)) = reader.next() {
                    prop_assert!(entry.at <= MAX_INT && entry.seq <= MAX_INT);
                }
            }
        }
    }
}
