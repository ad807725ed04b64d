//! The servers of a simulation: what they have, and when they are free.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{Either, join_all, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::clock::{Clock, Ns};
use super::scenario::{Scenario, Tally};
use crate::scale::costs::Costs;

/// The server of the directory and of the journal.
const DIRECTORY: usize = 0;

pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) scenario: Scenario,
    pub(super) tally: RefCell<Tally>,
    costs: Costs,
    servers: Vec<Server>,
    shards: Vec<Shard>,
    journal: RefCell<BTreeMap<u64, Rc<Transfer>>>,
    /// How many transfers were begun.
    begun: Cell<u64>,
    turn: Arc<Semaphore>,
    /// What each process knows.
    pub(super) memories: Vec<Memory>,
}

#[derive(Default)]
struct Server {
    /// When it has done all that it was sent.
    free: Cell<Ns>,
    busy: Cell<Ns>,
    /// The longest that something waited for it.
    longest: Cell<Ns>,
}

struct Shard {
    available: Cell<u64>,
    /// Its last event.
    seq: Cell<u64>,
    /// The processes that are pushed the next change.
    watchers: RefCell<HashSet<usize>>,
}

/// Until when a process knows that nothing is left.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) until: Cell<Ns>,
    pub(super) changes: Cell<u64>,
}

/// Units on their way.
pub(super) struct Transfer {
    number: u64,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) units: u64,
    stage: Cell<Stage>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Taken,
    Moved,
    Void,
}

/// The turn of a process, until it is dropped.
pub(super) struct Turn {
    world: Rc<World>,
    permit: Option<OwnedSemaphorePermit>,
}

impl World {
    pub(super) fn new(scenario: Scenario, costs: Costs, clock: &Clock) -> Rc<Self> {
        let shards = scenario.stocks().into_iter();
        Rc::new(Self {
            clock: clock.clone(),
            scenario,
            tally: RefCell::new(Tally::new()),
            costs,
            servers: (0..scenario.servers).map(|_| Server::default()).collect(),
            shards: shards
                .map(|stock| Shard {
                    available: Cell::new(stock),
                    seq: Cell::new(0),
                    watchers: RefCell::default(),
                })
                .collect(),
            journal: RefCell::default(),
            begun: Cell::default(),
            turn: Arc::new(Semaphore::new(1)),
            memories: (0..scenario.processes).map(|_| Memory::default()).collect(),
        })
    }

    /// The time that the busiest server worked, and the longest that something waited for a server.
    pub(super) fn busiest(&self) -> (Ns, Ns) {
        let most = |figure: fn(&Server) -> Ns| self.servers.iter().map(figure).max().unwrap_or(0);
        (most(|server| server.busy.get()), most(|server| server.longest.get()))
    }

    /// A command, or several in one message, that a server serves in this time, in µs.
    async fn call<T>(&self, server: usize, cost: f64, act: impl FnOnce() -> T) -> T {
        self.clock.sleep(self.scenario.round_trip / 2).await;
        // What comes first is done first.
        let reply = act();
        let done = self.serve(server, self.costs.alone + cost);
        self.clock.sleep_until(done + self.scenario.round_trip / 2).await;
        reply
    }

    /// When it is done.
    fn serve(&self, server: usize, cost: f64) -> Ns {
        let (server, cost) = (&self.servers[server], (cost * 1e3) as Ns);
        let begun = server.free.get().max(self.clock.now());
        server.longest.set(server.longest.get().max(begun - self.clock.now()));
        server.busy.set(server.busy.get() + cost);
        server.free.set(begun + cost);
        begun + cost
    }

    /// Buys a unit, if the shard has one.
    pub(super) async fn buy(self: &Rc<Self>, shard: usize) -> bool {
        let cost = |is_sold| if is_sold { self.costs.accept } else { self.costs.refuse };
        let has_units = self.shards[shard].available.get() > 0;
        self.call(self.scenario.server_of(shard), cost(has_units), || {
            let available = self.shards[shard].available.get();
            if available > 0 {
                self.change(shard, available - 1);
            }
            available > 0
        })
        .await
    }

    /// A unit comes back.
    pub(super) async fn give_back(self: &Rc<Self>, shard: usize) {
        let act = || self.change(shard, self.shards[shard].available.get() + 1);
        self.call(self.scenario.server_of(shard), self.costs.accept, act).await;
    }

    /// Sets what a shard has, and pushes that to whoever read it.
    fn change(self: &Rc<Self>, shard: usize, available: u64) {
        self.shards[shard].available.set(available);
        self.shards[shard].seq.set(self.shards[shard].seq.get() + 1);
        let watchers = self.shards[shard].watchers.take();
        if watchers.is_empty() {
            return;
        }
        self.tally.borrow_mut().pushes += watchers.len() as u64;
        let cost = self.costs.push * watchers.len() as f64;
        let pushed = self.serve(self.scenario.server_of(shard), cost) + self.scenario.round_trip / 2;
        let world = self.clone();
        self.clock.spawn(async move {
            world.clock.sleep_until(pushed).await;
            watchers.into_iter().for_each(|process| world.memories[process].forget());
        });
    }

    /// Whether it is certain that no shard has a unit: none has changed between two reads, and no transfer is under way.
    pub(super) async fn nothing_is_left(self: &Rc<Self>) -> bool {
        self.tally.borrow_mut().looks += 1;
        let seqs = || self.shards.iter().map(|shard| shard.seq.get()).sum::<u64>();
        let (seq, before) = (seqs(), self.read(None).await);
        if before.iter().sum::<u64>() > 0 {
            return false;
        }
        let under_way = self.call(DIRECTORY, self.costs.read, || self.journal.borrow().len());
        if under_way.await > 0 {
            return false;
        }
        let after = self.read(None).await;
        after.iter().sum::<u64>() == 0 && seqs() == seq
    }

    /// Waits for the turn of a process, so long at most.
    pub(super) async fn turn(self: &Rc<Self>, patience: Ns) -> Option<Turn> {
        self.call(DIRECTORY, self.costs.lock, || ()).await;
        let granted = std::pin::pin!(self.turn.clone().acquire_owned());
        let given_up = std::pin::pin!(self.clock.sleep(patience));
        match select(granted, given_up).await {
            Either::Left((Ok(permit), _)) => Some(Turn { world: self.clone(), permit: Some(permit) }),
            _ => {
                self.tally.borrow_mut().turns_in_vain += 1;
                None
            }
        }
    }

    /// The units of each shard, after the transfers under way were finished.
    pub(super) async fn look(self: &Rc<Self>) -> Vec<u64> {
        self.tally.borrow_mut().looks += 1;
        let under_way = self
            .call(DIRECTORY, self.costs.read, || self.journal.borrow().values().cloned().collect::<Vec<_>>());
        for transfer in under_way.await {
            self.carry_out(&transfer).await;
        }
        self.read(None).await
    }

    /// The units of each shard. The watcher is pushed the next change of each.
    pub(super) async fn read(self: &Rc<Self>, watcher: Option<usize>) -> Vec<u64> {
        self.tally.borrow_mut().infos += self.shards.len() as u64;
        let reads = (0..self.scenario.servers).map(|server| {
            let first = (server * self.shards.len()).div_ceil(self.scenario.servers);
            let end = ((server + 1) * self.shards.len()).div_ceil(self.scenario.servers);
            let shards = &self.shards[first..end];
            self.call(server, self.costs.info * shards.len() as f64, move || {
                if let Some(watcher) = watcher {
                    for shard in shards {
                        shard.watchers.borrow_mut().insert(watcher);
                    }
                }
                shards.iter().map(|shard| shard.available.get()).collect::<Vec<_>>()
            })
        });
        join_all(reads).await.concat()
    }

    /// Moves units. What each shard has then, if they were moved.
    pub(super) async fn transfer(self: &Rc<Self>, from: usize, to: usize, units: u64) -> Option<(u64, u64)> {
        let number = self.begun.replace(self.begun.get() + 1);
        let transfer = Rc::new(Transfer { number, from, to, units, stage: Cell::new(Stage::Begun) });
        self.call(DIRECTORY, self.costs.add, || {
            self.journal.borrow_mut().insert(number, transfer.clone());
        })
        .await;
        self.carry_out(&transfer).await
    }

    /// Takes the steps of a transfer, of which others may have taken some.
    async fn carry_out(self: &Rc<Self>, transfer: &Rc<Transfer>) -> Option<(u64, u64)> {
        let Transfer { number, from, to, units, stage } = &**transfer;
        let available = |shard: usize| self.shards[shard].available.get();
        let take = || {
            if stage.get() == Stage::Begun && available(*from) >= *units {
                stage.set(Stage::Taken);
                self.change(*from, available(*from) - units);
            } else if stage.get() == Stage::Begun {
                stage.set(Stage::Void);
            }
            available(*from)
        };
        let rest = self.call(self.scenario.server_of(*from), self.costs.restock, take).await;
        let put = || {
            if stage.get() == Stage::Taken {
                stage.set(Stage::Moved);
                self.change(*to, available(*to) + units);
                let mut tally = self.tally.borrow_mut();
                (tally.transfers, tally.units) = (tally.transfers + 1, tally.units + units);
            }
            available(*to)
        };
        let brought = self.call(self.scenario.server_of(*to), self.costs.restock, put).await;
        if stage.get() == Stage::Void {
            // The shard that would have got them was asked first.
            self.call(self.scenario.server_of(*from), self.costs.restock, || ()).await;
        }
        self.call(DIRECTORY, self.costs.add, || ()).await;
        self.call(DIRECTORY, self.costs.delete, || drop(self.journal.borrow_mut().remove(number))).await;
        (stage.get() == Stage::Moved).then_some((rest, brought))
    }
}

impl Memory {
    fn forget(&self) {
        self.until.set(0);
        self.changes.set(self.changes.get() + 1);
    }
}

impl Drop for Turn {
    /// The lock is released in the background.
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let world = self.world.clone();
        self.world.clock.spawn(async move {
            world.call(DIRECTORY, world.costs.unlock, || drop(permit)).await;
        });
    }
}
