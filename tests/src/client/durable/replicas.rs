//! What is reported when replicas answer, lag, or are not there.

use std::time::Instant;

use futures_util::future::join_all;
use seckill_client::{Durability, NewSale, Outcome, Refusal, Seckill};

use super::super::link::calls;
use super::pair::{Pair, client_of, wait_until_waiting};
use crate::harness::conditions::{HOUR, PATIENCE, ms};
use crate::harness::info::stat;
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

const NOT_YET: Option<Durability> = Some(Durability::NotYet);
const REPLICATED: Option<Durability> = Some(Durability::Replicated(1));

#[tokio::test]
async fn orders_are_replicated_and_the_barrier_leaves_nothing() {
    let pair = Pair::start("").await;
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    for _ in 0..3 {
        // From the second on the order exists.
        let bought = durable.buy("ann").order("o1").qty(2).await.unwrap();
        assert_eq!(bought.durability, REPLICATED);
        assert!(bought.is_durable() && bought.receipt.is_accepted());
        assert_eq!(bought.receipt.order, b"o1");
    }
    let mut replica = pair.replica.connect().await;
    assert_eq!(replica.seckill().info("sale").await.unwrap().sold, 2);
    play(&mut pair.primary.connect().await, "DBSIZE => 1").await;
}

/// WAIT is documented to wait for writes. A purchase that is made again writes nothing.
#[tokio::test]
async fn a_barrier_writes() {
    let pair = Pair::start("repl-ping-replica-period 3600").await;
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    let mut primary = pair.primary.connect().await;
    let mut offset = 0;
    for _ in 0..3 {
        assert!(durable.buy("ann").order("o1").await.unwrap().is_durable());
        let now: u64 = stat(&mut primary, "replication", "master_repl_offset").await.parse().unwrap();
        assert!(now > offset);
        offset = now;
    }
}

#[tokio::test]
async fn callers_share_a_wait() {
    const CALLERS: usize = 64;
    const EACH: usize = 20;
    let pair = Pair::start("").await;
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    let caller = async |number: usize| {
        for _ in 0..EACH {
            assert!(durable.buy(&format!("b{number}")).await.unwrap().is_durable());
        }
    };
    join_all((0..CALLERS).map(caller)).await;
    let mut primary = pair.primary.connect().await;
    assert_eq!(primary.seckill().info("sale").await.unwrap().orders, (CALLERS * EACH) as u64);
    let waits = calls(&mut primary, "wait").await;
    assert!(waits < (CALLERS * EACH / 4) as u64, "{waits} WAITs");
}

#[tokio::test]
async fn without_a_replica_an_order_is_not_durable_yet() {
    let server = Server::primary("").await;
    server.connect().await.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let sale = client_of(&server).sale("sale");
    let begun = Instant::now();
    let bought = sale.durable(1, ms(50)).buy("ann").order("o1").await.unwrap();
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(bought.durability, NOT_YET);
    assert!(bought.receipt.is_accepted() && !bought.is_durable());
    let primary_only = sale.durable(0, PATIENCE).buy("ann").order("o1").await.unwrap();
    assert_eq!(primary_only.durability, Some(Durability::Replicated(0)));
}

#[tokio::test]
async fn an_order_becomes_durable_when_the_replica_goes_on() {
    let pair = Pair::start("").await;
    let durable = pair.client().sale("sale").durable(1, ms(50));
    pair.link.stall();
    let bought = durable.buy("ann").order("o1").await.unwrap();
    assert_eq!(bought.durability, NOT_YET);
    let again = durable.buy("ann").order("o1").await.unwrap();
    assert_eq!(again.durability, NOT_YET, "a purchase that is made again writes nothing");

    pair.link.mend();
    let patient = pair.client().sale("sale").durable(1, PATIENCE);
    assert_eq!(patient.buy("ann").order("o1").await.unwrap().durability, REPLICATED);
    play(
        &mut pair.replica.connect().await,
        "SECKILL.BUYER sale ann => {\"held\" 0 \"sold\" 1 \"orders\" [\"o1\"]}",
    )
    .await;
}

/// Too few replicas are no replicas, also when the server answers before the time is up.
#[tokio::test]
async fn a_wait_that_is_ended_proves_nothing() {
    let pair = Pair::start("").await;
    pair.link.stall();
    let durable = pair.client().sale("sale").durable(1, ms(900));
    let end = async {
        wait_until_waiting(&pair.primary).await;
        let mut primary = pair.primary.connect().await;
        let clients: String = get(&mut primary, "CLIENT LIST TYPE normal").await;
        let waiting = clients.lines().find(|client| client.contains(" flags=b ")).unwrap();
        let id = waiting.strip_prefix("id=").unwrap().split(' ').next().unwrap();
        play(&mut primary, &format!("CLIENT UNBLOCK {id} => 1")).await;
    };
    let (bought, ()) = tokio::join!(durable.buy("ann").into_future(), end);
    assert_eq!(bought.unwrap().durability, NOT_YET);
}

#[tokio::test]
async fn refusals_do_not_wait() {
    let server = Server::primary("").await;
    server.connect().await.seckill().create("sale", NewSale::new(1)).await.unwrap();
    let durable = client_of(&server).sale("sale").durable(1, HOUR);
    let refused = durable.buy("ann").qty(2).await.unwrap();
    assert_eq!(refused.receipt.outcome, Outcome::Refused(Refusal::Short));
    assert_eq!(refused.durability, None);
    assert!(durable.buy("").await.is_err(), "no name");
}

/// The connection of the barrier is lost while nobody waits. The next order does not suffer from it.
#[tokio::test]
async fn a_lost_connection_is_made_again() {
    let pair = Pair::start("").await;
    let durable = pair.client().sale("sale").durable(1, PATIENCE);
    assert!(durable.buy("ann").await.unwrap().is_durable());
    let mut primary = pair.primary.connect().await;
    assert_eq!(ask(&mut primary, "CLIENT KILL TYPE normal").await, "2");
    assert!(durable.buy("ann").await.unwrap().is_durable());
}

/// The order is durable, and the lock is released.
#[tokio::test]
async fn purchases_under_a_guard_are_durable() {
    let pair = Pair::start("").await;
    let client = pair.client();
    let durable = client.sale("sale").durable(1, PATIENCE);
    let guard = client.lock("lock").acquire(HOUR).await.unwrap().unwrap();
    assert!(durable.buy("ann").under(&guard).await.unwrap().is_durable());
    assert!(durable.buy("ann").releasing(guard).await.unwrap().is_durable());
    play(&mut pair.primary.connect().await, "EXISTS lock => 0").await;
}
