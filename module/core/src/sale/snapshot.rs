//! A sale to versioned bytes and back. [`crate::format`] describes them.
//!
//! A snapshot is the history: a head, and then all events in batches. Loading applies them one by one, so
//! indexes and totals are derived anew and nothing that was read is trusted.

use super::apply::ApplyError;
use super::replicate::Origin;
use super::state::Sale;
use crate::format::{DIVERGED_FLAG, NEWER, SNAPSHOT_VERSION};
use crate::protocol::Seq;
use crate::storage::Seed;
use crate::storage::varint::{put, take};

/// The size of a part, in bytes. It may be longer by one event.
pub const PART: usize = 512 * 1024;

/// Why bytes are no snapshot of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A version that this module does not know.
    #[error("{NEWER}")]
    Newer,
    /// An encoding version that no module wrote.
    #[error("no version of the module wrote it")]
    UnknownEncoding,
    /// The stream ends too early.
    #[error("it is cut short")]
    CutShort,
    /// The head ends too early.
    #[error("a head that is cut short")]
    ShortHead,
    /// The head has a version, flags or length that was never written.
    #[error("a head that is malformed")]
    Head,
    /// The parts have more or fewer events than the head says.
    #[error("another number of events than the head says")]
    EventCount,
    /// A part cannot be applied.
    #[error(transparent)]
    Part(#[from] ApplyError),
}

impl Sale {
    /// The first part of a snapshot.
    #[must_use]
    pub fn snapshot_head(&self) -> Vec<u8> {
        let flags = if self.diverged { DIVERGED_FLAG } else { 0 };
        let mut head = vec![SNAPSHOT_VERSION, flags];
        put(&mut head, self.seq().0);
        head
    }

    /// The parts after the head, one by one, in a buffer of the caller: the batches of all events. `after` is
    /// 0 at first, then what the call before returned; `None` when there are no more.
    pub fn snapshot_part(&self, after: Seq, part: &mut Vec<u8>) -> Option<Seq> {
        part.clear();
        self.encode_batch(after, PART, part)
    }
}

/// A sale that is being loaded from a snapshot.
pub struct Loading {
    sale: Sale,
    /// The seq of the last event that is to come.
    last: Seq,
    diverged: bool,
    origin: Origin,
}

impl Loading {
    /// Begins with the head.
    pub fn new(head: &[u8], seed: Seed, origin: Origin) -> Result<Self, LoadError> {
        let [version, flags, rest @ ..] = head else { return Err(LoadError::ShortHead) };
        if *version > SNAPSHOT_VERSION {
            return Err(LoadError::Newer);
        }
        let mut rest = rest;
        let last = take(&mut rest).map(Seq).ok_or(LoadError::ShortHead)?;
        if *version < SNAPSHOT_VERSION || !rest.is_empty() || *flags > DIVERGED_FLAG {
            return Err(LoadError::Head);
        }
        Ok(Self { sale: Sale::new(seed), last, diverged: *flags == DIVERGED_FLAG, origin })
    }

    /// Whether another part is to come.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.sale.seq() < self.last
    }

    /// Takes the next part.
    pub fn part(&mut self, part: &[u8]) -> Result<(), LoadError> {
        self.sale.apply_batch(part, self.origin).map_err(LoadError::Part)
    }

    /// The sale, when all parts were taken.
    pub fn finish(mut self) -> Result<Sale, LoadError> {
        // Only a copy that diverged with its first batch has no event.
        if self.sale.seq() != self.last || (self.last == Seq(0) && !self.diverged) {
            return Err(LoadError::EventCount);
        }
        self.sale.diverged |= self.diverged;
        Ok(self.sale)
    }
}
