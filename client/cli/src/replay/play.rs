//! One strategy, played with all buyers at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use seckill_client::{Client, NewSale, Seckill};
use seckill_launcher::Server;
use tokio::task::JoinSet;

use super::by_hand::Keys;
use super::checkout::Checkout;
use super::error::Error;
use super::figures::StrategyFigures;
use super::load::Load;
use super::request::{Answer, Outcome, Shared, buyer_id, order_id, serve};
use super::service::UserService;
use super::strategy::Strategy;
use super::verify;

/// Plays a strategy on a server where it was not played before. Calls `progress` for each request that ends.
pub async fn play(
    strategy: Strategy,
    load: &Load,
    server: &Server,
    mut progress: impl FnMut(),
) -> Result<StrategyFigures, Error> {
    let connections = connect(server, load.connections).await?;
    let keys = Arc::new(Keys {
        lock: format!("lock:{}", strategy.name()),
        sale: format!("sale:{}", strategy.name()),
        lease: load.lease(),
    });
    let client = Client::new(server.client().clone());
    let checkout = Arc::new(Checkout::new(&client, &keys.sale, &keys.lock, keys.lease));
    stock_up(strategy, load, &keys, server.connect().await?).await?;

    let began = Instant::now();
    let shared = Arc::new(Shared {
        strategy,
        load: load.clone(),
        keys,
        checkout,
        service: UserService::new(load, began),
        sold_out: AtomicBool::new(false),
        began,
    });
    let mut requests = JoinSet::new();
    for (buyer, con) in (0..load.buyers).zip(connections.iter().cycle()) {
        requests.spawn(serve(shared.clone(), con.clone(), buyer));
    }
    let mut answers = Vec::new();
    while let Some(answer) = requests.join_next().await {
        answers.push(answer??);
        progress();
    }
    let seconds = shared.began.elapsed().as_secs_f64();

    if strategy.is_seckill() {
        let orders = orders(&answers);
        verify::sale(&mut server.connect().await?, &shared.keys.sale, load, &orders).await?;
    }
    StrategyFigures::of(strategy, load, &answers, shared.service.most_at_once(), seconds)
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
    keys: &Keys,
    mut con: MultiplexedConnection,
) -> Result<(), Error> {
    if strategy.is_seckill() {
        con.seckill().create(&keys.sale, NewSale::new(load.bottles.into())).await?;
    } else {
        keys.stock_up(&mut con, load.bottles).await?;
    }
    Ok(())
}

/// The buyer of each order, by the answers of the handlers.
fn orders(answers: &[Answer]) -> HashMap<String, String> {
    let ordered = answers.iter().filter(|answer| answer.outcome == Outcome::Ordered);
    ordered.map(|answer| (order_id(answer.buyer), buyer_id(answer.buyer))).collect()
}
