//! Versioned bytes to a sale and back.
//!
//! A sale is its history: a snapshot is a head and then all events in batches. Loading follows them one by
//! one, so indexes and totals are derived anew and nothing that was read is trusted.

use crate::change::Unfit;
use crate::index::Seed;
use crate::sale::Sale;
use crate::varint::{put, take};

/// The version of the snapshot encoding. A snapshot of a newer version is refused.
pub const VERSION: u8 = 1;
/// The size that a part aims at, in bytes. It may be longer by one event.
pub const PART: usize = 512 * 1024;

const DIVERGED: u8 = 1;

impl Sale {
    /// The first part of a snapshot.
    #[must_use]
    pub fn snapshot_head(&self) -> Vec<u8> {
        let mut head = vec![VERSION, u8::from(self.diverged())];
        put(&mut head, self.seq());
        head
    }

    /// The parts that follow, one by one, in a buffer of the caller's choice: the batches of all events.
    /// `after` is 0 at first, then what the call before told; `None` when all is told.
    pub fn snapshot_part(&self, after: u64, part: &mut Vec<u8>) -> Option<u64> {
        part.clear();
        self.batch(after, PART, part)
    }
}

/// A sale on its way back from a snapshot.
pub struct Loading {
    sale: Sale,
    seq: u64,
    diverged: bool,
}

impl Loading {
    /// Begins with the head.
    pub fn new(head: &[u8], seed: Seed) -> Result<Self, Unfit> {
        let [version, flags, seq @ ..] = head else { return Err(Unfit("a head that is cut short")) };
        if *version > VERSION {
            return Err(Unfit::NEWER);
        }
        let mut rest = seq;
        let seq = take(&mut rest).ok_or(Unfit("a head that is cut short"))?;
        if *version < VERSION || !rest.is_empty() || *flags > DIVERGED {
            return Err(Unfit("a head that is malformed"));
        }
        Ok(Self { sale: Sale::new(seed), seq, diverged: *flags == DIVERGED })
    }

    /// Whether another part is to come.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.sale.seq() < self.seq
    }

    /// Takes the next part.
    pub fn part(&mut self, part: &[u8]) -> Result<(), Unfit> {
        self.sale.follow(part)
    }

    /// The sale, when all parts were taken.
    pub fn finish(mut self) -> Result<Sale, Unfit> {
        if self.sale.seq() != self.seq || (self.seq == 0 && !self.diverged) {
            return Err(Unfit("another number of events than the head says"));
        }
        if self.diverged {
            self.sale.mark_diverged();
        }
        Ok(self.sale)
    }
}
