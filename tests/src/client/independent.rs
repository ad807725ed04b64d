//! A sale of many shards on servers that know nothing of each other.

use std::time::Duration;

use futures_util::future::join_all;
use seckill_client::connect::Independent;
use seckill_client::{Client, Code, Cursors, FeedItem, NewSale, Outcome, Refusal};
use tokio::time::timeout;

use crate::harness::conditions::{PATIENCE, wait_until};
use crate::harness::proxy::Proxy;
use crate::harness::server::Server;
use crate::harness::session::get;

fn client(servers: &[Server]) -> Client<Independent> {
    let urls = servers.iter().map(|server| format!("unix://{}", server.socket().display()));
    Client::new(Independent::new(urls).unwrap())
}

async fn keys(server: &Server) -> u64 {
    get(&mut server.connect().await, "DBSIZE").await
}

/// All buyers are at home on one server, and get the stock of both; then nobody asks any more, until a unit comes back.
#[tokio::test]
async fn sells_the_stock_of_all_servers() {
    let servers = [Server::start().await, Server::start().await];
    let client = client(&servers);
    let hold = Duration::from_secs(600);
    let sale = client.create_sharded("bottles", 4, NewSale::new(40).hold(hold)).await.unwrap();
    for server in &servers {
        assert!(keys(server).await >= 2, "each server has two shards");
    }

    let home = sale.shards()[0].key().to_vec();
    let buyers: Vec<String> = (0..)
        .map(|number| format!("buyer-{number}"))
        .filter(|buyer| sale.home(buyer).key() == home)
        .take(40)
        .collect();
    let receipts =
        join_all(buyers.iter().map(async |buyer| sale.buy(buyer).order(&buyer[..]).await.unwrap())).await;
    assert!(receipts.iter().all(seckill_client::Receipt::is_accepted), "{receipts:?}");
    let refused = sale.buy(&buyers[0]).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::SoldOut));
    assert_eq!(sale.info().await.unwrap().held, 40);
    assert!(sale.transfers().await.unwrap().are_even());

    wait_until("it is known", async || sale.known_refusal(1) == Some(Refusal::SoldOut)).await;
    let changed = sale.changed(1);
    let cancel = async { sale.home(&buyers[0]).cancel(&buyers[0]).await.unwrap() };
    timeout(PATIENCE, async { tokio::join!(changed, cancel) }).await.expect("it is told");

    sale.delete().await.unwrap();
    for server in &servers {
        assert_eq!(keys(server).await, 0);
    }
}

/// What has a connection of its own leads to the server that has the key, too.
#[tokio::test]
async fn leads_to_the_server_that_has_the_key() {
    let servers = [Server::start().await, Server::start().await];
    let client = client(&servers);
    let sale = client.create_sharded("bottles", 8, NewSale::new(8)).await.unwrap();

    for buyer in ["ann", "bob", "0"] {
        let lease = Duration::from_secs(60);
        let lock = sale.lock(buyer);
        let guard = lock.acquire(lease).await.unwrap().unwrap();
        let waiting = lock.wait(lease, PATIENCE);
        let buying = async { sale.buy(buyer).releasing(guard).await.unwrap() };
        let (waited, receipt) = tokio::join!(waiting, buying);
        assert!(receipt.is_accepted() && waited.unwrap().is_some(), "{buyer}");
    }
    let mut feed = sale.feed(Cursors::start()).unwrap();
    for _ in 0..8 + 3 {
        let item = timeout(PATIENCE, feed.next()).await.expect("an event").unwrap().unwrap();
        assert!(matches!(item, (_, FeedItem::Event(_))), "{item:?}");
    }
    let durable = sale.durable(0, PATIENCE);
    assert!(durable.buy("ann").await.unwrap().is_durable());
}

/// A server that is gone keeps nobody from the shards of the others, and is found again.
#[tokio::test]
async fn one_that_is_gone_keeps_others_from_nothing() {
    let mut servers = [Server::start().await, Server::start().await];
    let client = client(&servers).within(Duration::from_secs(10));
    let sale = client.create_sharded("bottles", 2, NewSale::new(2)).await.unwrap();
    let buyers: [String; 2] = [0, 1].map(|shard| {
        let home = sale.shards()[shard].key().to_vec();
        (0..).map(|number| format!("buyer-{number}")).find(|buyer| sale.home(buyer).key() == home).unwrap()
    });
    servers[1].kill();
    assert!(sale.buy(&buyers[0]).await.unwrap().is_accepted());
    let quick = client.clone().within(Duration::from_millis(500));
    let lost = quick.sale(sale.home(&buyers[1]).key()).buy(&buyers[1]).await;
    assert!(lost.is_err() || lost.is_ok_and(|receipt| receipt.outcome == Outcome::Unknown));
    servers[1].restart().await;
    // It had no file, so it has no sale.
    let error = sale.buy(&buyers[1]).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NoSale));
}

/// A connection that hangs is replaced, whichever server it leads to.
#[tokio::test]
async fn one_that_hangs_is_connected_to_again() {
    let servers = [Server::primary("").await, Server::primary("").await];
    let links = [Proxy::to(&servers[0]).await, Proxy::to(&servers[1]).await];
    let urls = links.each_ref().map(|link| format!("redis://127.0.0.1:{}/", link.port()));
    let client = Client::new(Independent::new(urls).unwrap()).within(PATIENCE);
    let sale = client.create_sharded("bottles", 2, NewSale::new(2)).await.unwrap();
    for (link, shard) in links.iter().zip(sale.shards()) {
        link.hang();
        shard.info().await.unwrap();
    }
}
