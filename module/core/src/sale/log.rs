//! The history of a sale, in memory.

use super::codec::{IdCodec, put_event, take_event};
use super::event::{Entry, Event, LoggedEvent, Stamp};
use crate::protocol::{OrderNumber, RestockNumber, Seq, Term, UnixMs};
use crate::storage::varint::{put, take};
use crate::storage::{Chunked, Relocate, Relocator, make_room, memory_of, relocate_in_place, size_class};

/// Events in a block. To find an event, one block is read.
const BLOCK: u64 = 32;

/// The bytes of an event, unless it is a rare one.
const USUAL: usize = 16;

/// An event of the log with its place in history.
pub(super) type Logged = Entry<LoggedEvent>;

/// The bytes of some events, and what must be known to read them.
#[derive(Clone)]
struct Block {
    bytes: Box<[u8]>,
    base: Base,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    /// The time of the event before it.
    at: UnixMs,
    /// The number of the first order that is opened in it.
    next_order: OrderNumber,
}

/// Where a term begins. It ends where the next one begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermStart {
    pub(super) term: Term,
    pub(super) first: Seq,
}

/// An append-only list of events, in sealed blocks and an open one.
///
/// The time of an order and the deadline of a held one are not kept with the order: they are read here.
#[derive(Clone, Default)]
pub(super) struct Log {
    sealed: Chunked<Block>,
    /// What the bytes of the sealed blocks take.
    sealed_bytes: usize,
    open: Vec<u8>,
    base: Base,
    len: u64,
    at: UnixMs,
    next_order: OrderNumber,
    terms: Vec<TermStart>,
}

impl Log {
    /// The seq of the last event; 0 when there is none.
    pub(super) fn last(&self) -> Seq {
        Seq(self.len)
    }

    /// The time of the last event.
    pub(super) fn at(&self) -> UnixMs {
        self.at
    }

    /// The term of the last event; 0 when there is none.
    pub(super) fn term(&self) -> Term {
        self.terms.last().map_or(Term(0), |start| start.term)
    }

    /// The term of an event; 0 when it comes before the first.
    pub(super) fn term_at(&self, seq: Seq) -> Term {
        let begun = self.terms.partition_point(|start| start.first <= seq);
        begun.checked_sub(1).and_then(|last| self.terms.get(last)).map_or(Term(0), |start| start.term)
    }

    /// All terms, the first one first.
    pub(super) fn terms(&self) -> &[TermStart] {
        &self.terms
    }

    /// Appends an event and returns its seq. Time and term must not be below those of the last event, and an
    /// order that it opens must be the next one.
    pub(super) fn push(&mut self, stamp: Stamp, event: &LoggedEvent) -> Seq {
        debug_assert!(self.term() <= stamp.term, "a term that has ended");
        if self.len > 0 && self.len.is_multiple_of(BLOCK) {
            self.seal();
        }
        let seq = self.last().next();
        if stamp.term != self.term() {
            make_room(&mut self.terms, 1);
            self.terms.push(TermStart { term: stamp.term, first: seq });
        }
        if let Event::Opened { opening, .. } = event {
            debug_assert_eq!(*opening, self.next_order, "orders are opened in sequence");
            self.next_order = OrderNumber(opening.0.saturating_add(1));
        }
        make_room(&mut self.open, USUAL);
        // The number of a new order needs no bytes: it is the next one.
        put_event(&mut self.open, self.at, stamp.at, event, |_, _| {});
        self.at = stamp.at;
        self.len = seq.0;
        seq
    }

    fn seal(&mut self) {
        let bytes: Box<[u8]> = self.open.as_slice().into();
        self.open.clear();
        self.sealed_bytes = self.sealed_bytes.saturating_add(size_class(bytes.len()));
        self.sealed.push(Block { bytes, base: self.base });
        self.base = Base { at: self.at, next_order: self.next_order };
    }

    /// The events after a seq, the oldest first.
    pub(super) fn after(&self, seq: Seq) -> Events<'_> {
        let block = u32::try_from(seq.0 / BLOCK).unwrap_or(u32::MAX);
        // The term of the event `seq` itself, or the first one.
        let term = self.terms.partition_point(|start| start.first <= seq).saturating_sub(1);
        let mut events = Events { log: self, block, bytes: &[], base: Base::default(), seq: Seq(0), term };
        events.enter(block);
        while events.seq < seq && events.next().is_some() {}
        events
    }

    /// The event of a seq.
    pub(super) fn get(&self, seq: Seq) -> Option<Logged> {
        self.after(Seq(seq.0.checked_sub(1)?)).next()
    }

    /// The event that opened an order.
    pub(super) fn opening(&self, order: OrderNumber) -> Option<Logged> {
        if order >= self.next_order {
            return None;
        }
        // The last block that begins before the order was opened.
        let block = if self.base.next_order <= order {
            self.sealed.len()
        } else {
            self.sealed.partition_point(|block| block.base.next_order <= order).checked_sub(1)?
        };
        self.after(Seq(u64::from(block).checked_mul(BLOCK)?))
            .find(|logged| matches!(logged.event, Event::Opened { opening, .. } if opening == order))
    }

    /// Memory, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.sealed_bytes
            .saturating_add(self.sealed.memory())
            .saturating_add(memory_of(&self.open))
            .saturating_add(memory_of(&self.terms))
    }

    fn relocate_sealed(&mut self, number: usize, relocator: &mut impl Relocator) -> Option<()> {
        let block = self.sealed.get_mut(u32::try_from(number).ok()?)?;
        block.bytes = relocator.relocate(core::mem::take(&mut block.bytes).into_vec()).into_boxed_slice();
        Some(())
    }
}

/// Its parts are the list of sealed blocks, their bytes, and the open block with the terms.
impl Relocate for Log {
    const PARTS: u32 = 3;

    fn relocate_block(&mut self, part: u32, number: usize, relocator: &mut impl Relocator) -> bool {
        let Self { sealed, open, terms, sealed_bytes: _, base: _, len: _, at: _, next_order: _ } = self;
        match (part, number) {
            (0, _) => sealed.relocate_block(0, number, relocator),
            (1, _) => self.relocate_sealed(number, relocator).is_some(),
            (2, 0) => relocate_in_place(Some(open), relocator),
            (2, 1) => relocate_in_place(Some(terms), relocator),
            _ => false,
        }
    }
}

/// Events of a log, in order.
pub(super) struct Events<'l> {
    log: &'l Log,
    block: u32,
    bytes: &'l [u8],
    base: Base,
    seq: Seq,
    term: usize,
}

impl Events<'_> {
    /// Goes to the start of a block.
    fn enter(&mut self, block: u32) {
        self.block = block;
        self.seq = Seq(u64::from(block).saturating_mul(BLOCK));
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
        let Base { at, next_order } = &mut self.base;
        let (happened, event) = take_event(&mut self.bytes, *at, |_| {
            let order = *next_order;
            *next_order = OrderNumber(order.0.saturating_add(1));
            Some(order)
        })?;
        *at = happened;
        self.seq = self.seq.next();
        if self.log.terms.get(self.term.saturating_add(1)).is_some_and(|next| next.first <= self.seq) {
            self.term = self.term.saturating_add(1);
        }
        let term = self.log.terms.get(self.term)?.term;
        Some(Logged { seq: self.seq, term, at: happened, event })
    }
}

/// The number and 1; 0 stands for none.
impl IdCodec<'_> for RestockNumber {
    fn put(id: Option<&Self>, out: &mut Vec<u8>) {
        put(out, id.map_or(0, |id| u64::from(id.0).saturating_add(1)));
    }

    fn take(bytes: &mut &[u8]) -> Option<Option<Self>> {
        match take(bytes)?.checked_sub(1) {
            None => Some(None),
            Some(id) => u32::try_from(id).ok().map(|id| Some(Self(id))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::event::{OpenStatus, OrderStatus};
    use crate::protocol::{Millis, Rules};

    /// Orders of which every third is confirmed; a new term every 50 events.
    fn sample(events: u64) -> (Log, Vec<Logged>) {
        let mut log = Log::default();
        let mut written = Vec::new();
        let mut orders = 0;
        for seq in 1..=events {
            let at = UnixMs(1_000 + seq * 7);
            let event = match seq {
                1 => Event::Created { stock: 9, rules: Rules { hold: Millis(4), ..Rules::default() } },
                _ if seq % 10 == 0 => {
                    Event::Restocked { delta: -5, id: (seq % 20 == 0).then_some(RestockNumber(3)) }
                }
                _ if seq % 3 == 0 => {
                    Event::StatusChanged { order: OrderNumber(orders - 1), status: OrderStatus::Sold }
                }
                _ => {
                    orders += 1;
                    let status = OpenStatus::Held { deadline: at.plus(Millis(4)) };
                    Event::Opened { opening: OrderNumber(orders - 1), status }
                }
            };
            let (seq, term) = (Seq(seq), Term(100 + seq / 50));
            assert_eq!(log.push(Stamp { at, term }, &event), seq);
            written.push(Logged { seq, term, at, event });
        }
        (log, written)
    }

    #[test]
    fn reads_what_was_written_from_any_place() {
        for events in [0, 1, 31, 32, 33, 64, 200] {
            let (log, written) = sample(events);
            assert_eq!(log.last(), Seq(events));
            for after in 0..=events + 1 {
                let expected = written.iter().skip(usize::try_from(after).unwrap());
                assert!(log.after(Seq(after)).eq(expected.copied()), "{events} events, after {after}");
            }
            assert_eq!(log.get(Seq(0)), None);
            assert_eq!(log.get(Seq(events + 1)), None);
        }
    }

    #[test]
    fn finds_the_event_that_opened_an_order() {
        let (log, written) = sample(300);
        let openings = written.iter().filter(|logged| matches!(logged.event, Event::Opened { .. }));
        for (order, logged) in (0..).zip(openings) {
            assert_eq!(log.opening(OrderNumber(order)).as_ref(), Some(logged));
        }
        assert_eq!(log.opening(log.next_order), None);
    }
}
