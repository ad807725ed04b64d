//! Primaries fail over while units are moved.

use seckill_client::connect::Cluster as Connector;
use seckill_client::{ShardedSale, Transfer};

use super::balancers::Balancers;
use super::crowd::Crowd;
use super::selling_out::{HOMES, STOCK, open, sell_out_during};
use super::stage::{SALE, Stage};
use crate::cluster::nodes::Cluster;
use crate::harness::conditions::{ms, wait_until};
use crate::harness::session::ask;

async fn takes_over(cluster: &Cluster, replica: usize) {
    let mut connection = cluster.nodes[replica].connect().await;
    wait_until("the replica takes over", async || ask(&mut connection, "ROLE").await.contains("master"))
        .await;
}

/// Planned failovers, one of each primary, lose nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planned_ones_lose_nothing() {
    let mut stage = open("").await;
    let mut replicas = vec![];
    for primary in 0..3 {
        replicas.push(stage.cluster.add_replica(primary, "").await);
    }
    let fail_over = async |cluster: &Cluster, crowd: &Crowd| {
        for replica in replicas {
            crowd.wait_for_orders(50).await;
            cluster.nodes[replica].play("CLUSTER FAILOVER => OK").await;
            takes_over(cluster, replica).await;
        }
    };
    sell_out_during(&mut stage, fail_over).await;
}

/// Whether transfers wait for replicas.
#[derive(Clone, Copy, PartialEq)]
enum Transfers {
    Wait,
    DoNotWait,
}

/// Which primary is killed.
#[derive(Clone, Copy, PartialEq)]
enum Victim {
    Journal,
    Another,
}

/// A primary that is killed forgets the last writes. Then halves of transfers are missing until they are repeated. Units that
/// were doubled and sold meanwhile are owed by the shard which should have given them; none is lost.
async fn a_sudden_one(victim: Victim, transfers: Transfers) {
    let config = "cluster-node-timeout 2000\ncluster-replica-validity-factor 0";
    let mut stage = open(config).await;
    let (_, journal) = stage.cluster.place(SALE).await;
    let victim = if victim == Victim::Journal { journal } else { (journal + 1) % 3 };
    // The last one takes the place of the victim.
    for primary in [(victim + 1) % 3, (victim + 2) % 3, victim] {
        stage.cluster.add_replica(primary, config).await;
    }
    let processes = async |stage: &Stage| {
        let sales = stage.processes(2).await.into_iter();
        let waiting = |sale: ShardedSale<Connector>| match transfers {
            Transfers::Wait => sale.durable(1, ms(1_000)).sale().clone(),
            Transfers::DoNotWait => sale,
        };
        sales.map(waiting).collect()
    };
    let crowd = Crowd::at_loss(processes(&stage).await, HOMES);
    let balancers = Balancers::of(processes(&stage).await, true);
    crowd.wait_for_orders(50).await;
    // The replica takes its place.
    let mut primary = stage.cluster.nodes.swap_remove(victim);
    primary.server.kill();
    takes_over(&stage.cluster, victim).await;
    stage.cluster.settle_without(1).await;
    crowd.wait_for_orders(50).await;
    crowd.leave().await;
    balancers.leave().await;

    let sale = stage.processes(1).await.remove(0);
    let open: Vec<Transfer> = sale.balancer().round().await.unwrap().open;
    wait_until("the holds run out", async || sale.info().await.unwrap().held == 0).await;
    let books = stage.books().await;
    assert_eq!(books.stock(), STOCK as i64);
    let owed = open.iter().map(|transfer| (transfer.to_string(), transfer.units as i64)).collect();
    assert_eq!(books.unbalanced(), owed);
    assert!(transfers == Transfers::DoNotWait || open.is_empty(), "no unit was doubled: {open:?}");
    assert_eq!(stage.under_way().await, open.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sudden_one_is_repaired() {
    a_sudden_one(Victim::Another, Transfers::DoNotWait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sudden_one_of_the_journal_is_repaired() {
    a_sudden_one(Victim::Journal, Transfers::DoNotWait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sudden_one_doubles_nothing_when_transfers_wait() {
    a_sudden_one(Victim::Another, Transfers::Wait).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_one_of_the_journal() {
    a_sudden_one(Victim::Journal, Transfers::Wait).await;
}
