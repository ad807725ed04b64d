//! Failovers: the promoted replica decides, and readers detect lost events.

use std::collections::BTreeSet;
use std::time::Duration;

use seckill_client::{After, Bought, Buy, Error, NewSale, Seckill, State};

use crate::harness::conditions::{now_ms, wait_until_none_held};
use crate::harness::copies::{buy_and_pause, swap_roles};
use crate::harness::sample::figures;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

async fn buy(connection: &mut Connection, order: &str) -> Bought {
    connection.seckill().buy("sale", Buy::new("ann", order)).await.unwrap()
}

/// The term and seq of the last event, which a reader stores.
async fn position(connection: &mut Connection) -> (u64, u64) {
    let info = connection.seckill().info("sale").await.unwrap();
    (info.term, info.seq)
}

#[tokio::test]
async fn a_promoted_replica_decides() {
    let mut primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut old = primary.connect().await;
    old.seckill().create("sale", NewSale::new(9).hold(Duration::from_millis(100))).await.unwrap();
    let fence: u64 = get(&mut old, "SECKILL.LOCK lock ann 60000").await;
    buy_and_pause(&mut old, "SECKILL.BUY sale ann o1").await;
    let (term, seq) = position(&mut old).await;
    replica.catch_up(&primary).await;
    primary.kill();
    replica.promote().await;

    let mut new = replica.connect().await;
    wait_until_none_held(&mut new, "sale").await;
    let events = new.seckill().events("sale", After::seq(seq).term(term)).await.unwrap();
    let [expired] = &events[..] else { panic!("{events:?}") };
    assert_eq!(expired.seq, seq + 1);
    assert!(expired.term > term, "a new epoch, a new term");
    assert_eq!(buy(&mut new, "o2").await, Bought::Order(State::Held));
    let next = new.seckill().events("sale", After::seq(seq + 1)).await.unwrap();
    assert_eq!((next[0].term, next[0].seq), (expired.term, seq + 2), "one term for the whole epoch");

    play(&mut new, "SECKILL.LOCK lock bob 60000 => nil\nSECKILL.UNLOCK lock ann => 1").await;
    let next: u64 = get(&mut new, "SECKILL.LOCK lock bob 60000").await;
    assert!(next > fence, "fences rise across a failover");
    new.seckill().audit("sale").await.unwrap();
}

/// After a failover that lost an order, FORKED names the last event that a reader of the order can keep.
#[tokio::test]
async fn a_reader_detects_a_lost_event() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut old = primary.connect().await;
    old.seckill().create("sale", NewSale::new(9)).await.unwrap();
    buy(&mut old, "o1").await;
    replica.catch_up(&primary).await;
    let shared = position(&mut old).await;
    assert_eq!(shared.1, 2);

    replica.promote().await;
    let mut new = replica.connect().await;
    buy(&mut old, "lost").await;
    let lost = position(&mut old).await;
    let read = async |connection: &mut Connection, (term, seq)| {
        connection.seckill().events("sale", After::seq(seq).term(term)).await
    };
    let forked = Err(Error::Forked { seq: shared.1, term: shared.0 });
    assert_eq!(read(&mut new, lost).await, forked, "the new history is shorter");
    assert_eq!(read(&mut new, shared).await, Ok(vec![]));

    buy(&mut new, "kept").await;
    buy(&mut new, "more").await;
    assert_eq!(read(&mut new, lost).await, forked, "there is another event at this seq");
    let beyond = read(&mut new, shared).await.unwrap();
    assert_eq!(beyond.iter().map(|event| event.seq).collect::<Vec<_>>(), [3, 4]);
    assert!(beyond[0].term > shared.0);

    // A reader of the new history that asks the old primary goes back in one or more steps.
    let mut stored = new.seckill().events("sale", After::seq(0)).await.unwrap();
    while let Err(Error::Forked { seq, term }) =
        read(&mut old, (stored.last().unwrap().term, stored.len() as u64)).await
    {
        stored.retain(|event| event.seq <= seq && event.term <= term);
    }
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn a_demoted_primary_gets_the_new_history() {
    let old = Server::primary("").await;
    let new = old.replica("").await;
    let mut connection = old.connect().await;
    connection.seckill().create("sale", NewSale::new(9).hold(Duration::from_millis(200))).await.unwrap();
    new.catch_up(&old).await;
    new.promote().await;
    buy(&mut connection, "lost").await;
    buy(&mut new.connect().await, "kept").await;

    old.become_replica_of(&new).await;
    assert_eq!(connection.seckill().order("sale", "lost").await, Ok(None));
    let mut new_connection = new.connect().await;
    // Holds run out on the new primary only.
    wait_until_none_held(&mut new_connection, "sale").await;
    old.catch_up(&new).await;
    let shown = figures(&mut connection, "sale").await;
    assert_eq!(shown, figures(&mut new_connection, "sale").await);
    assert_eq!(ask(&mut connection, "DEBUG DIGEST").await, ask(&mut new_connection, "DEBUG DIGEST").await);
    assert_eq!(connection.seckill().info("sale").await.unwrap().seq, 3);
}

#[tokio::test]
async fn each_epoch_has_a_term_of_its_own() {
    let mut servers = [Server::primary("").await, Server::primary("").await];
    servers[1].become_replica_of(&servers[0]).await;
    servers[0].connect().await.seckill().create("sale", NewSale::new(9)).await.unwrap();
    let mut last = (0, 1);
    for order in ["o1", "o2", "o3", "o4"] {
        let mut primary = servers[0].connect().await;
        buy(&mut primary, order).await;
        buy(&mut primary, &format!("{order}, too")).await;
        let (term, seq) = position(&mut primary).await;
        assert!(term > last.0, "{order}: {term} after {last:?}");
        assert_eq!(seq, last.1 + 2);
        last = (term, seq);
        swap_roles(&servers[0], &servers[1]).await;
        servers.swap(0, 1);
    }
    let events = servers[0].connect().await.seckill().events("sale", After::seq(1)).await.unwrap();
    let terms: BTreeSet<u64> = events.iter().map(|event| event.term).collect();
    assert_eq!((events.len(), terms.len()), (8, 4));
}

/// Holds fall due while the roles are swapped.
#[tokio::test]
async fn holds_run_out_once_across_a_failover() {
    const ORDERS: u64 = 400;
    let old = Server::primary("").await;
    let new = old.replica("").await;
    let mut connection = old.connect().await;
    connection.seckill().create("sale", NewSale::new(ORDERS).hold(Duration::from_secs(60))).await.unwrap();
    let mut pipe = redis::pipe();
    for number in 1..=ORDERS {
        let order = format!("o{number}");
        pipe.cmd("SECKILL.BUY").arg(&["sale", "ann", &order]);
        pipe.cmd("SECKILL.EXTEND").arg(&["sale", &order, &number.to_string()]);
    }
    pipe.exec_async(&mut connection).await.unwrap();
    swap_roles(&old, &new).await;
    let mut new_connection = new.connect().await;
    wait_until_none_held(&mut new_connection, "sale").await;
    old.catch_up(&new).await;
    let info = new_connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.available, info.seq), (ORDERS, 1 + 3 * ORDERS), "each ran out once");
    assert_eq!(figures(&mut connection, "sale").await, figures(&mut new_connection, "sale").await);
    new_connection.seckill().audit("sale").await.unwrap();
    assert_eq!(ask(&mut connection, "DEBUG DIGEST").await, ask(&mut new_connection, "DEBUG DIGEST").await);
}

/// A replica observes all fences that its primary granted, before and after the replica connected.
#[tokio::test]
async fn a_promoted_replica_grants_higher_fences_whatever_the_clock_says() {
    let primary = Server::primary("seckill.apply-from-clients yes").await;
    let live = primary.replica("").await;
    let mut connection = primary.connect().await;
    let future = (now_ms() + 3_600_000) * 1000;
    let grant = format!("SECKILL.GRANT lock ann {} {future} => OK\nDEL lock => 1", now_ms() + 60_000);
    play(&mut connection, &grant).await;
    live.catch_up(&primary).await;
    let late = primary.replica("").await;
    for replica in [live, late] {
        replica.promote().await;
        let next: u64 = get(&mut replica.connect().await, "SECKILL.LOCK lock bob 60000").await;
        assert!(next > future, "{next} is not above {future}");
    }
}
