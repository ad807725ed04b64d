//! An RDB file: what a server saves, and sends for a full resync.

use seckill_core::protocol::Term;

use crate::checked_sale::Snapshot;

#[derive(Clone)]
pub(crate) struct Rdb {
    pub(crate) snapshot: Snapshot,
    pub(crate) last_term: Term,
    /// The replication id and offset.
    pub(crate) replication: (u64, u64),
}
