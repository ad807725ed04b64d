//! A few servers and what connects them, and what must hold after each step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Arguments;

use seckill_core::protocol::{Request, Seq, Term, UnixMicros};

use seckill_core::Role;

use crate::checked_sale::Batch;
use crate::node::{MARKS, Node};
use crate::random::Random;
use crate::reader::Reader;
use crate::replication::{Link, Message, Packet};

/// The true time at which a schedule begins.
const BEGIN: UnixMicros = UnixMicros(10_000_000_000);

/// How often each action was taken.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

pub(crate) struct Simulation {
    pub(crate) random: Random,
    /// The true time.
    pub(crate) now: UnixMicros,
    pub(crate) nodes: Vec<Node>,
    pub(crate) readers: Vec<Reader>,
    /// The term and seq of every event that was ever decided.
    decided: BTreeSet<(Term, Seq)>,
    /// The last number that [`Self::unique`] returned.
    last_unique: u64,
    /// Whether a message was lost or doubled, which the replication of Redis rules out.
    pub(crate) misdelivered: bool,
    verbose: bool,
    pub(crate) steps: u64,
    pub(crate) tally: Tally,
}

impl Simulation {
    pub(crate) fn new(seed: u64, verbose: bool) -> Self {
        let mut random = Random::new(seed);
        let readers = (0..=random.below(2)).map(|_| Reader::default()).collect();
        let nodes = 2 + random.index(4);
        let mut simulation = Self {
            random,
            now: BEGIN,
            nodes: Vec::new(),
            readers,
            decided: BTreeSet::new(),
            last_unique: 0,
            misdelivered: false,
            verbose,
            steps: 0,
            tally: Tally::default(),
        };
        for node in 0..nodes {
            let link =
                node.checked_sub(1).map(|_| Link { upstream: simulation.random.index(node), queue: None });
            let (mark, replication_id) = (simulation.unique(), simulation.unique());
            simulation.nodes.push(Node::new(mark, replication_id, link));
            simulation.connect(node);
        }
        simulation
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(crate) fn trace(&self, what: Arguments<'_>) {
        if self.verbose {
            println!("{:>4} {:>9} {what}", self.steps, self.now.0 - BEGIN.0);
        }
    }

    /// A number that was not returned before: a mark or a replication id.
    pub(crate) fn unique(&mut self) -> u64 {
        self.last_unique += 1;
        assert!(self.last_unique < MARKS);
        self.last_unique
    }

    pub(crate) fn primaries(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_primary()).collect()
    }

    pub(crate) fn any_primary(&mut self) -> usize {
        let primaries = self.primaries();
        self.random.pick(&primaries).expect("there always is one")
    }

    pub(crate) fn any_replica(&mut self) -> Option<usize> {
        let replicas: Vec<usize> = (0..self.nodes.len()).filter(|n| !self.nodes[*n].is_primary()).collect();
        self.random.pick(&replicas)
    }

    /// Whether `other` replicates `node`, directly or through other replicas, or is the same node.
    pub(crate) fn is_upstream(&self, node: usize, other: usize) -> bool {
        let up = |node: &usize| self.nodes[*node].link.as_ref().map(|link| link.upstream);
        std::iter::successors(Some(other), up).any(|upstream| upstream == node)
    }

    pub(crate) fn decide(&mut self, node: usize, request: &Request<'_>, lock_held: bool) {
        let (moment, mark) = (self.nodes[node].moment(self.now, lock_held), self.nodes[node].mark);
        let (outcome, batch) = self.nodes[node].checked.decide(request, &moment, mark);
        self.trace(format_args!("{node} at {}: {request:?}: {outcome:?}", moment.now));
        self.publish(node, batch);
    }

    /// Replicates what a primary decided.
    pub(crate) fn publish(&mut self, node: usize, batch: Option<Batch>) {
        let Some(batch) = batch else { return };
        for entry in &*batch.events {
            self.count("event");
            self.trace(format_args!("{node} decides {entry:?}"));
            let is_new = self.decided.insert((entry.term, entry.seq));
            assert!(is_new, "two events have the term and seq of {entry:?}");
        }
        self.propagate(node, &Message::Apply(batch));
    }

    pub(crate) fn propagate(&mut self, node: usize, message: &Message) {
        self.nodes[node].record(message);
        let links = self.nodes.iter_mut().filter_map(|other| other.link.as_mut());
        for queue in links.filter(|link| link.upstream == node).filter_map(|link| link.queue.as_mut()) {
            queue.push_back(Packet::Message(message.clone()));
        }
    }

    /// Cuts the links of a node's replicas, so that they learn of its new replication id.
    pub(crate) fn cut_links_to(&mut self, node: usize) {
        let links = self.nodes.iter_mut().filter_map(|other| other.link.as_mut());
        links.filter(|link| link.upstream == node).for_each(|link| link.queue = None);
    }

    /// Makes a link work again, by a partial resync when that is possible.
    pub(crate) fn connect(&mut self, node: usize) {
        let Some(link) = &self.nodes[node].link else { return };
        let upstream = &self.nodes[link.upstream].stream;
        let (id, missing) = (upstream.id, upstream.partial_resync(&self.nodes[node].stream));
        let resync = if missing.is_some() { "partial resync" } else { "full resync" };
        self.trace(format_args!("{node} connects to {}: {resync}", link.upstream));
        self.count(resync);
        if missing.is_some() && id != self.nodes[node].stream.id {
            self.nodes[node].stream.change_id(id);
            self.cut_links_to(node);
        }
        let queue = missing.unwrap_or_else(|| self.full_resync(node));
        self.nodes[node].link.as_mut().unwrap().queue = Some(queue);
    }

    /// What a full resync of this node sends.
    pub(crate) fn full_resync(&self, node: usize) -> VecDeque<Packet> {
        let upstream = self.nodes[node].link.as_ref().unwrap().upstream;
        [Packet::Full(Box::new(self.nodes[upstream].save()))].into()
    }

    /// Receives at most so many packets. Returns whether there was any.
    pub(crate) fn receive(&mut self, node: usize, most: usize) -> bool {
        for received in 0..most {
            let queue = self.nodes[node].link.as_mut().and_then(|link| link.queue.as_mut());
            match queue.and_then(VecDeque::pop_front) {
                None => return received > 0,
                Some(Packet::Full(rdb)) => {
                    self.nodes[node].load(&rdb);
                    self.cut_links_to(node);
                }
                Some(Packet::Message(message)) => {
                    self.nodes[node].apply(&message);
                    self.propagate(node, &message);
                }
            }
            let checked = &self.nodes[node].checked;
            let oracle = &checked.oracle;
            self.trace(format_args!("{node} is at seq {} of term {}", oracle.seq(), oracle.term()));
            assert!(
                self.misdelivered || !checked.sale.diverged(),
                "a copy that was sent all in order diverged"
            );
        }
        true
    }

    /// A reader reads once. Returns whether it stored or took back anything.
    pub(crate) fn read_from(&mut self, reader: usize, node: usize, count: usize) -> bool {
        let checked = &self.nodes[node].checked;
        if !checked.exists() {
            return false;
        }
        let before = self.readers[reader].stored.len();
        let role = if self.nodes[node].is_primary() { Role::Primary } else { Role::Replica };
        let forked = self.readers[reader].read(checked, role, count);
        let after = self.readers[reader].stored.len();
        if forked {
            self.count("forked");
        }
        self.trace(format_args!("reader {reader} reads from {node}: from {before} events to {after}"));
        before != after
    }

    pub(crate) fn make_primary(&mut self, node: usize) {
        self.trace(format_args!("{node} is promoted"));
        let (mark, replication_id) = (self.unique(), self.unique());
        self.nodes[node].link = None;
        self.nodes[node].begin_epoch(mark);
        self.nodes[node].stream.change_id(replication_id);
        self.cut_links_to(node);
    }

    /// A node becomes the replica of another one. It connects now, or later.
    pub(crate) fn make_replica(&mut self, node: usize, upstream: usize) {
        self.trace(format_args!("{node} becomes a replica of {upstream}"));
        if self.nodes[node].is_primary() {
            let mark = self.unique();
            self.nodes[node].begin_epoch(mark);
        }
        self.nodes[node].link = Some(Link { upstream, queue: None });
        if !self.random.one_in(4) {
            self.connect(node);
        }
    }
}
