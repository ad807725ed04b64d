//! One story, on every kind of connection that the client makes.

use std::time::Duration;

use redis::sentinel::SentinelServerType;
use seckill_client::connect::{Connect, Managed};
use seckill_client::{
    Client, Cursor, Durability, EventKind, FeedItem, NewSale, Outcome, Release, Seckill, State,
};

use crate::harness::conditions::{HOUR, PATIENCE, ms};
use crate::harness::sentinel::Sentinel;
use crate::harness::server::Server;

/// A sale from its creation to its last event: under a lock, held and confirmed, durable, and followed by a feed.
pub(crate) async fn sells<C: Connect>(client: Client<C>, replicas: u32) {
    let sale = client.sale("{shop}sale");
    sale.create(NewSale::new(3).hold(HOUR)).await.unwrap();
    let mut feed = sale.feed(Cursor::start());

    let lock = client.lock("{shop}lock");
    let guard = lock.acquire(HOUR).await.unwrap().unwrap();
    let fence = guard.fence().unwrap();
    assert!(lock.acquire(HOUR).await.unwrap().is_none());
    let work = guard.run(async {
        let receipt = sale.buy("ann").order("o1").under(&guard).await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Order(State::Held));
        sale.confirm("o1").await.unwrap()
    });
    assert_eq!(work.await, Ok(State::Sold));
    // The next in line gets it, with a higher fence.
    let (next, release) = tokio::join!(lock.wait(HOUR, PATIENCE), guard.release());
    assert_eq!(release, Release::Released);
    let next = next.unwrap().unwrap();
    assert!(next.fence().unwrap() > fence);
    let receipt = sale.buy("ann").order("o2").releasing(next).await.unwrap();
    assert!(receipt.is_accepted());

    let durable = sale.durable(replicas, PATIENCE);
    let bought = durable.buy("bob").order("o3").await.unwrap();
    assert!(matches!(bought.durability, Some(Durability::Replicated(n)) if n >= replicas), "{bought:?}");
    assert_eq!(sale.restock(2, "r1").await.unwrap(), 2);

    let mut states = vec![];
    while states.len() < 4 {
        match feed.next().await.unwrap().unwrap() {
            FeedItem::Event(event) => {
                if let EventKind::Order { state, .. } = event.kind {
                    states.push(state);
                }
            }
            fork => panic!("{fork:?}"),
        }
    }
    assert_eq!(states, [State::Held, State::Sold, State::Held, State::Held]);
    sale.audit().await.unwrap();
}

fn url(server: &Server, parameters: &str) -> redis::Client {
    redis::Client::open(format!("redis://127.0.0.1:{}/?{parameters}", server.port())).unwrap()
}

#[tokio::test]
async fn one_server_by_both_protocols() {
    for protocol in ["protocol=resp2", "protocol=resp3"] {
        let server = Server::primary("").await;
        sells(Client::new(url(&server, protocol)), 0).await;
    }
}

#[tokio::test]
async fn the_connection_manager() {
    let server = Server::primary("").await;
    sells(Client::new(Managed::new(url(&server, "protocol=resp3"))), 0).await;
}

#[tokio::test]
async fn servers_that_a_sentinel_watches() {
    let primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    replica.catch_up(&primary).await;
    let sentinel = Sentinel::watching(&primary).await;
    sells(Client::new(sentinel.connector(SentinelServerType::Master)), 1).await;
}

/// The raw commands are on every connection of redis-rs, and get in nobody's way there.
#[tokio::test]
async fn raw_commands_stand_beside_those_of_redis() {
    use redis::AsyncCommands;

    let server = Server::primary("").await;
    let mut managed = url(&server, "").get_connection_manager().await.unwrap();
    let _: () = managed.set("key", 1).await.unwrap();
    managed.seckill().create("sale", NewSale::new(1)).await.unwrap();
    assert_eq!(managed.seckill().info("sale").await.unwrap().available, 1);
    let mut multiplexed = server.connect().await;
    assert_eq!(multiplexed.seckill().info("sale").await.unwrap().available, 1);
    assert_eq!(multiplexed.get::<_, u64>("key").await.unwrap(), 1);
}

/// A connection manager that lost its connection does not send a command twice by itself.
#[tokio::test]
async fn the_connection_manager_sends_nothing_twice() {
    let link = super::link::Link::start().await;
    let client = link.client();
    client.sale("sale").create(NewSale::new(10)).await.unwrap();
    let address = redis::Client::open(format!("redis://127.0.0.1:{}/", link.proxy.port())).unwrap();
    let managed = Client::new(Managed::new(address)).within(Duration::from_secs(20));
    let guard = managed.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    link.proxy.cut_replies_after(0);
    assert_eq!(guard.release().await, Release::Unknown, "it was released by the first attempt");
    let sale = managed.sale("sale");
    link.proxy.cut_replies_after(3);
    assert!(sale.buy("ann").order("o1").await.unwrap().is_accepted());
    assert_eq!(sale.info().await.unwrap().orders, 1);
    assert!(managed.lock("lock").wait(ms(500), PATIENCE).await.unwrap().is_some());
}

/// A client was used on a runtime that does not run any more: another one makes connections, and keeps locks, of its own.
#[test]
fn a_client_outlives_the_runtime_that_used_it_first() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let [first, second] = [runtime(), runtime()];
    let server = first.block_on(Server::primary(""));
    let client = Client::new(url(&server, "")).within(Duration::MAX);
    let _guard = first.block_on(client.lock("one").acquire(HOUR)).unwrap().unwrap();
    second.block_on(async {
        let guard = client.lock("two").acquire(ms(2_000)).await.unwrap().unwrap();
        let work = tokio::time::sleep(ms(5_000));
        guard.run(work).await.expect("it is renewed");
        assert_eq!(guard.release().await, Release::Released);
    });
}
