//! The callers that share a barrier.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::connect::Connect;
use crate::durable::barrier::Barrier;
use crate::durable::receipt::Durability;

/// The most orders that wait for the next barrier. Further callers wait to get in.
const LONGEST: usize = 1_024;
/// The most orders of one barrier, so that its reads do not keep the server from others for long.
const AT_ONCE: usize = 256;

/// An order that was accepted, and the caller who wants to know of its copies.
struct Entry {
    order: Vec<u8>,
    deadline: Instant,
    answer: oneshot::Sender<Durability>,
}

/// Orders on their way to a task, which takes all that are there to one barrier after another. It ends with the queue.
pub(super) struct Queue {
    entries: mpsc::Sender<Entry>,
    _task: JoinSet<()>,
}

/// Puts orders in the queue.
pub(super) struct Entrance(mpsc::Sender<Entry>);

impl Queue {
    pub(super) fn start<C: Connect>(barrier: Barrier<C>) -> Self {
        let (entries, queued) = mpsc::channel(LONGEST);
        let mut task = JoinSet::new();
        task.spawn(serve(barrier, queued));
        Self { entries, _task: task }
    }

    /// Whether the task ended, with the runtime on which it ran.
    pub(super) fn is_over(&self) -> bool {
        self.entries.is_closed()
    }

    pub(super) fn entrance(&self) -> Entrance {
        Entrance(self.entries.clone())
    }
}

impl Entrance {
    /// Which servers have the order, as far as that is known at the deadline.
    pub(super) async fn pass(self, order: Vec<u8>, deadline: Instant) -> Durability {
        let (answer, answered) = oneshot::channel();
        let passing = async {
            self.0.send(Entry { order, deadline, answer }).await.ok()?;
            answered.await.ok()
        };
        timeout_at(deadline, passing).await.ok().flatten().unwrap_or(Durability::NotYet)
    }
}

async fn serve<C: Connect>(mut barrier: Barrier<C>, mut queued: mpsc::Receiver<Entry>) {
    let mut entries = Vec::with_capacity(AT_ONCE);
    while queued.recv_many(&mut entries, AT_ONCE).await > 0 {
        entries.retain(|entry| !entry.answer.is_closed());
        let Some(deadline) = entries.iter().map(|entry| entry.deadline).max() else { continue };
        let orders: Vec<&[u8]> = entries.iter().map(|entry| &entry.order[..]).collect();
        let durabilities = barrier.pass(&orders, deadline).await;
        for (entry, durability) in entries.drain(..).zip(durabilities) {
            // A caller that is gone does not want to know.
            let _ = entry.answer.send(durability);
        }
    }
}
