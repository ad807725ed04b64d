//! What may happen to the servers of a simulation.

use std::collections::VecDeque;

use crate::replication::{Message, Packet};
use crate::requests;
use crate::simulation::Simulation;

type Action = fn(&mut Simulation);

/// Names, weights and functions of all actions.
pub(crate) const ACTIONS: &[(&str, u64, Action)] = &[
    ("request", 200, Simulation::request),
    ("expire holds", 30, Simulation::expire_holds),
    ("deliver", 120, Simulation::deliver),
    ("read events", 50, Simulation::read_events),
    ("cut link", 15, Simulation::cut_link),
    ("resume link", 40, Simulation::resume_link),
    ("promote", 8, Simulation::promote),
    ("demote", 8, Simulation::demote),
    ("change upstream", 6, Simulation::change_upstream),
    ("restart", 8, Simulation::restart),
    ("save", 8, Simulation::save),
    ("clock jump", 8, Simulation::clock_jump),
    ("copy", 4, Simulation::copy),
    ("delete", 1, Simulation::delete),
    ("misdeliver", 1, Simulation::misdeliver),
];

impl Simulation {
    fn request(&mut self) {
        let node = self.any_primary();
        let exists = self.nodes[node].checked.exists();
        let request = requests::draw(&mut self.random, self.steps, exists, self.now.to_ms());
        let lock_held = self.random.one_in(2);
        self.decide(node, &request, lock_held);
    }

    fn expire_holds(&mut self) {
        let node = self.any_primary();
        let most = 1 + self.random.index(6);
        let moment = self.nodes[node].moment(self.now, false);
        let mark = self.nodes[node].mark;
        let batch = self.nodes[node].checked.expire(&moment, most, mark);
        self.publish(node, batch);
    }

    fn deliver(&mut self) {
        if let Some(node) = self.any_replica() {
            let most = 1 + self.random.index(8);
            self.receive(node, most);
        }
    }

    fn read_events(&mut self) {
        let (reader, node) = (self.random.index(self.readers.len()), self.random.index(self.nodes.len()));
        let count = 1 + self.random.index(30);
        self.read_from(reader, node, count);
    }

    fn cut_link(&mut self) {
        if let Some(node) = self.any_replica() {
            self.trace(format_args!("the link of {node} is cut"));
            self.nodes[node].link.as_mut().unwrap().queue = None;
        }
    }

    fn resume_link(&mut self) {
        if let Some(node) = self.any_replica()
            && self.nodes[node].link.as_ref().is_some_and(|link| link.queue.is_none())
        {
            self.connect(node);
        }
    }

    /// A replica becomes a primary, even if it is far behind. The old primary becomes its replica now, or
    /// later.
    fn promote(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let old = self.primaries().into_iter().find(|primary| self.is_upstream(*primary, node));
        self.make_primary(node);
        if let Some(old) = old.filter(|_| self.random.one_in(2)) {
            self.make_replica(old, node);
        }
    }

    fn demote(&mut self) {
        let primary = self.any_primary();
        let upstream = self.random.index(self.nodes.len());
        if !self.is_upstream(primary, upstream) {
            self.make_replica(primary, upstream);
        }
    }

    fn change_upstream(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let upstream = self.random.index(self.nodes.len());
        if !self.is_upstream(node, upstream) {
            self.make_replica(node, upstream);
        }
    }

    fn restart(&mut self) {
        let node = self.random.index(self.nodes.len());
        let (mark, replication_id) = (self.unique(), self.unique());
        match self.nodes[node].rdb.clone().filter(|_| self.random.one_in(2)) {
            Some(rdb) => self.nodes[node].restart_from_rdb(&rdb, mark, replication_id),
            None => {
                let lost = if self.random.one_in(2) { 0 } else { self.random.index(12) };
                self.nodes[node].restart_from_aof(lost, mark, replication_id);
            }
        }
        self.cut_links_to(node);
        self.trace(format_args!("{node} restarts with {} events", self.nodes[node].checked.oracle.seq()));
    }

    fn save(&mut self) {
        let node = self.random.index(self.nodes.len());
        if self.random.one_in(2) {
            self.nodes[node].rdb = Some(self.nodes[node].save());
        } else {
            self.nodes[node].rewrite_aof();
        }
    }

    fn clock_jump(&mut self) {
        let node = self.random.index(self.nodes.len());
        let far = if self.random.one_in(3) { 3_000_000 } else { 50_000 };
        self.nodes[node].skew = self.random.below(2 * far).cast_signed() - far.cast_signed();
        self.trace(format_args!("the clock of {node} jumps to {} µs ahead", self.nodes[node].skew));
    }

    fn copy(&mut self) {
        let node = self.any_primary();
        self.trace(format_args!("the sale of {node} is copied, and the copy takes its place"));
        self.nodes[node].checked.replace_by_copy();
    }

    fn delete(&mut self) {
        let node = self.any_primary();
        self.trace(format_args!("{node} deletes the sale"));
        self.nodes[node].delete();
        self.propagate(node, &Message::Delete);
    }

    /// A replica applies a message not at all, or twice, and passes it on once.
    fn misdeliver(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let queue = self.nodes[node].link.as_mut().and_then(|link| link.queue.as_mut());
        if !queue.as_ref().is_some_and(|queue| matches!(queue.front(), Some(Packet::Message(_)))) {
            return;
        }
        let Some(Packet::Message(message)) = queue.and_then(VecDeque::pop_front) else { return };
        self.trace(format_args!("{node} applies a message not at all, or twice"));
        self.misdelivered = true;
        self.count("misdelivered");
        if self.random.one_in(2) {
            self.nodes[node].apply(&message);
            self.nodes[node].apply(&message);
        }
        self.propagate(node, &message);
    }
}
