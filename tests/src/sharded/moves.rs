//! Slots move from node to node while units are moved from shard to shard.

use super::crowd::Crowd;
use super::selling_out::{open, sell_out_during};
use super::stage::{SALE, keys};
use crate::cluster::nodes::Cluster;

/// Moves the slot of a key to another node.
async fn move_slot(cluster: &Cluster, key: &str, crowd: &Crowd, is_whole: bool) {
    let (slot, from) = cluster.place(key).await;
    let to = (from + 1) % 3;
    if is_whole {
        cluster.migrate(slot, from, to).await.complete().await;
    } else {
        cluster.move_keys(slot, from, to, async || crowd.wait_for_orders(10).await).await;
    }
}

/// The slots of the home shard, of one that gives units, and of the journal move while a crowd buys all there is.
async fn lose_nothing(is_whole: bool) {
    let mut stage = open("").await;
    if is_whole && !stage.cluster.moves_whole_slots().await {
        return;
    }
    let shards = keys(&stage.sale);
    let move_slots = async |cluster: &Cluster, crowd: &Crowd| {
        for key in [&shards[0], &shards[3], SALE] {
            crowd.wait_for_orders(20).await;
            move_slot(cluster, key, crowd, is_whole).await;
        }
    };
    sell_out_during(&mut stage, move_slots).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_by_key() {
    lose_nothing(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_a_whole() {
    lose_nothing(true).await;
}
