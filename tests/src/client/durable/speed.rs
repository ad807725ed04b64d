//! How many durable orders a second there are, beside a WAIT after each purchase by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seckill_client::{Buy, DurableSale, NewSale, Sale, Seckill};
use tokio::sync::Mutex;

use super::pair::{client_of, url};
use crate::harness::conditions::PATIENCE;
use crate::harness::server::{Connection, Server};

const CALLERS: usize = 64;
/// Rounds, of which the median counts: other programs use this machine, too.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

/// A way to buy, for one caller.
trait Way {
    const NAME: &str;

    async fn buy(&mut self, buyer: &str);
}

/// By the handle.
struct Handle(DurableSale);

impl Way for Handle {
    const NAME: &str = "durable handle";

    async fn buy(&mut self, buyer: &str) {
        assert!(self.0.buy(buyer).await.unwrap().is_durable());
    }
}

/// By the handle, without durability.
struct Plain(Sale);

impl Way for Plain {
    const NAME: &str = "without WAIT";

    async fn buy(&mut self, buyer: &str) {
        assert!(self.0.buy(buyer).await.unwrap().is_accepted());
    }
}

/// By hand, on a connection of the caller's own.
struct OwnConnection(Connection);

impl Way for OwnConnection {
    const NAME: &str = "WAIT on 64 connections";

    async fn buy(&mut self, buyer: &str) {
        buy_and_wait(&mut self.0, buyer).await;
    }
}

/// By hand, on a connection that carries the calls of all callers at once: their WAITs block each other.
struct SharedConnection(Connection);

impl Way for SharedConnection {
    const NAME: &str = "WAIT on a shared connection";

    async fn buy(&mut self, buyer: &str) {
        buy_and_wait(&mut self.0, buyer).await;
    }
}

/// By hand, on a connection that one caller at a time has for both calls.
struct InTurn(Arc<Mutex<Connection>>);

impl Way for InTurn {
    const NAME: &str = "BUY and WAIT in turn";

    async fn buy(&mut self, buyer: &str) {
        buy_and_wait(&mut *self.0.lock().await, buyer).await;
    }
}

async fn buy_and_wait(connection: &mut Connection, buyer: &str) {
    let order = uuid::Uuid::now_v7().to_string();
    assert!(connection.seckill().buy("sale", Buy::new(buyer, &order)).await.unwrap().is_accepted());
    let wait = redis::cmd("WAIT").arg(1).arg(PATIENCE.as_millis() as u64).query_async(connection).await;
    assert_eq!(wait, Ok(1));
}

/// Orders a second.
async fn rate<W: Way>(mut callers: Vec<W>) -> f64 {
    let (is_over, orders, begun) = (AtomicBool::new(false), AtomicU64::new(0), Instant::now());
    let call = async |(number, caller): (usize, &mut W)| {
        let buyer = format!("b{number}");
        while !is_over.load(Relaxed) {
            caller.buy(&buyer).await;
            orders.fetch_add(1, Relaxed);
        }
    };
    let end = async {
        tokio::time::sleep(ROUND).await;
        is_over.store(true, Relaxed);
    };
    tokio::join!(join_all(callers.iter_mut().enumerate().map(call)), end);
    let rate = orders.load(Relaxed) as f64 / begun.elapsed().as_secs_f64();
    println!("{:>28}: {rate:>7.0} orders a second", W::NAME);
    rate
}

async fn connect(server: &Server) -> Connection {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let client = redis::Client::open(url(server)).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[tokio::test]
#[ignore = "measures: `make durable`"]
async fn orders_a_second() {
    let primary = Server::primary("").await;
    primary.connect().await.seckill().create("sale", NewSale::new(1_000_000_000)).await.unwrap();
    let _replica = primary.replica("").await;
    let sale = client_of(&primary).sale("sale");
    let mut ratios = [(); 4].map(|()| vec![]);
    for _ in 0..ROUNDS {
        let durable = sale.durable(1, PATIENCE);
        let ours = rate(callers(|| Handle(durable.clone()))).await;
        let shared = connect(&primary).await;
        let in_turn = Arc::new(Mutex::new(connect(&primary).await));
        let own = join_all(callers(|| connect(&primary))).await;
        let others = [
            rate(callers(|| SharedConnection(shared.clone()))).await,
            rate(own.into_iter().map(OwnConnection).collect()).await,
            rate(callers(|| InTurn(in_turn.clone()))).await,
            rate(callers(|| Plain(sale.clone()))).await,
        ];
        for (ratios, other) in ratios.iter_mut().zip(others) {
            ratios.push(ours / other);
        }
    }
    let names = [SharedConnection::NAME, OwnConnection::NAME, InTurn::NAME, Plain::NAME];
    for (name, ratios) in names.into_iter().zip(ratios) {
        println!("{} makes {:.2} times the orders of: {name}", Handle::NAME, median(ratios));
    }
}

fn callers<W>(way: impl Fn() -> W) -> Vec<W> {
    (0..CALLERS).map(|_| way()).collect()
}
