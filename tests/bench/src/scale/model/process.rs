//! A process of clients, as the client crate has it.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Mutex;

use super::clock::{MS, Ns, SECOND};
use super::world::World;

/// How long what is known holds.
const LIFE: Ns = SECOND;
/// The time in which a purchase is answered.
const WITHIN: Ns = 5 * SECOND;
/// How long the turn is waited for, and after how much of it a process looks again whether there are units.
const PATIENCE: Ns = SECOND;
const GLANCE: Ns = 100 * MS;
/// The most transfers for one shard in a row.
const MOST_MOVES: usize = 100;

pub(super) struct Process {
    number: usize,
    world: Rc<World>,
    /// The answer that was found last, and when its search began.
    mover: Mutex<Option<(Ns, Answer)>>,
    is_learning: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Brought(usize),
    Nothing,
}

impl Process {
    pub(super) fn new(number: usize, world: &Rc<World>) -> Rc<Self> {
        Rc::new(Self { number, world: world.clone(), mover: Mutex::default(), is_learning: Cell::new(false) })
    }

    /// Whether it is known that nothing is left. If that ends soon, it is learned again in the background.
    pub(super) fn knows(self: &Rc<Self>) -> bool {
        let left = self.world.memories[self.number].until.get().saturating_sub(self.world.clock.now());
        if left > 0 && left <= LIFE / 2 {
            self.begin_to_learn();
        }
        left > 0
    }

    /// A purchase of one unit, at this home.
    pub(super) async fn buy(self: Rc<Self>, home: usize) {
        let begun = self.world.clock.now();
        let is_accepted = self.place(home, begun + WITHIN).await;
        let took = (self.world.clock.now() - begun) / 1_000;
        let mut tally = self.world.tally.borrow_mut();
        tally.last_call = self.world.clock.now();
        match is_accepted {
            Some(true) => tally.accepted.saturating_record(took),
            Some(false) => tally.refused.saturating_record(took),
            None => tally.failed += 1,
        }
        let (sold, stock) = (tally.accepted.len(), self.world.scenario.stock);
        let now = Some(self.world.clock.now());
        if sold >= stock - stock / 100 {
            tally.almost_sold_out = tally.almost_sold_out.or(now);
        }
        if sold >= stock {
            tally.sold_out = tally.sold_out.or(now);
        }
        drop(tally);
        if is_accepted == Some(false) {
            self.begin_to_learn();
        }
    }

    fn begin_to_learn(self: &Rc<Self>) {
        if self.is_learning.replace(true) {
            return;
        }
        let process = self.clone();
        self.world.clock.spawn(async move {
            process.learn().await;
            process.is_learning.set(false);
        });
    }

    /// Whether it was accepted, if that is known in time.
    async fn place(&self, home: usize, deadline: Ns) -> Option<bool> {
        while !self.world.buy(home).await {
            let refused = self.world.clock.now();
            if refused >= deadline {
                return Some(false);
            }
            let answer = self.bring(home, refused).await;
            if self.world.clock.now() >= deadline {
                return None;
            }
            if answer == Answer::Nothing {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Brings units to a shard that refused an order at this instant.
    async fn bring(&self, to: usize, refused: Ns) -> Answer {
        let mut last = self.mover.lock().await;
        if let Some((begun, answer)) = *last
            && begun > refused
            && [Answer::Nothing, Answer::Brought(to)].contains(&answer)
        {
            return answer;
        }
        let mut turn = None;
        let patience = self.world.clock.now() + PATIENCE;
        while turn.is_none() && self.world.clock.now() < patience {
            let begun = self.world.clock.now();
            if self.world.nothing_is_left().await {
                *last = Some((begun, Answer::Nothing));
                return Answer::Nothing;
            }
            turn = self.world.turn(GLANCE).await;
        }
        let begun = self.world.clock.now();
        let answer = self.gather(to).await;
        *last = Some((begun, answer));
        drop(turn);
        answer
    }

    async fn gather(&self, to: usize) -> Answer {
        let mut shards = self.world.look().await;
        for _ in 0..MOST_MOVES {
            if shards[to] > 0 {
                break;
            }
            let richest = (0..shards.len()).max_by_key(|shard| shards[*shard]);
            let Some(from) = richest.filter(|from| shards[*from] > 0) else { return Answer::Nothing };
            match self.world.transfer(from, to, shards[from].div_ceil(2)).await {
                Some((rest, brought)) => (shards[from], shards[to]) = (rest, brought),
                None => shards = self.world.read(None).await,
            }
        }
        Answer::Brought(to)
    }

    /// Learns what all shards have. It is forgotten when one changes.
    async fn learn(&self) {
        let memory = &self.world.memories[self.number];
        let (sent, changes) = (self.world.clock.now(), memory.changes.get());
        let shards = self.world.read(Some(self.number)).await;
        if changes == memory.changes.get() && shards.iter().all(|available| *available == 0) {
            memory.until.set(sent + LIFE);
        }
    }
}
