//! A replica takes over from its primary.

use seckill_client::{After, Error, Event, Seckill};

use super::buyers::ClusterBuyers;
use super::nodes::{Cluster, Node};
use super::sales;
use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::session::ask;

const SALES: [&str; 2] = [sales::SCARCE, sales::PLENTY];

/// A cluster with sales for buyers, the primary that has them, and its replica.
async fn open(config: &str) -> (Cluster, usize, usize) {
    let mut cluster = Cluster::start(config).await;
    let (_, primary) = cluster.place(SALES[0]).await;
    let replica = cluster.add_replica(primary, config).await;
    sales::create(&mut cluster.connect().await).await;
    (cluster, primary, replica)
}

/// A primary and its replica have equal data, and AUDIT finds nothing on either.
async fn must_be_equal(primary: &Node, replica: &Node) {
    replica.server.catch_up(&primary.server).await;
    let (mut one, mut other) = (primary.connect().await, replica.connect().await);
    assert_eq!(ask(&mut one, "DEBUG DIGEST").await, ask(&mut other, "DEBUG DIGEST").await);
    for sale in SALES {
        let session = format!("READONLY => OK\nSECKILL.AUDIT {sale} => OK");
        primary.play(&session).await;
        replica.play(&session).await;
    }
}

#[tokio::test]
async fn a_planned_failover_loses_nothing() {
    let (cluster, old, new) = open("").await;
    let histories = ClusterBuyers::during(&cluster, &SALES, async |buyers| {
        buyers.wait_for_orders(500).await;
        cluster.nodes[new].play("CLUSTER FAILOVER => OK").await;
        wait_until("the replica took over", async || cluster.place(SALES[0]).await.1 == new).await;
        buyers.wait_for_orders(500).await;
    })
    .await;

    for history in &histories {
        assert_eq!(history.terms().len(), 2, "the new primary's term is another");
    }
    cluster.decided_only(&histories).await;
    cluster.settle().await;
    must_be_equal(&cluster.nodes[new], &cluster.nodes[old]).await;
}

/// What a primary did not replicate is lost with it. A reader that has read it gets FORKED.
#[tokio::test]
async fn a_sudden_failover_loses_what_was_not_replicated() {
    // The replica may be far behind, and a slow machine must not count as down.
    let (mut cluster, place, _) =
        open("cluster-node-timeout 2000\ncluster-replica-validity-factor 0\ncluster-replica-no-failover yes")
            .await;
    let mut primary = cluster.nodes.swap_remove(place);
    let replica = &cluster.nodes[place];
    let (mut shared, mut read) = (vec![], vec![]);
    let histories = ClusterBuyers::during_loss(&cluster, &SALES, async |buyers| {
        buyers.wait_for_orders(300).await;
        shared = read_all(&primary).await;
        replica.server.catch_up(&primary.server).await;
        // From here on nothing is replicated.
        let cut =
            "ACL SETUSER default -sync -psync => OK\nCLIENT KILL TYPE replica => 1\nCLIENT UNPAUSE => OK";
        primary.play(cut).await;
        let mut connection = primary.connect().await;
        for (sale, shared) in SALES.iter().zip(&shared) {
            wait_until("something is sold that will be lost", async || {
                connection.seckill().info(sale).await.unwrap().seq > shared.len() as u64
            })
            .await;
        }
        read = read_all(&primary).await;
        replica.play("CONFIG SET cluster-replica-no-failover no => OK").await;
        primary.server.kill();
        buyers.expect_loss();
        cluster.settle_without(1).await;
        buyers.wait_for_orders(300).await;
    })
    .await;

    assert_eq!(cluster.place(SALES[0]).await.1, place, "the replica has taken over");
    let mut connection = cluster.connect().await;
    for (((sale, shared), read), history) in SALES.iter().zip(shared).zip(read).zip(histories) {
        let (kept, own) = history.events.split_at(shared.len());
        assert!(kept == shared, "{sale}: what was replicated is there");
        let last = shared.last().unwrap().term;
        assert!(own.iter().all(|event| event.term > last), "{sale}: the rest is of another term");
        for &Event { term, seq, .. } in &read {
            let reply = connection.seckill().events(sale, After::seq(seq).term(term).count(1)).await;
            if seq <= shared.len() as u64 {
                assert!(reply.is_ok(), "{sale}: {seq} is shared, not {reply:?}");
            } else {
                let back = shared.len() as u64;
                assert!(
                    matches!(reply, Err(Error::Forked { seq, .. }) if seq == back),
                    "{sale}: {seq}: {reply:?}"
                );
            }
        }
        let mut reader = History::of(sale);
        reader.events = read;
        reader.read_on(&mut connection).await;
        assert!(
            reader.events == history.events,
            "{sale}: a reader that takes back events ends with the new history"
        );
    }

    primary.server.restart().await;
    cluster.nodes.push(primary);
    cluster.settle().await;
    must_be_equal(&cluster.nodes[place], cluster.nodes.last().unwrap()).await;
}

/// Pauses writes on a primary, and reads all events of each sale.
async fn read_all(primary: &Node) -> Vec<Vec<Event>> {
    primary.play("CLIENT PAUSE 60000 WRITE => OK").await;
    let mut connection = primary.connect().await;
    let mut all = vec![];
    for sale in SALES {
        all.push(History::read(&mut connection, sale).await.events);
    }
    all
}
