//! Thousands of buyers at once: exactly the stock is sold, and everybody was told the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use seckill_client::{Bought, Buy, Phase, Refusal, Sale, Seckill, State};

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
async fn sold_by_events(shop: &mut Connection) -> BTreeMap<String, u32> {
    let orders = History::read(shop, "sale").await.books().orders.into_iter();
    let sold = orders.filter(|(_, order)| order.state == State::Sold);
    sold.map(|(id, order)| (id, order.qty)).collect()
}

/// The buyers' own count, the feed, the figures and the auditor agree, and everything is sold.
async fn all_is_sold(server: &Server, stock: u64, told: BTreeMap<String, u32>) {
    let mut shop = server.connect().await;
    let info = shop.info("sale").await.unwrap();
    assert_eq!((info.state, info.available, info.held, info.sold), (Phase::SoldOut, 0, 0, stock));
    assert_eq!(told.values().map(|qty| u64::from(*qty)).sum::<u64>(), stock);
    assert_eq!(sold_by_events(&mut shop).await, told);
    shop.audit("sale").await.unwrap();
}

/// Every order is sent twice, as by an impatient shop.
#[tokio::test]
async fn buying_without_a_lock() {
    const STOCK: u64 = 1_000;
    let server = Server::start().await;
    server.connect().await.create("sale", Sale::new(STOCK)).await.unwrap();
    let replies = crowd(&server, 6_000, async |mut shop, number| {
        let order = format!("o{}", number / 2);
        let bought = shop.buy("sale", Buy::new(&format!("b{}", number / 6), &order)).await.unwrap();
        (order, bought)
    })
    .await;

    let accepted = |sent: usize| {
        let replies = replies.iter().skip(sent).step_by(2);
        let accepted = replies.filter(|(_, bought)| *bought == Bought::Order(State::Sold));
        accepted.map(|(order, _)| order.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(accepted(0), accepted(1), "both answers to an order are the same");
    let refused = replies.iter().filter(|(_, bought)| *bought == Bought::Refused(Refusal::SoldOut));
    assert_eq!(refused.count(), 6_000 - 2 * STOCK as usize, "the others were told that it is sold out");
    all_is_sold(&server, STOCK, accepted(0).into_iter().map(|order| (order, 1)).collect()).await;
}

#[tokio::test]
async fn buying_under_a_lock_that_goes_with_the_purchase() {
    const STOCK: u64 = 100;
    let server = Server::start().await;
    server.connect().await.create("sale", Sale::new(STOCK)).await.unwrap();
    let mut replies = crowd(&server, 300, async |mut shop, number| {
        let order = format!("o{number}");
        let mut fence = 0;
        wait_until("the lock is free", async || {
            fence = shop.lock("lock", &order, LEASE).await.unwrap().unwrap_or_default();
            fence != 0
        })
        .await;
        let buy = Buy::new("ann", &order).releasing("lock", &order);
        (fence, shop.buy("sale", buy).await.unwrap(), order)
    })
    .await;

    let fences: BTreeSet<u64> = replies.iter().map(|(fence, ..)| *fence).collect();
    assert_eq!(fences.len(), replies.len(), "no fence was given out twice");
    // Who held the lock earlier bought earlier: the first in order of the fences got it all.
    replies.sort_by_key(|(fence, ..)| *fence);
    let (first, rest) = replies.split_at(STOCK as usize);
    assert!(first.iter().all(|(_, bought, _)| *bought == Bought::Order(State::Sold)));
    assert!(rest.iter().all(|(_, bought, _)| *bought == Bought::Refused(Refusal::SoldOut)));
    all_is_sold(&server, STOCK, first.iter().map(|(.., order)| (order.clone(), 1)).collect()).await;
}

/// Some change their mind, some want several, all try again while others may still give back.
#[tokio::test]
async fn buying_and_giving_back() {
    const STOCK: u64 = 500;
    let server = Server::start().await;
    server.connect().await.create("sale", Sale::new(STOCK).hold(LEASE)).await.unwrap();
    let told = crowd(&server, 1_500, async |mut shop, number| {
        let (order, qty) = (format!("o{number}"), 1 + number as u32 % 3);
        let mut fate = None;
        wait_until("the buyer knows", async || {
            let bought = shop.buy("sale", Buy::new(&order, &order).qty(qty)).await.unwrap();
            fate = match bought {
                Bought::Order(State::Held) if number % 4 == 0 => {
                    Some(shop.cancel("sale", &order).await.unwrap())
                }
                Bought::Order(State::Held) => Some(shop.confirm("sale", &order).await.unwrap()),
                Bought::Refused(Refusal::SoldOut | Refusal::Short) => None,
                other => panic!("{other:?}"),
            };
            // Only when nothing is held any more can nothing come back.
            fate.is_some() || {
                let info = shop.info("sale").await.unwrap();
                info.held == 0 && info.available < qty.into()
            }
        })
        .await;
        (order, qty, fate)
    })
    .await;

    let mut sold: BTreeMap<String, u32> = told
        .into_iter()
        .filter(|(_, _, fate)| *fate == Some(State::Sold))
        .map(|(order, qty, _)| (order, qty))
        .collect();
    // A last unit or two may be too few for those who were left.
    let mut shop = server.connect().await;
    let left = shop.info("sale").await.unwrap().available;
    for number in 0..left {
        let order = format!("last{number}");
        shop.buy("sale", Buy::new("ann", &order)).await.unwrap();
        assert_eq!(shop.confirm("sale", &order).await, Ok(State::Sold));
        sold.insert(order, 1);
    }
    all_is_sold(&server, STOCK, sold).await;
}
