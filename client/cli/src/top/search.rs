//! Finds the sales of the servers by SCAN, in slices that keep no server busy for long.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::links::Link;
use crate::exit::Failure;
use crate::sales;

/// How long one slice takes at most.
const SLICE: Duration = Duration::from_millis(100);
/// Calls of SCAN in one slice: they keep a server busy for some 5 ms, and look at 100,000 keys.
const CALLS: usize = 100;
/// Time from one search to the next.
const PAUSE: Duration = Duration::from_secs(30);
/// The same after one that failed.
const RETRY: Duration = Duration::from_secs(5);
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
    /// A primary did not answer in this search or in the last one.
    is_partial: bool,
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
            is_partial: false,
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

    /// Searches for the time of a slice, or to the end. Servers that do not answer are passed over.
    pub(super) async fn go_on(&mut self, links: &mut [Link], within: Duration) -> Result<(), Failure> {
        if self.is_partial && links.iter().all(|link| link.answers) {
            self.is_partial = false;
            self.restart();
        }
        let slice_ends = Instant::now() + SLICE;
        for _ in 0..CALLS {
            if Instant::now() < self.begins || Instant::now() > slice_ends {
                break;
            }
            let Some(link) = links.get_mut(self.at.primary) else {
                self.finish();
                break;
            };
            self.step(link, within).await?;
        }
        if !self.is_complete {
            self.known.extend(self.found.iter().cloned());
        }
        Ok(())
    }

    async fn step(&mut self, link: &mut Link, within: Duration) -> Result<(), Failure> {
        let next = Position { primary: self.at.primary + 1, cursor: 0 };
        let is_up = link.answers;
        let Some(primary) = link.primary().filter(|_| is_up) else {
            self.is_partial = true;
            self.at = next;
            return Ok(());
        };
        let scanned = timeout(within, sales::scan(primary, self.at.cursor, &self.pattern)).await;
        let (cursor, sales) = match scanned {
            Ok(Ok(reply)) => reply,
            Ok(Err(failure)) => {
                self.restart();
                self.begins = Instant::now() + RETRY;
                return Err(failure);
            }
            // The pass asks it again, and so finds out when it answers.
            Err(_) => {
                link.answers = false;
                return Ok(());
            }
        };
        let room = MAX_FOUND.saturating_sub(self.found.len());
        self.found.extend(sales.into_iter().take(room));
        self.at = if cursor == 0 { next } else { Position { cursor, ..self.at } };
        Ok(())
    }

    fn finish(&mut self) {
        let found = std::mem::take(&mut self.found);
        // The sales of servers that do not answer are not gone.
        if self.is_partial {
            self.known.extend(found);
        } else {
            self.known = found;
        }
        self.is_complete = true;
        self.restart();
        self.begins = Instant::now() + PAUSE;
    }
}
