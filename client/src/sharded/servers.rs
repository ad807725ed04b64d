//! What moving units needs of the servers.

use std::time::Duration;

use super::transfer::Transfer;
use crate::error::Result;

/// The servers of a sharded sale, as far as moving units needs them. Tests have servers that fail in every way.
pub(super) trait Servers: Send + Sync + 'static {
    /// What keeps other processes from moving units at the same time. It saves work, and nothing depends on it.
    type Turn: Send;

    /// Waits for the turn of this process, so long at most: none, if others had it all the time.
    fn turn(&self, patience: Duration) -> impl Future<Output = Result<Option<Self::Turn>>> + Send;

    /// Lets others have their turn.
    fn end_turn(&self, turn: Option<Self::Turn>) -> impl Future<Output = ()> + Send;

    /// Whether a shard could do its half of a transfer now: its replicas have what it wrote, where that is asked for.
    fn ready(&self, shard: usize) -> impl Future<Output = Result<()>> + Send;

    /// The figures of each shard; none of a shard that does not answer.
    fn figures(&self) -> impl Future<Output = Vec<Option<Figures>>> + Send;

    /// RESTOCK with an ID.
    fn restock(&self, shard: usize, delta: i64, id: String)
    -> impl Future<Output = Result<Restocked>> + Send;

    /// Adds a transfer to those under way.
    fn begin(&self, transfer: Transfer) -> impl Future<Output = Result<Entry>> + Send;

    /// The transfers under way, oldest first: as many as are read at once.
    fn under_way(&self) -> impl Future<Output = Result<Vec<Entry>>> + Send;

    /// Adds a transfer to those that are done, and then removes it from those under way.
    fn end(&self, entry: &Entry, end: Ending) -> impl Future<Output = Result<()>> + Send;

    /// The transfers that were done a short time ago.
    fn done(&self) -> impl Future<Output = Result<Vec<(Transfer, Ending)>>> + Send;
}

/// What a shard has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) available: u64,
    /// Units held and sold.
    pub(super) taken: u64,
    /// Its last event.
    pub(super) seq: u64,
    pub(super) term: u64,
}

/// What came of a RESTOCK with an ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restocked {
    /// It was applied, by this call or an earlier one: the units available now.
    Applied(u64),
    /// Less is available than would be taken.
    NoStock,
    /// The ID stands for another delta.
    Mismatch,
}

/// A transfer under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) transfer: Transfer,
    /// Where it is in the journal.
    pub(super) id: String,
}

/// How a transfer ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Moved,
    Void,
}
