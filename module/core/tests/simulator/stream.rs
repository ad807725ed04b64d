//! Replication, as Redis does it: one stream of messages, ids that name its histories, a backlog, links.

use std::collections::VecDeque;

use crate::node::Image;
use crate::twin::Batch;

/// What a primary tells of a change.
#[derive(Clone)]
pub(crate) enum Message {
    Batch(Batch),
    /// The key is gone.
    Deleted,
}

/// The messages that a backlog holds: so few that a full resync is often needed.
const BACKLOG: usize = 12;

/// A node's place in the stream.
pub(crate) struct Stream {
    pub(crate) id: u64,
    pub(crate) offset: u64,
    /// The id that it had before, and up to where both name the same.
    second: Option<(u64, u64)>,
    backlog: VecDeque<Message>,
}

impl Stream {
    pub(crate) fn new(id: u64, offset: u64) -> Self {
        Self { id, offset, second: None, backlog: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.offset += 1;
        self.backlog.push_back(message);
        if self.backlog.len() > BACKLOG {
            self.backlog.pop_front();
        }
    }

    /// From here on the history has another id.
    pub(crate) fn rename(&mut self, id: u64) {
        self.second = Some((self.id, self.offset));
        self.id = id;
    }

    /// What a follower lacks, when a partial resync will do.
    pub(crate) fn rest(&self, follower: &Self) -> Option<VecDeque<Packet>> {
        let Self { id, offset, .. } = *follower;
        let known = id == self.id || self.second.is_some_and(|(other, end)| id == other && offset <= end);
        let lacks = usize::try_from(self.offset.checked_sub(offset)?).unwrap();
        let skip = self.backlog.len().checked_sub(lacks).filter(|_| known)?;
        Some(self.backlog.iter().skip(skip).cloned().map(Packet::Message).collect())
    }
}

/// A piece of what a link carries.
pub(crate) enum Packet {
    Full(Box<Image>),
    Message(Message),
}

/// What a replica hangs on.
pub(crate) struct Link {
    pub(crate) upstream: usize,
    /// What is under way; `None` while the link is cut.
    pub(crate) queue: Option<VecDeque<Packet>>,
}
