//! What must be true of all nodes at once, and how a world ends.

use seckill_core::command::{Request, Rules};

use crate::stream::Link;
use crate::support::bytes_of;
use crate::world::World;

impl World {
    /// Every copy tells its story, and copies of one history are the same to the byte.
    pub(crate) fn compare(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let twin = &node.twin;
            twin.check();
            let mut others = self.nodes[..number].iter().map(|other| &other.twin);
            if let Some(other) = others.find(|other| {
                other.story.last() == twin.story.last() && other.sale.diverged() == twin.sale.diverged()
            }) {
                assert!(other.story.facts == twin.story.facts, "two histories end in one event");
                assert!(bytes_of(&other.sale) == bytes_of(&twin.sale), "one history, two snapshots");
            }
        }
    }

    /// One primary remains, all others follow it, and all readers read to the end.
    pub(crate) fn recover(&mut self) {
        let last = self.choose();
        self.attach_all(last);
        self.settle();
        // What was lost on its way shows with the next event.
        self.decide_one_more(last);
        self.settle();
        for node in (0..self.nodes.len()).filter(|node| *node != last) {
            if self.nodes[node].twin.sale.diverged() {
                self.nodes[node].link = Some(Link { upstream: last, queue: None });
                self.resync(node);
            }
        }
        self.settle();
        self.compare();
        for node in &self.nodes {
            let (twin, last) = (&node.twin, &self.nodes[last].twin);
            assert!(twin.story.facts == last.story.facts, "a replica ends with another history");
            assert_eq!(twin.sale.diverged(), last.sale.diverged());
        }
        self.read_to_the_end(last);
    }

    /// The primary that remains: a copy that did not diverge, if there is one.
    fn choose(&mut self) -> usize {
        let primaries = self.primaries();
        let is_sound = |node: &usize| !self.nodes[*node].twin.sale.diverged();
        let sound: Vec<usize> = primaries.iter().copied().filter(is_sound).collect();
        if let Some(node) = self.dice.pick(&sound) {
            return node;
        }
        match (0..self.nodes.len()).find(|node| !self.nodes[*node].twin.sale.diverged()) {
            Some(node) => {
                self.make_primary(node);
                node
            }
            None => primaries[0],
        }
    }

    /// Hangs every other node on the last primary, or on one that hangs on it.
    fn attach_all(&mut self, last: usize) {
        let mut attached = vec![last];
        for node in (0..self.nodes.len()).filter(|node| *node != last) {
            let above = self.dice.pick(&attached).unwrap();
            self.follow(node, above);
            attached.push(node);
        }
    }

    /// Until all links work and nothing is under way.
    fn settle(&mut self) {
        let mut busy = true;
        while busy {
            busy = false;
            for node in 0..self.nodes.len() {
                if self.nodes[node].link.as_ref().is_some_and(|link| link.queue.is_none()) {
                    self.connect(node);
                    busy = true;
                }
                busy |= self.drain(node, usize::MAX);
            }
        }
    }

    fn decide_one_more(&mut self, last: usize) {
        let request = match self.nodes[last].twin.sale.seq() {
            0 => Request::Create { stock: 1, rules: Rules::default() },
            _ => Request::Restock { delta: 1, id: None },
        };
        self.ask(last, &request, false);
    }

    fn read_to_the_end(&mut self, last: usize) {
        for reader in 0..self.readers.len() {
            // Each answer makes headway: back by one event at least, or forth.
            let most = self.readers[reader].stored.len() + self.nodes[last].twin.story.facts.len();
            let mut answers = 0;
            loop {
                let node = self.dice.size(self.nodes.len());
                let count = 1 + self.dice.size(30);
                if !self.read_from(reader, node, count) {
                    break;
                }
                answers += 1;
                assert!(answers <= most, "a reader that obeys does not come to an end");
            }
            assert!(
                self.readers[reader].stored == self.nodes[last].twin.story.facts,
                "a reader ends elsewhere"
            );
        }
    }
}
