//! The incident, replayed: buyers without number, a hundred bottles, and a user service that now and then
//! takes longer than the lease of the lock.
//!
//! [`play`] lets all buyers loose on one [`Strategy`], each with a handler in a task of its own. A handler
//! takes the lock, asks the user service and sells, as its strategy has it. While the lock is busy it pauses
//! and tries again, until a bottle is sold to its buyer, a handler was told that there is none left, or the
//! deadline has passed. Sold out is known to all handlers at once, as it is to the threads of one process.
//!
//! Rows of SECKILL commands are then compared with the books of the sale.

mod by_hand;
mod handler;
mod load;
mod row;
mod service;
mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::task::{JoinError, JoinSet};

pub use by_hand::Seen;
pub use handler::{Attempt, Handler, Shop, Strategy};
pub use load::Load;
pub use row::Row;

use crate::server::Server;
use crate::{Bought, Sale, Seckill};
use service::UserService;

/// Why a row could not be played, or is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command of Redis failed.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// A command of the module failed.
    #[error(transparent)]
    Seckill(#[from] crate::Error),
    /// A purchase was answered with what cannot happen in this story.
    #[error("a purchase was answered with {0:?}")]
    Unexpected(Bought),
    /// A handler did not come to its end.
    #[error("a handler failed: {0}")]
    Handler(#[from] JoinError),
    /// The latencies cannot be counted.
    #[error(transparent)]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The books of the sale are not what the handlers did.
    #[error("the books disagree with the handlers: {0}")]
    Books(String),
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ordered,
    SoldOut,
    GaveUp,
}

/// A request that has ended.
#[derive(Debug)]
struct Answer {
    buyer: u32,
    outcome: Outcome,
    took: Duration,
    /// It ended with work on the stock while the lock was not its own.
    without_lock: bool,
    /// Attempts that the server refused because the lock was lost.
    lock_lost: u64,
}

/// What the handlers of a row share.
struct Scene {
    strategy: Strategy,
    load: Load,
    shop: Arc<Shop>,
    service: UserService,
    sold_out: AtomicBool,
    began: Instant,
}

/// Plays one row on a server where it was not played before. Calls `progress` for each request that ends.
pub async fn play(
    strategy: Strategy,
    load: &Load,
    server: &Server,
    mut progress: impl FnMut(),
) -> Result<Row, Error> {
    let connections = connect(server, load.connections).await?;
    let shop = Arc::new(Shop {
        lock: format!("lock:{}", strategy.name()),
        sale: format!("sale:{}", strategy.name()),
        lease: load.lease(),
    });
    stock_up(strategy, load, &shop, server.connect().await?).await?;

    let began = Instant::now();
    let scene = Arc::new(Scene {
        strategy,
        load: load.clone(),
        shop,
        service: UserService::new(load, began),
        sold_out: AtomicBool::new(false),
        began,
    });
    let mut requests = JoinSet::new();
    for (buyer, con) in (0..load.buyers).zip(connections.iter().cycle()) {
        requests.spawn(request(scene.clone(), con.clone(), buyer));
    }
    let mut answers = Vec::new();
    while let Some(answer) = requests.join_next().await {
        answers.push(answer??);
        progress();
    }
    let seconds = scene.began.elapsed().as_secs_f64();

    if strategy.is_seckill() {
        let orders = orders(&answers);
        verify::books(&mut server.connect().await?, &scene.shop.sale, load, &orders).await?;
    }
    Row::of(strategy, load, &answers, scene.service.most_at_once(), seconds)
}

async fn connect(server: &Server, count: u16) -> Result<Vec<MultiplexedConnection>, RedisError> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(server.connect().await?);
    }
    Ok(connections)
}

async fn stock_up(
    strategy: Strategy,
    load: &Load,
    shop: &Shop,
    mut con: MultiplexedConnection,
) -> Result<(), Error> {
    if strategy.is_seckill() {
        con.create(&shop.sale, Sale::new(load.bottles.into())).await?;
    } else {
        shop.stock_up(&mut con, load.bottles).await?;
    }
    Ok(())
}

/// From a buyer's arrival to the answer.
async fn request(scene: Arc<Scene>, con: MultiplexedConnection, buyer: u32) -> Result<Answer, Error> {
    let load = &scene.load;
    let mut chance = load.chance(buyer);
    let mut handler = Handler::new(con, scene.shop.clone(), buyer_id(buyer), order_id(buyer));
    let (mut without_lock, mut lock_lost) = (false, 0);
    let outcome = loop {
        if scene.sold_out.load(Ordering::Relaxed) {
            break Outcome::SoldOut;
        }
        if scene.began.elapsed() >= load.deadline() {
            break Outcome::GaveUp;
        }
        let check = scene.service.check(load.latency(&mut chance));
        match handler.attempt(scene.strategy, check).await? {
            Attempt::Busy => {}
            Attempt::LockLost => lock_lost += 1,
            Attempt::Done { ordered, without_lock: alone } => {
                without_lock = alone;
                if ordered {
                    break Outcome::Ordered;
                }
                scene.sold_out.store(true, Ordering::Relaxed);
                break Outcome::SoldOut;
            }
        }
        tokio::time::sleep(load.backoff(&mut chance)).await;
    };
    Ok(Answer { buyer, outcome, took: scene.began.elapsed(), without_lock, lock_lost })
}

/// The handlers' own account: the buyer of each order.
fn orders(answers: &[Answer]) -> HashMap<String, String> {
    let ordered = answers.iter().filter(|answer| answer.outcome == Outcome::Ordered);
    ordered.map(|answer| (order_id(answer.buyer), buyer_id(answer.buyer))).collect()
}

fn buyer_id(buyer: u32) -> String {
    format!("buyer-{buyer}")
}

fn order_id(buyer: u32) -> String {
    format!("order-{buyer}")
}
