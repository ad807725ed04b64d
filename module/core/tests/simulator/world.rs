//! One schedule: what chance does to a few servers, and what must be true all the while.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Arguments;

use seckill_core::command::Request;

use crate::actions::ACTIONS;
use crate::dice::Dice;
use crate::node::{MARKS, Node};
use crate::reader::Reader;
use crate::stream::{Link, Message, Packet};
use crate::twin::Batch;

/// When it all begins, in µs.
const BEGIN: u64 = 10_000_000_000;

/// What happened, and how often.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

pub(crate) struct World {
    pub(crate) dice: Dice,
    /// True time, in µs.
    pub(crate) us: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) readers: Vec<Reader>,
    /// The term and seq of every event that was ever decided.
    decided: BTreeSet<(u64, u64)>,
    /// Marks and ids that were given out.
    given: u64,
    /// Whether a message was lost or doubled on its way, which Redis promises not to let happen.
    pub(crate) garbled: bool,
    told: bool,
    pub(crate) steps: u64,
    tally: Tally,
}

impl World {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let readers = (0..=dice.below(2)).map(|_| Reader::default()).collect();
        let nodes = 2 + dice.size(4);
        let mut world = Self {
            dice,
            us: BEGIN,
            nodes: Vec::new(),
            readers,
            decided: BTreeSet::new(),
            given: 0,
            garbled: false,
            told,
            steps: 0,
            tally: Tally::default(),
        };
        for node in 0..nodes {
            let link = node.checked_sub(1).map(|_| Link { upstream: world.dice.size(node), queue: None });
            let (mark, id) = (world.give(), world.give());
            world.nodes.push(Node::new(mark, id, link));
            world.connect(node);
        }
        world
    }

    /// Lets it all happen, and then lets everybody recover.
    pub(crate) fn run(mut self) -> Tally {
        // Each world has a weather of its own: in some, much of this never happens.
        let mut weights: Vec<u64> =
            ACTIONS.iter().map(|(_, weight, _)| weight * self.dice.below(4)).collect();
        weights[0] = ACTIONS[0].1;
        let all = weights.iter().sum();
        for _ in 0..150 + self.dice.below(350) {
            self.steps += 1;
            self.us +=
                1 + if self.dice.one_in(12) { self.dice.below(40_000) } else { self.dice.below(2_000) };
            let mut drawn = self.dice.below(all);
            let chosen = weights.iter().position(|weight| {
                let is = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                is
            });
            let (name, _, act) = ACTIONS[chosen.unwrap()];
            self.count(name);
            act(&mut self);
            if self.dice.one_in(32) {
                self.compare();
            }
        }
        self.compare();
        self.recover();
        self.tally
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    pub(crate) fn tell(&self, what: Arguments<'_>) {
        if self.told {
            println!("{:>4} {:>9} {what}", self.steps, self.us - BEGIN);
        }
    }

    /// A number that was not given out before.
    pub(crate) fn give(&mut self) -> u64 {
        self.given += 1;
        assert!(self.given < MARKS);
        self.given
    }

    pub(crate) fn primaries(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].is_primary()).collect()
    }

    pub(crate) fn any_primary(&mut self) -> usize {
        let primaries = self.primaries();
        self.dice.pick(&primaries).expect("there always is one")
    }

    pub(crate) fn any_replica(&mut self) -> Option<usize> {
        let replicas: Vec<usize> = (0..self.nodes.len()).filter(|n| !self.nodes[*n].is_primary()).collect();
        self.dice.pick(&replicas)
    }

    /// Whether what `node` says gets to `other`, over however many links.
    pub(crate) fn feeds(&self, node: usize, other: usize) -> bool {
        let up = |node: &usize| self.nodes[*node].link.as_ref().map(|link| link.upstream);
        std::iter::successors(Some(other), up).any(|above| above == node)
    }

    pub(crate) fn ask(&mut self, node: usize, request: &Request<'_>, lock_held: bool) {
        let (moment, mark) = (self.nodes[node].moment(self.us, lock_held), self.nodes[node].mark);
        let (outcome, batch) = self.nodes[node].twin.decide(request, &moment, mark);
        self.tell(format_args!("{node} at {}: {request:?}: {outcome:?}", moment.now));
        self.publish(node, batch);
    }

    /// What a primary decided begins its way.
    pub(crate) fn publish(&mut self, node: usize, batch: Option<Batch>) {
        let Some(batch) = batch else { return };
        for fact in &*batch.facts {
            self.count("event");
            self.tell(format_args!("{node} decides {fact:?}"));
            assert!(
                self.decided.insert((fact.term, fact.seq)),
                "two events have the term and seq of {fact:?}"
            );
        }
        self.pass_on(node, &Message::Batch(batch));
    }

    pub(crate) fn pass_on(&mut self, node: usize, message: &Message) {
        self.nodes[node].keep(message);
        let links = self.nodes.iter_mut().filter_map(|other| other.link.as_mut());
        for queue in links.filter(|link| link.upstream == node).filter_map(|link| link.queue.as_mut()) {
            queue.push_back(Packet::Message(message.clone()));
        }
    }

    /// Cuts the links of those who follow a node: they must learn of its new id.
    pub(crate) fn cut_below(&mut self, node: usize) {
        let links = self.nodes.iter_mut().filter_map(|other| other.link.as_mut());
        links.filter(|link| link.upstream == node).for_each(|link| link.queue = None);
    }

    /// Makes a link work again, by a partial resync when that will do.
    pub(crate) fn connect(&mut self, node: usize) {
        let Some(link) = &self.nodes[node].link else { return };
        let upstream = &self.nodes[link.upstream].stream;
        let (id, rest) = (upstream.id, upstream.rest(&self.nodes[node].stream));
        self.tell(format_args!("{node} hangs on {}, partial: {}", link.upstream, rest.is_some()));
        self.count(if rest.is_some() { "partial resync" } else { "full resync" });
        if rest.is_some() && id != self.nodes[node].stream.id {
            self.nodes[node].stream.rename(id);
            self.cut_below(node);
        }
        let queue = rest.unwrap_or_else(|| self.whole(node));
        self.nodes[node].link.as_mut().unwrap().queue = Some(queue);
    }

    /// Makes a link work again, by a full resync.
    pub(crate) fn resync(&mut self, node: usize) {
        let queue = self.whole(node);
        self.nodes[node].link.as_mut().unwrap().queue = Some(queue);
    }

    fn whole(&mut self, node: usize) -> VecDeque<Packet> {
        let upstream = self.nodes[node].link.as_ref().unwrap().upstream;
        [Packet::Full(Box::new(self.nodes[upstream].image()))].into()
    }

    /// Takes what has come over a link; tells whether there was anything.
    pub(crate) fn drain(&mut self, node: usize, many: usize) -> bool {
        for taken in 0..many {
            let queue = self.nodes[node].link.as_mut().and_then(|link| link.queue.as_mut());
            match queue.and_then(VecDeque::pop_front) {
                None => return taken > 0,
                Some(Packet::Full(image)) => {
                    self.nodes[node].load(&image);
                    self.cut_below(node);
                }
                Some(Packet::Message(message)) => {
                    self.nodes[node].follow(&message);
                    self.pass_on(node, &message);
                }
            }
            let twin = &self.nodes[node].twin;
            self.tell(format_args!("{node} follows to {} of {}", twin.story.seq(), twin.story.term()));
            assert!(self.garbled || !twin.sale.diverged(), "a copy that was fed rightly diverged");
        }
        true
    }

    /// A reader reads once; tells whether there was more to do.
    pub(crate) fn read_from(&mut self, reader: usize, node: usize, count: usize) -> bool {
        let twin = &self.nodes[node].twin;
        if !twin.exists() {
            return false;
        }
        let before = self.readers[reader].stored.len();
        let forked = self.readers[reader].read(twin, count);
        let after = self.readers[reader].stored.len();
        if forked {
            self.count("forked");
        }
        self.tell(format_args!("reader {reader} goes with {node} from {before} to {after}"));
        before != after
    }

    pub(crate) fn make_primary(&mut self, node: usize) {
        self.tell(format_args!("{node} is promoted"));
        let (mark, id) = (self.give(), self.give());
        self.nodes[node].link = None;
        self.nodes[node].begin_tenure(mark);
        self.nodes[node].stream.rename(id);
        self.cut_below(node);
    }

    /// A node is told to follow another one, and reaches it, or not yet.
    pub(crate) fn follow(&mut self, node: usize, above: usize) {
        self.tell(format_args!("{node} is told to follow {above}"));
        if self.nodes[node].is_primary() {
            let mark = self.give();
            self.nodes[node].begin_tenure(mark);
        }
        self.nodes[node].link = Some(Link { upstream: above, queue: None });
        if !self.dice.one_in(4) {
            self.connect(node);
        }
    }
}
