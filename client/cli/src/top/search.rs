//! Finds the sales of the servers by SCAN, in slices that keep no server busy for long.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::exit::Failure;
use crate::sales;
use crate::servers::Primary;

/// How long one slice takes, if not all keys were seen before.
const SLICE: Duration = Duration::from_millis(100);
/// Time from one search to the next.
const PAUSE: Duration = Duration::from_secs(5);
/// Sales that are remembered: a limit to the memory of the program.
const MAX_FOUND: usize = 100_000;

/// A search that begins again when it is done.
pub(super) struct Search {
    pattern: String,
    /// The sales that the last whole search found, and those that this one found.
    known: BTreeSet<Vec<u8>>,
    found: BTreeSet<Vec<u8>>,
    at: Position,
    begins: Instant,
    is_complete: bool,
}

#[derive(Default)]
struct Position {
    primary: usize,
    cursor: u64,
}

impl Search {
    /// Of the sales whose key matches, such as `*`.
    pub(super) fn new(pattern: String) -> Self {
        Self {
            pattern,
            known: BTreeSet::new(),
            found: BTreeSet::new(),
            at: Position::default(),
            begins: Instant::now(),
            is_complete: false,
        }
    }

    /// The sales that are known.
    pub(super) fn known(&self) -> &BTreeSet<Vec<u8>> {
        &self.known
    }

    /// Whether all keys were seen once.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// A sale is gone.
    pub(super) fn forget(&mut self, sale: &[u8]) {
        self.known.remove(sale);
    }

    /// Begins anew, for the primaries are others.
    pub(super) fn restart(&mut self) {
        self.found.clear();
        self.at = Position::default();
        self.begins = Instant::now();
    }

    /// Searches for the time of a slice, or to the end.
    pub(super) async fn go_on(&mut self, primaries: &mut [Primary]) -> Result<(), Failure> {
        let slice_ends = Instant::now() + SLICE;
        while self.begins <= Instant::now() && Instant::now() < slice_ends {
            let Some(primary) = primaries.get_mut(self.at.primary) else {
                self.finish();
                break;
            };
            let (cursor, sales) = match sales::scan(primary, self.at.cursor, &self.pattern).await {
                Ok(reply) => reply,
                Err(failure) => {
                    self.restart();
                    self.begins = Instant::now() + PAUSE;
                    return Err(failure);
                }
            };
            let room = MAX_FOUND.saturating_sub(self.found.len());
            self.found.extend(sales.into_iter().take(room));
            self.at = match cursor {
                0 => Position { primary: self.at.primary + 1, cursor: 0 },
                cursor => Position { cursor, ..self.at },
            };
        }
        if !self.is_complete {
            self.known.extend(self.found.iter().cloned());
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.known = std::mem::take(&mut self.found);
        self.is_complete = true;
        self.restart();
        self.begins = Instant::now() + PAUSE;
    }
}
