//! What chance does to a world.

use std::collections::VecDeque;

use crate::requests;
use crate::stream::{Message, Packet};
use crate::world::World;

type Action = fn(&mut World);

/// What may happen, and how often.
pub(crate) const ACTIONS: &[(&str, u64, Action)] = &[
    ("request", 200, World::request),
    ("sweep", 30, World::sweep),
    ("deliver", 120, World::deliver),
    ("read", 50, World::read),
    ("cut", 15, World::cut),
    ("resume", 40, World::resume),
    ("promote", 8, World::promote),
    ("demote", 8, World::demote),
    ("reroute", 6, World::reroute),
    ("restart", 8, World::restart),
    ("save", 8, World::save),
    ("jump", 8, World::jump),
    ("renew", 4, World::renew),
    ("delete", 1, World::delete),
    ("garble", 1, World::garble),
];

impl World {
    fn request(&mut self) {
        let node = self.any_primary();
        let exists = self.nodes[node].twin.exists();
        let request = requests::draw(&mut self.dice, self.steps, exists, self.us / 1_000);
        let lock_held = self.dice.one_in(2);
        self.ask(node, &request, lock_held);
    }

    fn sweep(&mut self) {
        let node = self.any_primary();
        let most = 1 + self.dice.size(6);
        let moment = self.nodes[node].moment(self.us, false);
        let mark = self.nodes[node].mark;
        let batch = self.nodes[node].twin.sweep(&moment, most, mark);
        self.publish(node, batch);
    }

    fn deliver(&mut self) {
        if let Some(node) = self.any_replica() {
            let many = 1 + self.dice.size(8);
            self.drain(node, many);
        }
    }

    fn read(&mut self) {
        let (reader, node) = (self.dice.size(self.readers.len()), self.dice.size(self.nodes.len()));
        let count = 1 + self.dice.size(30);
        self.read_from(reader, node, count);
    }

    fn cut(&mut self) {
        if let Some(node) = self.any_replica() {
            self.tell(format_args!("the link of {node} is cut"));
            self.nodes[node].link.as_mut().unwrap().queue = None;
        }
    }

    fn resume(&mut self) {
        if let Some(node) = self.any_replica()
            && self.nodes[node].link.as_ref().is_some_and(|link| link.queue.is_none())
        {
            self.connect(node);
        }
    }

    /// A replica, however far behind, becomes a primary. The old one is told so, or goes on for a while.
    fn promote(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let old = self.primaries().into_iter().find(|primary| self.feeds(*primary, node));
        self.make_primary(node);
        if let Some(old) = old.filter(|_| self.dice.one_in(2)) {
            self.follow(old, node);
        }
    }

    fn demote(&mut self) {
        let primary = self.any_primary();
        let above = self.dice.size(self.nodes.len());
        if !self.feeds(primary, above) {
            self.follow(primary, above);
        }
    }

    fn reroute(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let above = self.dice.size(self.nodes.len());
        if !self.feeds(node, above) {
            self.follow(node, above);
        }
    }

    fn restart(&mut self) {
        let node = self.dice.size(self.nodes.len());
        let (mark, id) = (self.give(), self.give());
        match self.nodes[node].saved.clone().filter(|_| self.dice.one_in(2)) {
            Some(image) => self.nodes[node].restart_from_image(&image, mark, id),
            None => {
                let lost = if self.dice.one_in(2) { 0 } else { self.dice.size(12) };
                self.nodes[node].restart_from_log(lost, mark, id);
            }
        }
        self.cut_below(node);
        self.tell(format_args!("{node} restarts with {} events", self.nodes[node].twin.story.seq()));
    }

    fn save(&mut self) {
        let node = self.dice.size(self.nodes.len());
        if self.dice.one_in(2) {
            self.nodes[node].saved = Some(self.nodes[node].image());
        } else {
            self.nodes[node].rewrite_log();
        }
    }

    fn jump(&mut self) {
        let node = self.dice.size(self.nodes.len());
        let far = if self.dice.one_in(3) { 3_000_000 } else { 50_000 };
        self.nodes[node].skew = self.dice.below(2 * far).cast_signed() - far.cast_signed();
        self.tell(format_args!("the clock of {node} jumps to {} µs ahead", self.nodes[node].skew));
    }

    fn renew(&mut self) {
        let node = self.any_primary();
        self.tell(format_args!("the sale of {node} is copied, and the copy takes its place"));
        self.nodes[node].twin.renew();
    }

    fn delete(&mut self) {
        let node = self.any_primary();
        self.tell(format_args!("{node} deletes the sale"));
        self.nodes[node].delete();
        self.pass_on(node, &Message::Deleted);
    }

    /// A message does not arrive in the sale, or twice, though the server passes it on.
    fn garble(&mut self) {
        let Some(node) = self.any_replica() else { return };
        let queue = self.nodes[node].link.as_mut().and_then(|link| link.queue.as_mut());
        if !queue.as_ref().is_some_and(|queue| matches!(queue.front(), Some(Packet::Message(_)))) {
            return;
        }
        let Some(Packet::Message(message)) = queue.and_then(VecDeque::pop_front) else { return };
        self.tell(format_args!("{node} is told wrongly"));
        self.garbled = true;
        self.count("garbled");
        if self.dice.one_in(2) {
            self.nodes[node].follow(&message);
            self.nodes[node].follow(&message);
        }
        self.pass_on(node, &message);
    }
}
