//! The history of a sale, as it is kept in memory.

use crate::blocks::{Blocks, Mover, move_in_place};
use crate::chunked::Chunked;
use crate::command::Rules;
use crate::events::{
    Standing, kind, moved_kind, opened_kind, put_rules, put_standing, take_rules, take_standing,
};
use crate::varint::{put, take, unzigzag, zigzag};

/// Events a block. Any event is found by reading one block.
const BLOCK: u64 = 32;

/// An event as it is kept: names are left to the orders, buyers and restockings that bear them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    Created { stock: u64, rules: Rules },
    Altered { rules: Rules },
    Restocked { delta: i64, id: Option<u32> },
    Opened { order: u32, standing: Standing },
    Moved { order: u32, standing: Standing },
}

/// A record with its place in history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) seq: u64,
    pub(crate) term: u64,
    pub(crate) at: u64,
    pub(crate) record: Record,
}

/// Some events in few bytes, and what must be known to read them.
#[derive(Clone)]
struct Block {
    bytes: Box<[u8]>,
    base: Base,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    /// The time of the event before it.
    at: u64,
    /// Orders that were opened before it.
    orders: u32,
}

/// A decider's reign: from this event until the next term begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    pub(crate) term: u64,
    pub(crate) first: u64,
}

/// An append-only list of events in sealed blocks and an open one.
///
/// The time of an order and the deadline of a held one are not kept with the order: they are read here.
#[derive(Clone, Default)]
pub(crate) struct Log {
    sealed: Chunked<Block>,
    /// What the bytes of the sealed blocks take.
    sealed_bytes: usize,
    open: Vec<u8>,
    base: Base,
    len: u64,
    at: u64,
    orders: u32,
    terms: Vec<Term>,
}

impl Log {
    /// The seq of the last event; 0 when there is none.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The time of the last event.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The term of the last event; 0 when there is none.
    pub(crate) fn term(&self) -> u64 {
        self.terms.last().map_or(0, |term| term.term)
    }

    /// The term of the event of a seq; 0 when it comes before the first.
    pub(crate) fn term_at(&self, seq: u64) -> u64 {
        let begun = self.terms.partition_point(|term| term.first <= seq);
        begun.checked_sub(1).and_then(|last| self.terms.get(last)).map_or(0, |term| term.term)
    }

    /// All terms, the first one first.
    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Appends an event and tells its seq. Time and term must not be below those of the last event.
    pub(crate) fn push(&mut self, at: u64, term: u64, record: &Record) -> u64 {
        if self.len > 0 && self.len.is_multiple_of(BLOCK) {
            self.seal();
        }
        let seq = self.len.saturating_add(1);
        if term != self.term() {
            self.terms.push(Term { term, first: seq });
        }
        encode(&mut self.open, self.at, at, record);
        if let Record::Opened { .. } = record {
            self.orders = self.orders.saturating_add(1);
        }
        self.at = at;
        self.len = seq;
        seq
    }

    fn seal(&mut self) {
        let bytes: Box<[u8]> = self.open.as_slice().into();
        self.open.clear();
        self.sealed_bytes = self.sealed_bytes.saturating_add(allocated(bytes.len()));
        self.sealed.push(Block { bytes, base: self.base });
        self.base = Base { at: self.at, orders: self.orders };
    }

    /// The events after a seq, the oldest first.
    pub(crate) fn after(&self, seq: u64) -> Events<'_> {
        let block = u32::try_from(seq / BLOCK).unwrap_or(u32::MAX);
        // The term of the event `seq` itself, or the first one.
        let term = self.terms.partition_point(|term| term.first <= seq).saturating_sub(1);
        let mut events = Events { log: self, block, bytes: &[], base: Base::default(), seq: 0, term };
        events.enter(block);
        while events.seq < seq && events.next().is_some() {}
        events
    }

    /// The event of a seq.
    pub(crate) fn get(&self, seq: u64) -> Option<Logged> {
        self.after(seq.checked_sub(1)?).next()
    }

    /// The event that opened an order.
    pub(crate) fn opening(&self, order: u32) -> Option<Logged> {
        if order >= self.orders {
            return None;
        }
        // The last block that begins before the order was opened.
        let block = if self.base.orders <= order {
            self.sealed.len()
        } else {
            self.sealed.partition_point(|block| block.base.orders <= order).checked_sub(1)?
        };
        self.after(u64::from(block).checked_mul(BLOCK)?)
            .find(|logged| matches!(logged.record, Record::Opened { order: opened, .. } if opened == order))
    }

    /// Memory, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.sealed_bytes
            .saturating_add(self.sealed.memory())
            .saturating_add(self.open.capacity())
            .saturating_add(self.terms.capacity().saturating_mul(size_of::<Term>()))
    }

    /// Moves a block of the list of sealed ones (part 0), of their events (1), or of what is still open.
    pub(crate) fn move_block_of(&mut self, part: u64, number: usize, mover: &mut impl Mover) -> bool {
        match part {
            0 => self.sealed.move_block(number, mover),
            1 => self.move_sealed(number, mover).is_some(),
            _ => match number {
                0 => move_in_place(Some(&mut self.open), mover),
                1 => move_in_place(Some(&mut self.terms), mover),
                _ => false,
            },
        }
    }

    fn move_sealed(&mut self, number: usize, mover: &mut impl Mover) -> Option<()> {
        let block = self.sealed.get_mut(u32::try_from(number).ok()?)?;
        block.bytes = mover.moved(core::mem::take(&mut block.bytes).into_vec()).into_boxed_slice();
        Some(())
    }
}

/// What an allocator takes for so many bytes: of its sizes there are four a doubling, and none closer than 16.
fn allocated(bytes: usize) -> usize {
    let log = bytes.saturating_sub(1).checked_ilog2().unwrap_or(0);
    let step = 1 << log.saturating_sub(2).max(4);
    bytes.checked_next_multiple_of(step).unwrap_or(bytes)
}

/// Events of a log, in order.
pub(crate) struct Events<'l> {
    log: &'l Log,
    block: u32,
    bytes: &'l [u8],
    base: Base,
    seq: u64,
    term: usize,
}

impl Events<'_> {
    /// Goes to the begin of a block.
    fn enter(&mut self, block: u32) {
        self.block = block;
        self.seq = u64::from(block).saturating_mul(BLOCK);
        (self.bytes, self.base) = match self.log.sealed.get(block) {
            Some(sealed) => (&*sealed.bytes, sealed.base),
            None if block == self.log.sealed.len() => (self.log.open.as_slice(), self.log.base),
            None => (Default::default(), Base::default()),
        };
    }
}

impl Iterator for Events<'_> {
    type Item = Logged;

    fn next(&mut self) -> Option<Logged> {
        if self.bytes.is_empty() && self.block < self.log.sealed.len() {
            self.enter(self.block.saturating_add(1));
        }
        let record = decode(&mut self.bytes, &mut self.base)?;
        self.seq = self.seq.saturating_add(1);
        if self.log.terms.get(self.term.saturating_add(1)).is_some_and(|next| next.first <= self.seq) {
            self.term = self.term.saturating_add(1);
        }
        let term = self.log.terms.get(self.term)?.term;
        Some(Logged { seq: self.seq, term, at: self.base.at, record })
    }
}

fn encode(out: &mut Vec<u8>, before: u64, at: u64, record: &Record) {
    let elapsed = at.saturating_sub(before);
    let mut begin = |kind| {
        out.push(kind);
        put(out, elapsed);
    };
    match *record {
        Record::Created { stock, rules } => {
            begin(kind::CREATED);
            put(out, stock);
            put_rules(out, rules);
        }
        Record::Altered { rules } => {
            begin(kind::ALTERED);
            put_rules(out, rules);
        }
        Record::Restocked { delta, id } => {
            begin(kind::RESTOCKED);
            put(out, zigzag(delta));
            // 0 stands for none.
            put(out, id.map_or(0, |id| u64::from(id).saturating_add(1)));
        }
        Record::Opened { standing, .. } => {
            begin(opened_kind(standing).unwrap_or(u8::MAX));
            put_standing(out, at, standing);
        }
        Record::Moved { order, standing } => {
            begin(moved_kind(standing));
            put(out, u64::from(order));
            put_standing(out, at, standing);
        }
    }
}

fn decode(bytes: &mut &[u8], base: &mut Base) -> Option<Record> {
    let (&kind, rest) = bytes.split_first()?;
    *bytes = rest;
    base.at = base.at.checked_add(take(bytes)?)?;
    Some(match kind {
        kind::CREATED => Record::Created { stock: take(bytes)?, rules: take_rules(bytes)? },
        kind::ALTERED => Record::Altered { rules: take_rules(bytes)? },
        kind::RESTOCKED => Record::Restocked {
            delta: unzigzag(take(bytes)?),
            id: take(bytes)?.checked_sub(1).and_then(|id| u32::try_from(id).ok()),
        },
        kind::OPENED_HELD | kind::OPENED_SOLD => {
            let order = base.orders;
            base.orders = order.checked_add(1)?;
            Record::Opened { order, standing: take_standing(bytes, kind, base.at)? }
        }
        _ => Record::Moved {
            order: u32::try_from(take(bytes)?).ok()?,
            standing: take_standing(bytes, kind, base.at)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders of which every third is confirmed; a new term every 50 events.
    fn sample(events: u64) -> (Log, Vec<Logged>) {
        let mut log = Log::default();
        let mut written = Vec::new();
        let mut orders = 0;
        for seq in 1..=events {
            let at = 1_000 + seq * 7;
            let record = match seq {
                1 => Record::Created { stock: 9, rules: Rules { hold: 4, ..Rules::default() } },
                _ if seq % 10 == 0 => Record::Restocked { delta: -5, id: (seq % 20 == 0).then_some(3) },
                _ if seq % 3 == 0 => Record::Moved { order: orders - 1, standing: Standing::Sold },
                _ => {
                    orders += 1;
                    Record::Opened { order: orders - 1, standing: Standing::Held { deadline: at + 4 } }
                }
            };
            let term = 100 + seq / 50;
            assert_eq!(log.push(at, term, &record), seq);
            written.push(Logged { seq, term, at, record });
        }
        (log, written)
    }

    #[test]
    fn reads_what_was_written_from_any_place() {
        for events in [0, 1, 31, 32, 33, 64, 200] {
            let (log, written) = sample(events);
            assert_eq!(log.len(), events);
            for after in 0..=events + 1 {
                let expected = written.iter().skip(usize::try_from(after).unwrap());
                assert!(log.after(after).eq(expected.copied()), "{events} events, after {after}");
            }
            assert_eq!(log.get(0), None);
            assert_eq!(log.get(events + 1), None);
        }
    }

    #[test]
    fn finds_the_event_that_opened_an_order() {
        let (log, written) = sample(300);
        let openings = written.iter().filter(|logged| matches!(logged.record, Record::Opened { .. }));
        for (order, logged) in (0..).zip(openings) {
            assert_eq!(log.opening(order).as_ref(), Some(logged));
        }
        assert_eq!(log.opening(log.orders), None);
    }
}
