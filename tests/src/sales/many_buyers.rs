//! Thousands of buyers at once: exactly the stock is sold, and all replies are true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use seckill_client::{Bought, Buy, NewSale, Phase, Refusal, Seckill, State};

use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::server::{Connection, Server};

const CONNECTIONS: usize = 50;
const LEASE: Duration = Duration::from_secs(60);

/// Runs one task for each number, all at once, over many connections.
async fn crowd<T>(server: &Server, size: usize, task: impl AsyncFn(Connection, usize) -> T) -> Vec<T> {
    let connections = join_all((0..CONNECTIONS).map(|_| server.connect())).await;
    let tasks = (0..size).map(|number| task(connections[number % CONNECTIONS].clone(), number));
    join_all(tasks).await
}

/// The units of each order that is sold by the events.
async fn sold_by_events(connection: &mut Connection) -> BTreeMap<String, u32> {
    let orders = History::read(connection, "sale").await.ledger().orders.into_iter();
    let sold = orders.filter(|(_, order)| order.state == State::Sold);
    sold.map(|(id, order)| (id, order.qty)).collect()
}

/// The replies to buyers, EVENTS, INFO and AUDIT agree, and everything is sold.
async fn must_be_sold_out(server: &Server, stock: u64, replied: BTreeMap<String, u32>) {
    let mut connection = server.connect().await;
    let info = connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.state, info.available, info.held, info.sold), (Phase::SoldOut, 0, 0, stock));
    assert_eq!(replied.values().map(|qty| u64::from(*qty)).sum::<u64>(), stock);
    assert_eq!(sold_by_events(&mut connection).await, replied);
    connection.seckill().force_audit("sale").await.unwrap();
}

/// Every order is sent twice, as by a client that retries.
#[tokio::test]
async fn buying_without_a_lock() {
    const STOCK: u64 = 1_000;
    let server = Server::start().await;
    server.connect().await.seckill().create("sale", NewSale::new(STOCK)).await.unwrap();
    let replies = crowd(&server, 6_000, async |mut connection, number| {
        let order = format!("o{}", number / 2);
        let bought =
            connection.seckill().buy("sale", Buy::new(&format!("b{}", number / 6), &order)).await.unwrap();
        (order, bought)
    })
    .await;

    let accepted = |sent: usize| {
        let replies = replies.iter().skip(sent).step_by(2);
        let accepted = replies.filter(|(_, bought)| *bought == Bought::Order(State::Sold));
        accepted.map(|(order, _)| order.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(accepted(0), accepted(1), "both replies to an order are the same");
    let refused = replies.iter().filter(|(_, bought)| *bought == Bought::Refused(Refusal::SoldOut));
    assert_eq!(refused.count(), 6_000 - 2 * STOCK as usize, "the others got SOLDOUT");
    must_be_sold_out(&server, STOCK, accepted(0).into_iter().map(|order| (order, 1)).collect()).await;
}

#[tokio::test]
async fn buying_under_a_lock_that_the_purchase_releases() {
    const STOCK: u64 = 100;
    let server = Server::start().await;
    server.connect().await.seckill().create("sale", NewSale::new(STOCK)).await.unwrap();
    let mut replies = crowd(&server, 300, async |mut connection, number| {
        let order = format!("o{number}");
        let mut fence = 0;
        wait_until("the lock is free", async || {
            fence = connection.seckill().lock("lock", &order, LEASE).await.unwrap().unwrap_or_default();
            fence != 0
        })
        .await;
        let buy = Buy::new("ann", &order).releasing("lock", &order);
        (fence, connection.seckill().buy("sale", buy).await.unwrap(), order)
    })
    .await;

    let fences: BTreeSet<u64> = replies.iter().map(|(fence, ..)| *fence).collect();
    assert_eq!(fences.len(), replies.len(), "no fence was granted twice");
    // Purchases happen in the order of their fences, so those with the lowest fences got the stock.
    replies.sort_by_key(|(fence, ..)| *fence);
    let (first, rest) = replies.split_at(STOCK as usize);
    assert!(first.iter().all(|(_, bought, _)| *bought == Bought::Order(State::Sold)));
    assert!(rest.iter().all(|(_, bought, _)| *bought == Bought::Refused(Refusal::SoldOut)));
    must_be_sold_out(&server, STOCK, first.iter().map(|(.., order)| (order.clone(), 1)).collect()).await;
}

/// Some cancel, some want several units, and all try again while held units may come back.
#[tokio::test]
async fn buying_and_giving_back() {
    const STOCK: u64 = 500;
    let server = Server::start().await;
    server.connect().await.seckill().create("sale", NewSale::new(STOCK).hold(LEASE)).await.unwrap();
    let orders = crowd(&server, 1_500, async |mut connection, number| {
        let (order, qty) = (format!("o{number}"), 1 + number as u32 % 3);
        let mut settled = None;
        wait_until("the order is settled or cannot be", async || {
            let bought = connection.seckill().buy("sale", Buy::new(&order, &order).qty(qty)).await.unwrap();
            settled = match bought {
                Bought::Order(State::Held) if number % 4 == 0 => {
                    Some(connection.seckill().cancel("sale", &order).await.unwrap())
                }
                Bought::Order(State::Held) => {
                    Some(connection.seckill().confirm("sale", &order).await.unwrap())
                }
                Bought::Refused(Refusal::SoldOut | Refusal::Short) => None,
                other => panic!("{other:?}"),
            };
            // Units can come back as long as some are held.
            settled.is_some() || {
                let info = connection.seckill().info("sale").await.unwrap();
                info.held == 0 && info.available < qty.into()
            }
        })
        .await;
        (order, qty, settled)
    })
    .await;

    let mut sold: BTreeMap<String, u32> = orders
        .into_iter()
        .filter(|(_, _, settled)| *settled == Some(State::Sold))
        .map(|(order, qty, _)| (order, qty))
        .collect();
    // The last units may be too few for the remaining orders.
    let mut connection = server.connect().await;
    let left = connection.seckill().info("sale").await.unwrap().available;
    for number in 0..left {
        let order = format!("last{number}");
        connection.seckill().buy("sale", Buy::new("ann", &order)).await.unwrap();
        assert_eq!(connection.seckill().confirm("sale", &order).await, Ok(State::Sold));
        sold.insert(order, 1);
    }
    must_be_sold_out(&server, STOCK, sold).await;
}
