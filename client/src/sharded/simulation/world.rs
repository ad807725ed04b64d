//! The servers of a simulation, and the network to them. Nothing happens in it but what the schedule says.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use redis::RedisError;
use seckill_core::protocol::{self, Epoch, Name, Request, Rules, Term, UnixMs};
use seckill_core::{Moment, Outcome, Sale, Seed};
use tokio::sync::oneshot::{Sender, channel};

use super::super::servers::{Ending, Entry, Figures, Restocked, Servers};
use super::super::transfer::Transfer;
use crate::error::Result;

/// What a client asks of a server.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Figures,
    Restock { shard: usize, delta: i64, id: String },
    Begin(Transfer),
    UnderWay,
    End(Entry, Ending),
    Done,
}

/// What a server answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Figures(Vec<Option<Figures>>),
    Restocked(Restocked),
    Begun(Entry),
    UnderWay(Vec<Entry>),
    Ended,
    Done(Vec<(Transfer, Ending)>),
}

/// The client that waits for an answer, if one does.
type Waiting = Option<Sender<Result<Answer>>>;

/// A shard: a sale as the module has it, and a copy that may lag behind.
struct Shard {
    primary: Sale,
    replica: Sale,
    epoch: Epoch,
}

pub(super) struct World {
    shards: Vec<Shard>,
    journal: Vec<Entry>,
    done: Vec<(Transfer, Ending)>,
    entries: u64,
    /// Calls on their way to a server, by their number, and who waits for the answer.
    calls: BTreeMap<u64, (Call, Waiting)>,
    sent: u64,
    has_void: bool,
    orders: u64,
    terms: u64,
}

impl World {
    pub(super) fn new(stocks: &[u64]) -> Self {
        let mut world = Self {
            shards: Vec::new(),
            journal: Vec::new(),
            done: Vec::new(),
            entries: 0,
            calls: BTreeMap::new(),
            sent: 0,
            has_void: false,
            orders: 0,
            terms: 0,
        };
        for &stock in stocks {
            let sale = Sale::new(Seed([1, 2]));
            let replica = sale.copy();
            world.shards.push(Shard { primary: sale, replica, epoch: Epoch(1) });
            let shard = world.shards.len() - 1;
            let created = world.decide(shard, &Request::Create { stock, rules: Rules::default() });
            created.expect("a new sale is created");
            world.replicate(shard);
        }
        world
    }

    fn decide(&mut self, shard: usize, request: &Request<'_>) -> Result<Outcome, protocol::Error> {
        self.terms += 1;
        let shard = &mut self.shards[shard];
        let moment = Moment {
            now: UnixMs(1),
            epoch: shard.epoch,
            term: Term(self.terms),
            max_orders: 100_000,
            max_events: 1_000_000,
            lock_held: false,
        };
        let decision = shard.primary.decide(request, &moment);
        shard.primary.commit(&decision).expect("a decision can be applied");
        decision.outcome
    }

    /// A buyer at home at a shard wants a unit, or gives one back.
    pub(super) fn buy(&mut self, shard: usize) {
        self.orders += 1;
        let order = format!("order-{}", self.orders);
        let (buyer, order) = (name("ann"), name(&order));
        let buy = protocol::Buy { buyer, order, qty: 1, guard: None };
        self.decide(shard, &Request::Buy(buy)).expect("a purchase is decided");
    }

    pub(super) fn refund(&mut self, shard: usize, order: u64) {
        let order = format!("order-{}", order % (self.orders + 1));
        // Most shards do not know the order.
        let _ = self.decide(shard, &Request::Cancel { order: name(&order), refund: true });
    }

    /// The replica gets all that the primary has.
    pub(super) fn replicate(&mut self, shard: usize) {
        let shard = &mut self.shards[shard];
        shard.replica = shard.primary.copy();
    }

    /// The replica takes over, and what it was not sent is forgotten.
    pub(super) fn fail_over(&mut self, shard: usize) {
        let shard = &mut self.shards[shard];
        shard.primary = shard.replica.copy();
        shard.epoch = Epoch(shard.epoch.0 + 1);
    }

    /// Units for sale, held and sold in all shards.
    pub(super) fn stock(&self) -> u64 {
        let stock = |shard: &Shard| {
            let info = shard.primary.info(UnixMs(1), 100_000);
            info.available + info.held + info.sold
        };
        self.shards.iter().map(stock).sum()
    }

    /// Units held and sold in all shards.
    pub(super) fn taken(&self) -> u64 {
        self.figures().iter().flatten().map(|figures| figures.taken).sum()
    }

    /// Whether a transfer became void.
    pub(super) fn has_void(&self) -> bool {
        self.has_void
    }

    pub(super) fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// The calls on their way. The clients of some are gone, or were told that the call failed.
    pub(super) fn calls(&self) -> Vec<u64> {
        self.calls.keys().copied().collect()
    }

    /// A server executes a call. The client gets the answer, or it is lost; and the network may deliver the call again.
    pub(super) fn execute(&mut self, number: u64, is_lost: bool, is_repeated: bool) {
        let Some((call, client)) = self.calls.remove(&number) else { return };
        let answer = self.answer(&call);
        tell(client, if is_lost { Err(lost()) } else { Ok(answer) });
        if is_repeated {
            self.calls.insert(number, (call, None));
        }
    }

    /// The client hears that the call failed. It is on its way still.
    pub(super) fn give_up(&mut self, number: u64) {
        if let Some((_, client)) = self.calls.get_mut(&number) {
            tell(client.take(), Err(lost()));
        }
    }

    fn answer(&mut self, call: &Call) -> Answer {
        match call {
            Call::Figures => Answer::Figures(self.figures()),
            Call::Restock { shard, delta, id } => {
                let restocked = self.restock(*shard, *delta, id);
                self.has_void |= *delta == 0 && restocked != Restocked::Mismatch;
                Answer::Restocked(restocked)
            }
            Call::Begin(transfer) => {
                self.entries += 1;
                let entry = Entry { transfer: *transfer, id: self.entries.to_string() };
                self.journal.push(entry.clone());
                Answer::Begun(entry)
            }
            Call::UnderWay => Answer::UnderWay(self.journal.clone()),
            Call::End(entry, ending) => {
                self.done.push((entry.transfer, *ending));
                self.journal.retain(|other| other.id != entry.id);
                Answer::Ended
            }
            Call::Done => Answer::Done(self.done.clone()),
        }
    }

    fn figures(&self) -> Vec<Option<Figures>> {
        let figures = |shard: &Shard| {
            let info = shard.primary.info(UnixMs(1), 100_000);
            let taken = info.held + info.sold;
            Some(Figures { available: info.available, taken, seq: info.seq.0, term: info.term.0 })
        };
        self.shards.iter().map(figures).collect()
    }

    fn restock(&mut self, shard: usize, delta: i64, id: &str) -> Restocked {
        match self.decide(shard, &Request::Restock { delta, id: Some(name(id)) }) {
            Ok(Outcome::Available(available)) => Restocked::Applied(available),
            Err(protocol::Error::NoStock(_)) => Restocked::NoStock,
            Err(protocol::Error::OtherDelta) => Restocked::Mismatch,
            other => panic!("a RESTOCK ended with {other:?}"),
        }
    }
}

fn name(text: &str) -> Name<'_> {
    Name::new("name", text.as_bytes()).expect("a short name")
}

fn lost() -> crate::error::Error {
    RedisError::from(io::Error::from(io::ErrorKind::TimedOut)).into()
}

/// The servers, as a client reaches them.
#[derive(Clone)]
pub(super) struct Network(pub(super) Arc<Mutex<World>>);

impl Network {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics in a step")
    }

    /// Sends a call, and waits until the schedule lets it be answered.
    async fn call(&self, call: Call) -> Result<Answer> {
        let (answer, answered) = channel();
        {
            let mut world = self.world();
            world.sent += 1;
            let number = world.sent;
            world.calls.insert(number, (call, Some(answer)));
        }
        answered.await.unwrap_or_else(|_| Err(lost()))
    }
}

fn tell(client: Waiting, answer: Result<Answer>) {
    if let Some(client) = client {
        // It may have crashed.
        let _ = client.send(answer);
    }
}

impl Servers for Network {
    type Turn = ();

    async fn turn(&self, _: Duration) -> Result<Option<()>> {
        Ok(Some(()))
    }

    async fn end_turn(&self, _: Option<()>) {}

    async fn ready(&self, _: usize) -> Result<()> {
        Ok(())
    }

    async fn figures(&self) -> Vec<Option<Figures>> {
        match self.call(Call::Figures).await {
            Ok(Answer::Figures(figures)) => figures,
            _ => vec![None; self.world().shards.len()],
        }
    }

    async fn restock(&self, shard: usize, delta: i64, id: String) -> Result<Restocked> {
        match self.call(Call::Restock { shard, delta, id }).await? {
            Answer::Restocked(restocked) => Ok(restocked),
            other => panic!("RESTOCK was answered {other:?}"),
        }
    }

    async fn begin(&self, transfer: Transfer) -> Result<Entry> {
        match self.call(Call::Begin(transfer)).await? {
            Answer::Begun(entry) => Ok(entry),
            other => panic!("the journal answered {other:?}"),
        }
    }

    async fn under_way(&self) -> Result<Vec<Entry>> {
        match self.call(Call::UnderWay).await? {
            Answer::UnderWay(entries) => Ok(entries),
            other => panic!("the journal answered {other:?}"),
        }
    }

    async fn end(&self, entry: &Entry, ending: Ending) -> Result<()> {
        self.call(Call::End(entry.clone(), ending)).await.map(drop)
    }

    async fn done(&self) -> Result<Vec<(Transfer, Ending)>> {
        match self.call(Call::Done).await? {
            Answer::Done(done) => Ok(done),
            other => panic!("the journal answered {other:?}"),
        }
    }
}
