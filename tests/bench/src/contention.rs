//! Buyers who come all at once, as in the incident: each takes the lock of the sale, buys and releases it, or
//! buys without a lock, until all is sold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::names;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::sale::{self, Guard, LuaSale, ModuleSale, Purchase, SaleBackend};
use crate::servers::{Programs, Servers};

/// The numbers of connections that the buyers share.
pub(crate) const CONNECTIONS: [usize; 2] = [1, 64];
/// A buyer waits about this long before a busy lock is tried again.
const PAUSE: Duration = Duration::from_millis(1);
/// A lock that is busy for longer was not released, however many buyers compete.
const PATIENCE: Duration = Duration::from_secs(60);
/// Latencies are counted in µs, up to a minute, to three digits.
const LONGEST: u64 = 60_000_000;
const DIGITS: u8 = 3;

const LOCK: &str = "lock:of the sale";

/// How the lock is released.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) enum Lock {
    /// There is no lock.
    None,
    /// The purchase releases it.
    ByPurchase,
    /// Another call releases it.
    ByCall,
}

/// How a lock that another buyer holds is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taking {
    /// The buyer tries again and again.
    ByPolling,
    /// The buyer waits in line, on a connection of its own.
    InLine,
}

/// A way to buy.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    sale: fn() -> Arc<dyn SaleBackend>,
    lock: Lock,
    taking: Taking,
    rivals: &'static [&'static str],
}

const BY_HAND: &str = "SET NX PX, Lua BUY, Lua compare-and-delete";
const BY_HAND_AT_ONCE: &str = "SET NX PX, Lua BUY that releases";
const BY_HAND_UNLOCKED: &str = "Lua BUY";

pub(crate) const IN_LINE: &str = "LOCK … BLOCK, BUY … RELEASE";

const WAYS: [Way; 6] = [
    Way { name: BY_HAND, sale: lua, lock: Lock::ByCall, taking: Taking::ByPolling, rivals: &[] },
    Way { name: BY_HAND_AT_ONCE, sale: lua, lock: Lock::ByPurchase, taking: Taking::ByPolling, rivals: &[] },
    Way {
        name: "LOCK, BUY … RELEASE",
        sale: seckill,
        lock: Lock::ByPurchase,
        taking: Taking::ByPolling,
        rivals: &[BY_HAND, BY_HAND_AT_ONCE],
    },
    Way {
        name: IN_LINE,
        sale: seckill,
        lock: Lock::ByPurchase,
        taking: Taking::InLine,
        rivals: &[BY_HAND, BY_HAND_AT_ONCE],
    },
    Way { name: BY_HAND_UNLOCKED, sale: lua, lock: Lock::None, taking: Taking::ByPolling, rivals: &[] },
    Way {
        name: "BUY",
        sale: seckill,
        lock: Lock::None,
        taking: Taking::ByPolling,
        rivals: &[BY_HAND_UNLOCKED],
    },
];

fn lua() -> Arc<dyn SaleBackend> {
    Arc::new(LuaSale::new("contention"))
}

fn seckill() -> Arc<dyn SaleBackend> {
    Arc::new(ModuleSale::new("contention"))
}

/// What was measured of a way.
pub(crate) struct ContentionSamples {
    pub(crate) way: &'static str,
    pub(crate) lock: Lock,
    /// What a user would do without Seckill; empty for those ways themselves.
    pub(crate) rivals: &'static [&'static str],
    pub(crate) connections: usize,
    /// One a round.
    pub(crate) orders_per_second: Vec<f64>,
    /// Of whole purchases in all rounds, in µs.
    pub(crate) latencies: Histogram<u64>,
}

/// Measures all ways, in rounds.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<ContentionSamples>, Failure> {
    let servers = Servers::single(programs).await?;
    let mut pipe = Pipe::open(servers.primary.client(), plan.depth)?;
    sale::load(&mut pipe)?;
    let mut ways = Vec::new();
    for connections in CONNECTIONS {
        // Who waits needs a connection of its own.
        let can_wait = connections > 1;
        for way in WAYS.into_iter().filter(|way| can_wait || way.taking != Taking::InLine) {
            let latencies = Histogram::new_with_max(LONGEST, DIGITS)?;
            let Way { name, lock, rivals, .. } = way;
            let orders_per_second = Vec::new();
            let samples =
                ContentionSamples { way: name, lock, rivals, connections, orders_per_second, latencies };
            ways.push((way, samples));
        }
    }
    progress.begin("contention", plan.rounds as usize * ways.len());
    for round in 0..plan.rounds {
        let mut order: Vec<_> = ways.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (way, samples) in order {
            sell_out(&servers, &mut pipe, plan, *way, samples)
                .await
                .map_err(|error| format!("{}, {} connections: {error}", samples.way, samples.connections))?;
            progress.step();
        }
    }
    Ok(ways.into_iter().map(|(_, samples)| samples).collect())
}

/// Sells all units once.
async fn sell_out(
    servers: &Servers,
    pipe: &mut Pipe,
    plan: &Plan,
    way: Way,
    samples: &mut ContentionSamples,
) -> Result<(), Failure> {
    let sale = (way.sale)();
    sale.open(pipe)?;
    sale.set_stock(pipe, plan.calls)?;
    let mut connections = Vec::new();
    let count = if way.taking == Taking::InLine { plan.buyers } else { samples.connections };
    for _ in 0..count {
        connections.push(servers.primary.connect().await?);
    }
    let next = Arc::new(AtomicU64::new(0));
    let mut buyers = JoinSet::new();
    let began = Instant::now();
    for connection in connections.iter().cycle().take(plan.buyers) {
        let queue =
            Buyers { connection: connection.clone(), sale: sale.clone(), lock: way.lock, taking: way.taking };
        buyers.spawn(queue.buy_until_sold_out(next.clone()));
    }
    let (mut sold, mut last) = (0, began);
    while let Some(purchases) = buyers.join_next().await {
        for Purchased { at, took } in purchases?? {
            samples.latencies.saturating_record(u64::try_from(took.as_micros())?);
            last = last.max(at);
            sold += 1;
        }
    }
    samples.orders_per_second.push(sold as f64 / (last - began).as_secs_f64());

    let left = sale.available(pipe)?;
    if (sold, left) != (plan.calls, 0) {
        return Err(format!("of {} units {sold} were sold, and {left} are left", plan.calls).into());
    }
    Ok(())
}

/// A purchase that brought a unit.
struct Purchased {
    at: Instant,
    took: Duration,
}

/// Buyers who come one after the other, each when the last one is served, until all is sold.
struct Buyers {
    connection: MultiplexedConnection,
    sale: Arc<dyn SaleBackend>,
    lock: Lock,
    taking: Taking,
}

impl Buyers {
    async fn buy_until_sold_out(mut self, next: Arc<AtomicU64>) -> Result<Vec<Purchased>, Failure> {
        let mut purchases = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            if !self.purchase(number).await? {
                return Ok(purchases);
            }
            let at = Instant::now();
            purchases.push(Purchased { at, took: at - began });
        }
    }

    /// Whether there was a unit left.
    async fn purchase(&mut self, number: u64) -> Result<bool, Failure> {
        let (buyer, order, token) = (names::buyer(number), names::order(number), names::token(number));
        if self.lock != Lock::None {
            tokio::time::timeout(PATIENCE, self.take_lock(&token)).await??;
        }
        let release = self.lock == Lock::ByPurchase;
        let guard = (self.lock != Lock::None).then_some(Guard { key: LOCK, token: &token, release });
        let buy = self.sale.buy(&Purchase { buyer: &buyer, order: &order, qty: 1, guard });
        let word: String = buy.query_async(&mut self.connection).await?;
        if self.lock == Lock::ByCall {
            let unlock = self.sale.unlock(LOCK, &token);
            let released: bool = unlock.query_async(&mut self.connection).await?;
            if !released {
                return Err("the lock was lost".into());
            }
        }
        match word.as_str() {
            "SOLD" => Ok(true),
            "SOLDOUT" => Ok(false),
            _ => Err(format!("a purchase got the reply {word}").into()),
        }
    }

    async fn take_lock(&mut self, token: &str) -> Result<(), Failure> {
        let mut lock = self.sale.lock(LOCK, token);
        if self.taking == Taking::InLine {
            lock.arg("BLOCK").arg(0);
        }
        while lock.query_async::<Value>(&mut self.connection).await? == Value::Nil {
            tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
        }
        Ok(())
    }
}
