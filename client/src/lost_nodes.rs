//! Nodes of a cluster that cannot be reached.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError};
use tokio::time::Instant;

use crate::connect::Node;
use crate::encode::key;
use crate::slot::slot;

/// The first pause between two calls to such a node; it doubles with each that fails. A slot that only moved is found by then.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Nodes to which calls were redirected in vain. Each such call makes the connection of a cluster ask for all slots anew, and many
/// of them keep it from everything else, so that a dead node would stop the calls to all others. So of all calls
/// for such a node one at a time is sent, and the others fail at once.
#[derive(Default)]
pub(crate) struct LostNodes {
    /// Whether there is one: read by every call.
    are_some: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    of_slot: HashMap<u16, Node>,
    nodes: HashMap<Node, Lost>,
}

struct Lost {
    pause: Duration,
    /// When the next call is sent.
    next: Instant,
}

impl LostNodes {
    /// Why a command is not sent at this instant, if its node is lost and another call has just tried to reach it.
    pub(crate) fn refusal(&self, command: &Cmd, now: Instant) -> Option<RedisError> {
        if !self.are_some.load(Relaxed) {
            return None;
        }
        let slot = slot(key(command)?);
        let mut state = self.lock();
        let State { of_slot, nodes } = &mut *state;
        let node = of_slot.get(&slot)?;
        let lost = nodes.get_mut(node)?;
        if now >= lost.next {
            lost.next = now + lost.pause;
            return None;
        }
        let address = format!("{}:{}", node.host, node.port);
        Some(
            (ErrorKind::ClusterConnectionNotFound, "a node of the cluster cannot be reached", address).into(),
        )
    }

    /// A command was redirected to this node, which the connection could not reach.
    pub(crate) fn note(&self, command: &Cmd, node: Node, now: Instant) {
        let Some(slot) = key(command).map(slot) else { return };
        let mut state = self.lock();
        let lost = state.nodes.entry(node.clone()).or_insert(Lost { pause: FIRST_PAUSE, next: now });
        lost.next = now + lost.pause;
        lost.pause = (2 * lost.pause).min(LONGEST_PAUSE);
        state.of_slot.insert(slot, node);
        self.are_some.store(true, Relaxed);
    }

    /// A command was answered by the node that has its slot.
    pub(crate) fn forget(&self, command: &Cmd) {
        if !self.are_some.load(Relaxed) {
            return;
        }
        let Some(slot) = key(command).map(slot) else { return };
        let mut state = self.lock();
        if let Some(node) = state.of_slot.remove(&slot) {
            state.nodes.remove(&node);
            state.of_slot.retain(|_, of_slot| *of_slot != node);
        }
        self.are_some.store(!state.nodes.is_empty(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    fn info(sale: &str) -> Cmd {
        let mut info = cmd("SECKILL.INFO");
        info.arg(sale);
        info
    }

    #[test]
    fn one_call_at_a_time_looks_for_a_node_that_is_lost() {
        let (lost, node, now) = (LostNodes::default(), Node::new("10.0.0.1", 6379), Instant::now());
        let (one, other, elsewhere) = (info("{a}1"), info("{b}1"), info("{c}1"));
        assert!(lost.refusal(&one, now).is_none());
        for command in [&one, &other] {
            lost.note(command, node.clone(), now);
        }
        let error = lost.refusal(&one, now).expect("it was tried just now");
        assert!(error.to_string().contains("10.0.0.1:6379"), "{error}");
        assert!(lost.refusal(&other, now).is_some() && lost.refusal(&elsewhere, now).is_none());
        assert!(lost.refusal(&cmd("PING"), now).is_none());

        let later = now + LONGEST_PAUSE;
        assert!(lost.refusal(&other, later).is_none(), "one looks for it");
        assert!(lost.refusal(&one, later).is_some());
        lost.forget(&other);
        assert!(lost.refusal(&one, later).is_none() && !lost.are_some.load(Relaxed));
    }

    /// A slot that moved is looked for soon.
    #[test]
    fn the_first_pause_is_short() {
        let (lost, one, mut now) = (LostNodes::default(), info("a"), Instant::now());
        for pause in [5, 10, 20, 40, 80, 100, 100] {
            lost.note(&one, Node::new("10.0.0.1", 6379), now);
            now += Duration::from_millis(pause);
            assert!(lost.refusal(&one, now - Duration::from_millis(1)).is_some(), "{pause}");
            assert!(lost.refusal(&one, now).is_none(), "{pause}");
        }
    }
}
