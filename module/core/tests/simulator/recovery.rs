//! What must hold of all nodes at once, and how a schedule ends.

use seckill_core::protocol::{Request, Rules, Seq};

use crate::replication::Link;
use crate::simulation::Simulation;
use crate::support::snapshot::save;

impl Simulation {
    /// Every copy agrees with its oracle, and copies of one history are the same to the byte.
    pub(crate) fn check_all(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let checked = &node.checked;
            checked.check();
            let mut others = self.nodes[..number].iter().map(|other| &other.checked);
            if let Some(other) = others.find(|other| {
                other.oracle.last() == checked.oracle.last()
                    && other.sale.diverged() == checked.sale.diverged()
            }) {
                assert!(other.oracle.history == checked.oracle.history, "two histories end in one event");
                assert!(save(&other.sale) == save(&checked.sale), "one history, two snapshots");
            }
        }
    }

    /// One primary remains, all other nodes replicate it, and all readers read to the end.
    pub(crate) fn recover(&mut self) {
        let primary = self.choose_primary();
        self.attach_all(primary);
        self.deliver_all();
        // What a replica missed shows with the next event.
        self.decide_one_more(primary);
        self.deliver_all();
        for node in (0..self.nodes.len()).filter(|node| *node != primary) {
            if self.nodes[node].checked.sale.diverged() {
                self.nodes[node].link = Some(Link { upstream: primary, queue: None });
                let queue = self.full_resync(node);
                self.nodes[node].link.as_mut().unwrap().queue = Some(queue);
            }
        }
        self.deliver_all();
        self.check_all();
        for node in &self.nodes {
            let (checked, primary) = (&node.checked, &self.nodes[primary].checked);
            assert!(checked.oracle.history == primary.oracle.history, "a replica ends with another history");
            assert_eq!(checked.sale.diverged(), primary.sale.diverged());
        }
        self.read_to_the_end(primary);
    }

    /// The primary that remains: a copy that did not diverge, if there is one.
    fn choose_primary(&mut self) -> usize {
        let primaries = self.primaries();
        let is_sound = |node: &usize| !self.nodes[*node].checked.sale.diverged();
        let sound: Vec<usize> = primaries.iter().copied().filter(is_sound).collect();
        if let Some(node) = self.random.pick(&sound) {
            return node;
        }
        match (0..self.nodes.len()).find(|node| !self.nodes[*node].checked.sale.diverged()) {
            Some(node) => {
                self.make_primary(node);
                node
            }
            None => primaries[0],
        }
    }

    /// Makes every other node a replica of the primary, or of one of its replicas.
    fn attach_all(&mut self, primary: usize) {
        let mut attached = vec![primary];
        for node in (0..self.nodes.len()).filter(|node| *node != primary) {
            let upstream = self.random.pick(&attached).unwrap();
            self.make_replica(node, upstream);
            attached.push(node);
        }
    }

    /// Connects and delivers until all links work and nothing is under way.
    fn deliver_all(&mut self) {
        let mut busy = true;
        while busy {
            busy = false;
            for node in 0..self.nodes.len() {
                if self.nodes[node].link.as_ref().is_some_and(|link| link.queue.is_none()) {
                    self.connect(node);
                    busy = true;
                }
                busy |= self.receive(node, usize::MAX);
            }
        }
    }

    fn decide_one_more(&mut self, primary: usize) {
        let request = match self.nodes[primary].checked.sale.seq() {
            Seq(0) => Request::Create { stock: 1, rules: Rules::default() },
            _ => Request::Restock { delta: 1, id: None },
        };
        self.decide(primary, &request, false);
    }

    fn read_to_the_end(&mut self, primary: usize) {
        for reader in 0..self.readers.len() {
            // Each read takes back one event at least, or stores one.
            let history = self.nodes[primary].checked.oracle.history.len();
            let most = self.readers[reader].stored.len() + history;
            let mut reads = 0;
            loop {
                let node = self.random.index(self.nodes.len());
                let count = 1 + self.random.index(30);
                let changed = self.read_from(reader, node, count);
                // Only the primary knows that a reader has all there is.
                if !changed && node == primary {
                    break;
                }
                reads += usize::from(changed);
                assert!(reads <= most, "a reader that obeys FORKED comes to an end");
            }
            let stored = &self.readers[reader].stored;
            assert!(*stored == self.nodes[primary].checked.oracle.history, "a reader ends elsewhere");
        }
    }
}
