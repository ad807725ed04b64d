//! The bytes of a batch: a run of events of one term. It is what a primary sends to its replicas, what the
//! AOF holds, and what a snapshot consists of. [`crate::format`] describes it.

use core::cmp::Ordering;

use super::codec::{IdCodec, put_event, take_at_most, take_event};
use super::event::{Claim, Entry, NamedEvent};
use crate::format::{BATCH_VERSION, NEWER, kind};
use crate::protocol::{MAX_INT, Name, Seq, Term, UnixMs};
use crate::storage::varint::{put, take};

/// Writes a batch.
pub(super) struct BatchWriter<'o> {
    out: &'o mut Vec<u8>,
    at: UnixMs,
}

impl<'o> BatchWriter<'o> {
    /// Begins a batch whose first event is `first`.
    pub(super) fn new(out: &'o mut Vec<u8>, first: &Entry<NamedEvent<'_>>) -> Self {
        out.push(BATCH_VERSION);
        for field in [first.seq.0, first.term.0, first.at.0] {
            put(out, field);
        }
        Self { out, at: first.at }
    }

    /// Appends an event.
    pub(super) fn push(&mut self, at: UnixMs, event: &NamedEvent<'_>) {
        put_event(self.out, self.at, at, event, put_claim);
        self.at = at;
    }

    /// The size of all that was written, in bytes.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }
}

/// Bytes that are no batch of events, or that a newer version of the module wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedBatch {
    /// A version or a kind of event that this module does not know.
    #[error("{NEWER}")]
    Newer,
    /// No batch.
    #[error("bytes that are no batch")]
    Head,
    /// A batch with bytes in it that are no event.
    #[error("bytes that are no event")]
    Event,
}

/// Reads a batch. It trusts nothing, borrows everything and allocates nothing.
#[derive(Debug, Clone)]
pub struct BatchReader<'a> {
    bytes: &'a [u8],
    seq: Seq,
    term: Term,
    at: UnixMs,
}

impl<'a> BatchReader<'a> {
    /// Reads the head.
    pub fn new(batch: &'a [u8]) -> Result<Self, MalformedBatch> {
        let (&version, mut bytes) = batch.split_first().ok_or(MalformedBatch::Head)?;
        match version.cmp(&BATCH_VERSION) {
            Ordering::Less => return Err(MalformedBatch::Head),
            Ordering::Equal => {}
            Ordering::Greater => return Err(MalformedBatch::Newer),
        }
        let mut field = || take_at_most(&mut bytes, MAX_INT).ok_or(MalformedBatch::Head);
        let (seq, term, at) = (Seq(field()?), Term(field()?), UnixMs(field()?));
        Ok(Self { bytes, seq, term, at })
    }

    fn take_entry(&mut self) -> Option<Entry<NamedEvent<'a>>> {
        let (at, event) = take_event(&mut self.bytes, self.at, take_claim)?;
        let seq = self.seq;
        if seq.0 >= MAX_INT {
            return None;
        }
        (self.at, self.seq) = (at, seq.next());
        Some(Entry { seq, term: self.term, at, event })
    }
}

/// The events. What follows an error is not read.
impl<'a> Iterator for BatchReader<'a> {
    type Item = Result<Entry<NamedEvent<'a>>, MalformedBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let is_newer = self.bytes.first().is_some_and(|kind| *kind > kind::LAST);
        let malformed = if is_newer { MalformedBatch::Newer } else { MalformedBatch::Event };
        let entry = self.take_entry().ok_or(malformed);
        if entry.is_err() {
            self.bytes = &[];
        }
        Some(entry)
    }
}

fn put_claim(out: &mut Vec<u8>, claim: &Claim<'_>) {
    claim.order.pack(out);
    claim.buyer.pack(out);
    put(out, u64::from(claim.qty));
}

fn take_claim<'a>(bytes: &mut &'a [u8]) -> Option<Claim<'a>> {
    let (order, buyer) = (Name::unpack(bytes)?, Name::unpack(bytes)?);
    let qty = u32::try_from(take(bytes)?).ok().filter(|qty| *qty > 0)?;
    Some(Claim { order, buyer, qty })
}

/// A byte that says whether a name follows, and the name.
impl<'a> IdCodec<'a> for Name<'a> {
    fn put(id: Option<&Self>, out: &mut Vec<u8>) {
        out.push(u8::from(id.is_some()));
        if let Some(id) = id {
            id.pack(out);
        }
    }

    fn take(bytes: &mut &'a [u8]) -> Option<Option<Self>> {
        let (&has_id, rest) = bytes.split_first()?;
        *bytes = rest;
        match has_id {
            0 => Some(None),
            1 => Name::unpack(bytes).map(Some),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::Event;
    use super::*;
    use crate::protocol::Rules;
    use proptest::prelude::*;

    #[test]
    fn a_batch_of_another_version_is_refused() {
        let created = Event::Created { stock: 3, rules: Rules::default() };
        let entry = Entry { seq: Seq(1), term: Term(5), at: UnixMs(9), event: created };
        let mut batch = Vec::new();
        BatchWriter::new(&mut batch, &entry).push(UnixMs(9), &created);
        assert!(BatchReader::new(&batch).unwrap().eq([Ok(entry)]));
        batch[0] = BATCH_VERSION + 1;
        assert_eq!(BatchReader::new(&batch).unwrap_err(), MalformedBatch::Newer);
        batch[0] = BATCH_VERSION - 1;
        assert_eq!(BatchReader::new(&batch).unwrap_err(), MalformedBatch::Head, "never written");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_end_in_events_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            if let Some(version) = bytes.first_mut() {
                *version = BATCH_VERSION;
            }
            for entry in BatchReader::new(&bytes).into_iter().flatten().flatten() {
                prop_assert!(entry.at <= UnixMs::MAX && entry.seq.0 <= MAX_INT);
            }
        }
    }
}
