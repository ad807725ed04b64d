//! Replication as Redis does it: a stream of messages, ids that name its histories, a backlog, links.

use std::collections::VecDeque;

use crate::checked_sale::Batch;
use crate::rdb::Rdb;

/// A command that a primary replicates.
#[derive(Clone)]
pub(crate) enum Message {
    /// SECKILL.APPLY.
    Apply(Batch),
    /// DEL.
    Delete,
}

/// Messages that a backlog holds: so few that a full resync is often needed.
const BACKLOG: usize = 12;

/// A node's position in the replication stream.
pub(crate) struct Stream {
    /// The replication id.
    pub(crate) id: u64,
    pub(crate) offset: u64,
    /// The id that it had before, and the offset up to which both name the same history.
    previous: Option<(u64, u64)>,
    backlog: VecDeque<Message>,
}

impl Stream {
    pub(crate) fn new(id: u64, offset: u64) -> Self {
        Self { id, offset, previous: None, backlog: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.offset += 1;
        self.backlog.push_back(message);
        if self.backlog.len() > BACKLOG {
            self.backlog.pop_front();
        }
    }

    /// From here on the history has another id.
    pub(crate) fn change_id(&mut self, id: u64) {
        self.previous = Some((self.id, self.offset));
        self.id = id;
    }

    /// The messages that a replica lacks, when a partial resync is possible.
    pub(crate) fn partial_resync(&self, replica: &Self) -> Option<VecDeque<Packet>> {
        let Self { id, offset, .. } = *replica;
        let is_known =
            id == self.id || self.previous.is_some_and(|(previous, end)| id == previous && offset <= end);
        let lacks = usize::try_from(self.offset.checked_sub(offset)?).unwrap();
        let skip = self.backlog.len().checked_sub(lacks).filter(|_| is_known)?;
        Some(self.backlog.iter().skip(skip).cloned().map(Packet::Message).collect())
    }
}

/// What a link carries.
pub(crate) enum Packet {
    /// A full resync.
    Full(Box<Rdb>),
    Message(Message),
}

/// The link of a replica to the node that it replicates.
pub(crate) struct Link {
    pub(crate) upstream: usize,
    /// Packets under way; `None` while the link is cut.
    pub(crate) queue: Option<VecDeque<Packet>>,
}
