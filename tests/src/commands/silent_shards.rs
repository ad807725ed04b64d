//! The program and a sale of which some shards do not answer.

use super::program::Program;
use crate::cluster::nodes::Cluster;
use crate::harness::processes::Stopped;
use crate::harness::server::Connection;
use crate::harness::session::get;

/// A sale of six shards in a cluster, and a node with some of them and without the directory.
struct Shop {
    _cluster: Cluster,
    node: Connection,
    /// The keys of the node.
    keys: Vec<String>,
}

impl Shop {
    async fn open() -> (Self, Program) {
        let cluster = Cluster::start("cluster-node-timeout 600000").await;
        let program = Program::at(cluster.urls());
        program.prints("sale create bottles --stock 60 --shards 6 --hold 10m").await;
        for url in cluster.urls() {
            let client = redis::Client::open(url).unwrap();
            let mut node = client.get_multiplexed_async_connection().await.unwrap();
            let keys: Vec<String> = get(&mut node, "KEYS *").await;
            if !keys.contains(&"bottles".to_owned()) {
                return (Self { _cluster: cluster, node, keys }, program);
            }
        }
        panic!("a node without the directory");
    }

    /// The node hangs until the answer is dropped.
    async fn hangs(&mut self) -> Stopped {
        Stopped::server(&mut self.node).await
    }

    /// Whether a shard is there.
    fn has(&self, shard: &serde_json::Value) -> bool {
        self.keys.iter().any(|key| shard["sale"] == *key)
    }

    /// How the program names the shards of the node.
    async fn names(&self, program: &Program) -> Vec<usize> {
        let shown = program.json("sale show bottles").await;
        let shards = shown["shards"].as_array().unwrap().iter().enumerate();
        shards.filter(|(_, shard)| self.has(shard)).map(|(number, _)| number).collect()
    }
}

#[tokio::test]
async fn the_others_are_closed_and_the_same_command_closes_the_rest() {
    let (mut shop, program) = Shop::open().await;
    let silent = shop.names(&program).await;
    let stopped = shop.hangs().await;
    let ended = program.run("sale close bottles").await;
    assert!(ended.code == 3 && ended.errors.contains("repeat the same command"), "{ended:?}");
    assert!(ended.errors.starts_with("error: done in shard"), "{ended:?}");
    let names = |line: &str| line.starts_with("shard") && line.contains(&format!(" {}", silent[0]));
    assert!(ended.errors.lines().any(names), "{silent:?}: {ended:?}");
    drop(stopped);
    let shown = program.json("sale show bottles").await;
    for shard in shown["shards"].as_array().unwrap() {
        assert!(shop.has(shard) || shard["state"] == "CLOSED", "{shown}");
    }
    program.prints("sale close bottles").await;
    let shown = program.json("sale show bottles").await;
    assert!(shown["shards"].as_array().unwrap().iter().all(|shard| shard["state"] == "CLOSED"), "{shown}");
}

/// Whose shard answers can be served, when the buyer is named.
#[tokio::test]
async fn an_order_is_found_by_its_buyer() {
    let (mut shop, program) = Shop::open().await;
    for buyer in 0..16 {
        program.prints(&format!("buy bottles buyer-{buyer} --order order-{buyer}")).await;
    }
    let _stopped = shop.hangs().await;
    let ended = program.run("confirm bottles order-0").await;
    assert!(ended.code == 3 && ended.errors.contains("name the buyer by --buyer"), "{ended:?}");
    assert!(ended.errors.starts_with("error: shard"), "{ended:?}");
    let mut served = false;
    for buyer in 0..16 {
        let ended = program.run(&format!("confirm bottles order-{buyer} --buyer buyer-{buyer}")).await;
        served = ended.code == 0;
        assert!(served || ended.errors.starts_with("error: shard "), "{ended:?}");
        if served {
            break;
        }
    }
    assert!(served);
}

#[tokio::test]
async fn a_balancer_says_when_shards_fall_silent_and_when_they_answer_again() {
    let (mut shop, program) = Shop::open().await;
    let mut balance = program.start("--within 500ms sale balance bottles --follow --every 20ms");
    assert_eq!(balance.line().await, "bottles: nothing to move, 6 shards");
    let stopped = shop.hangs().await;
    let line = balance.line().await;
    assert!(line.starts_with("shard") && line.ends_with("left out"), "{line}");
    drop(stopped);
    let line = balance.line().await;
    assert!(line.starts_with("shard") && line.ends_with("again"), "{line}");
    balance.signal("INT");
    assert_eq!(balance.ended().await.code, 0);
}

#[tokio::test]
async fn a_picture_shows_the_others() {
    let (mut shop, program) = Shop::open().await;
    let shown = program.json("sale show bottles").await;
    let shards = shown["shards"].as_array().unwrap();
    let other = shards.iter().find(|shard| !shop.has(shard)).unwrap()["sale"].as_str().unwrap();
    let _stopped = shop.hangs().await;
    let text = program.prints("top --once bottles --within 2s").await;
    assert!(text.contains(other), "{other}: {text}");
}
