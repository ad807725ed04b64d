//! A failover forgets one half of a transfer, and who moves units next repeats it.

use std::collections::BTreeMap;

use redis::cmd;
use seckill_client::{NewSale, Outcome, Refusal, State};

use super::homes::buyers_at;
use super::stage::{JOURNAL, SALE, Stage, keys};
use crate::harness::conditions::{ms, wait_until};
use crate::harness::session::ask;

const CONFIG: &str =
    "cluster-node-timeout 2000\ncluster-replica-validity-factor 0\ncluster-replica-no-failover yes";
/// From here on nothing is replicated.
const CUT: &str = "ACL SETUSER default -sync -psync => OK\nCLIENT KILL TYPE replica => 1";

/// A sale with a shard on each node.
struct Scene {
    stage: Stage,
    /// The shards between which units are moved; their nodes do not have the journal.
    from: usize,
    to: usize,
    /// The one whose node fails over.
    victim: usize,
}

#[derive(Debug, Clone, Copy)]
enum Half {
    Taken,
    Put,
}

impl Scene {
    /// The node that is to forget this half has a replica that is cut off.
    async fn open(half: Half) -> Self {
        let mut stage = Stage::open(CONFIG, 3, NewSale::new(3)).await;
        let (_, journal) = stage.cluster.place(SALE).await;
        let (from, to) = ((journal + 1) % 3, (journal + 2) % 3);
        for (shard, units) in [(from, 12), (journal, 4)] {
            stage.sale.shards()[shard].restock(units, "delivery-1").await.unwrap();
        }
        let victim = match half {
            Half::Taken => from,
            Half::Put => to,
        };
        // The last one takes the place of the victim.
        for primary in [journal, from + to - victim, victim] {
            let replica = stage.cluster.add_replica(primary, CONFIG).await;
            let nodes = &stage.cluster.nodes;
            nodes[replica].server.catch_up(&nodes[primary].server).await;
        }
        stage.cluster.nodes[victim].play(CUT).await;
        Self { stage, from, to, victim }
    }

    async fn fail_over(&mut self) {
        // The replica gets its number.
        let mut primary = self.stage.cluster.nodes.swap_remove(self.victim);
        let replica = &self.stage.cluster.nodes[self.victim];
        replica.play("CONFIG SET cluster-replica-no-failover no => OK").await;
        primary.server.kill();
        let mut connection = replica.connect().await;
        wait_until("the replica takes over", async || ask(&mut connection, "ROLE").await.contains("master"))
            .await;
        self.stage.cluster.settle_without(1).await;
    }

    async fn available(&self) -> u64 {
        self.stage.sale.info().await.unwrap().available
    }

    fn buyer(&self, shard: usize) -> String {
        buyers_at(&[shard], 3).next().unwrap()
    }
}

/// The balancer that made the transfer repeats it in its next round.
#[tokio::test]
async fn a_balancer_repeats_it() {
    for half in [Half::Taken, Half::Put] {
        let mut scene = Scene::open(half).await;
        let mut balancer = scene.stage.sale.balancer();
        let moved = balancer.round().await.unwrap().moved;
        assert_eq!((moved.len(), moved[0].from, moved[0].to), (1, scene.from, scene.to));
        scene.fail_over().await;
        assert_ne!(scene.available().await, 19, "{half:?} is forgotten");
        balancer.round().await.unwrap();
        assert_eq!(scene.stage.books().await.unbalanced(), BTreeMap::new(), "{half:?}");
        assert_eq!(scene.available().await, 19, "{half:?}");
    }
}

/// A process that has moved units before does, too, when it needs more.
#[tokio::test]
async fn a_purchase_repeats_it() {
    for half in [Half::Taken, Half::Put] {
        let mut scene = Scene::open(half).await;
        let buyer = scene.buyer(scene.to);
        assert!(scene.stage.sale.buy(&buyer).qty(4).await.unwrap().is_accepted());
        scene.fail_over().await;
        // More than there is, unless the order is forgotten, too, with the units that were put there for it.
        let expected = match half {
            Half::Taken => Outcome::Refused(Refusal::Short),
            Half::Put => Outcome::Order(State::Sold),
        };
        let receipt = scene.stage.sale.buy(&buyer).qty(16).await.unwrap();
        assert_eq!(receipt.outcome, expected, "{half:?}");
        assert_eq!(scene.stage.books().await.unbalanced(), BTreeMap::new(), "{half:?}");
    }
}

/// The shard has sold meanwhile what it should have given away: it owes the units, and pays when it gets some.
#[tokio::test]
async fn what_was_sold_meanwhile_is_owed() {
    let mut scene = Scene::open(Half::Taken).await;
    let mut balancer = scene.stage.sale.balancer();
    let transfer = balancer.round().await.unwrap().moved.remove(0);
    scene.fail_over().await;
    for (shard, count) in scene.stage.sale.info().await.unwrap().shards.iter().zip(0..) {
        let buyer = scene.buyer(count);
        let shard = (scene.stage.sale.home(&buyer), shard.available as u32);
        let receipt = shard.0.buy(&buyer).order("all").qty(shard.1).await.unwrap();
        assert_eq!(receipt.outcome, Outcome::Order(State::Sold));
    }
    // It is found to be owed after a round has looked at what is under way.
    balancer.round().await.unwrap();
    assert_eq!(balancer.round().await.unwrap().open, [transfer]);
    let owed = BTreeMap::from([(transfer.to_string(), transfer.units as i64)]);
    assert_eq!(scene.stage.books().await.unbalanced(), owed);
    // Units come back, in another shard.
    let shard = scene.stage.sale.home(scene.buyer(scene.to));
    shard.refund("all").await.unwrap();
    let balanced = balancer.round().await.unwrap();
    assert_eq!((balanced.finished, balanced.open), (1, vec![]));
    assert_eq!(scene.stage.books().await.unbalanced(), BTreeMap::new());
    assert_eq!(scene.stage.under_way().await, 0);
}

/// A transfer that waits for replicas does not put units before it is known that they will stay taken.
#[tokio::test]
async fn one_that_waits_for_replicas_never_doubles_units() {
    let mut scene = Scene::open(Half::Taken).await;
    let (durable, from) = (scene.stage.sale.durable(1, ms(500)), &keys(&scene.stage.sale)[scene.from]);
    // Another process began it, and has ended.
    let id = format!("transfer:{}:{}:5:0f8fad5b-d9cb-469f-a165-708677289501", scene.from, scene.to);
    let connection = &mut scene.stage.connection;
    cmd("XADD").arg(JOURNAL).arg("*").arg("transfer").arg(&id).exec_async(connection).await.unwrap();
    cmd("SECKILL.RESTOCK").arg(from).arg(-5).arg("ID").arg(&id).exec_async(connection).await.unwrap();
    let round = durable.sale().balancer().round().await.unwrap();
    assert_eq!((round.moved.len(), round.open.len()), (0, 1), "{round:?}");
    let taken = scene.stage.books().await.unbalanced();
    assert_eq!(taken.values().collect::<Vec<_>>(), [&-5]);
    scene.fail_over().await;
    assert_eq!(scene.available().await, 19, "no unit is missing nor doubled");
    // The new primary has no replica; who does not wait for one finishes it.
    let balanced = scene.stage.sale.balancer().round().await.unwrap();
    assert_eq!((balanced.finished, balanced.open), (1, vec![]));
    assert_eq!(scene.stage.books().await.unbalanced(), BTreeMap::new());
    assert_eq!(scene.available().await, 19);
}
