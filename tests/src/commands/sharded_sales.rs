//! `seckill sale` on sales of many shards.

use serde_json::{Value, json};

use super::program::Program;
use crate::cluster::nodes::Cluster;
use crate::harness::server::Server;
use crate::harness::session::play;

/// The sum of a figure over the shards of `sale show`.
fn sum(shown: &Value, figure: &str) -> u64 {
    shown["shards"].as_array().unwrap().iter().map(|shard| shard[figure].as_u64().unwrap()).sum()
}

/// The story of a sale on a cluster of three nodes.
#[tokio::test]
async fn a_sale_of_many_shards_is_created_changed_and_deleted() {
    let cluster = Cluster::start("").await;
    lives(&Program::at(cluster.urls())).await;
}

/// The same on one server, which has all shards.
#[tokio::test]
async fn so_is_one_on_a_single_server() {
    let server = Server::start().await;
    lives(&Program::on(&server)).await;
    let mut connection = server.connect().await;
    play(&mut connection, "DBSIZE => 0").await;
}

/// The same on servers that know nothing of each other.
#[tokio::test]
async fn so_is_one_on_independent_servers() {
    let servers = [Server::start().await, Server::start().await];
    lives(&Program::sharing(&servers)).await;
    for server in &servers {
        play(&mut server.connect().await, "DBSIZE => 0").await;
    }
}

async fn lives(program: &Program) {
    let created =
        program.json("sale create bottles --stock 50 --shards 8 --limit 2 --hold 10m --opens +1h").await;
    assert_eq!((&created["state"], &created["available"]), (&json!("UPCOMING"), &json!(50)));
    let shards = created["shards"].as_array().unwrap();
    assert_eq!((shards.len(), sum(&created, "available")), (8, 50));
    assert!(shards.iter().all(|shard| [6, 7].contains(&shard["available"].as_u64().unwrap())), "{created}");
    assert!(shards[3]["sale"].as_str().unwrap().starts_with("{bottles:3:"), "{created}");

    let shown = program.json("sale open bottles").await;
    assert_eq!((&shown["state"], &shown["shards"][7]["state"]), (&json!("OPEN"), &json!("OPEN")));
    let shown = program.json("sale alter bottles --limit 3").await;
    assert!(shown["shards"].as_array().unwrap().iter().all(|shard| shard["rules"]["limit"] == 3), "{shown}");

    let shown = program.json("sale restock bottles 30 --id delivery-1").await;
    assert_eq!((&shown["units"], &shown["available"]), (&json!(30), &json!(80)));
    assert_eq!(program.json("sale restock bottles 30 --id delivery-1").await["available"], 80);
    // More than any shard has.
    assert_eq!(program.json("sale restock bottles -70 --id broken").await["available"], 10);
    let ended = program.run("sale restock bottles -11").await;
    assert_eq!((ended.code, ended.errors.contains("NOSTOCK")), (1, true), "{ended:?}");

    let text = program.prints("sale show bottles").await;
    for part in ["bottles  OPEN\n", "available  10", "8 shards within ", "not at one instant", "{bottles:7:"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(program.json("sale close bottles").await["state"], "CLOSED");
    assert_eq!(program.json("sale open bottles --at +1h").await["state"], "UPCOMING");
    assert_eq!(program.json("sale close bottles").await["state"], "CLOSED");

    let ended = program.run("sale create bottles --stock 50 --shards 4").await;
    assert_eq!((ended.code, ended.errors.contains("8 shards")), (1, true), "{ended:?}");
    let ended = program.run("sale create bottles --stock 50").await;
    assert_eq!((ended.code, ended.errors.contains("repeat with --shards 8")), (1, true), "{ended:?}");
    assert_eq!(program.run("sale create {a}b --stock 50 --shards 4").await.code, 2);
    assert_eq!(program.run("sale create other --stock 50 --shards 1025").await.code, 2);

    program.prints("sale delete bottles --yes").await;
    assert_eq!(program.run("sale show bottles").await.code, 1);
    assert_eq!(program.run("sale delete bottles --yes").await.code, 1);
}

/// A key that looks like that of a shard, and at the key of its sale something else: the others are listed all the same.
#[tokio::test]
async fn what_is_no_directory_hides_no_sale() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE {winter:0:1} STOCK 3 => OK").await;
    for other in ["SET winter x => OK", "HSET winter salt 1 shards 3 hash other => 3", "HSET winter a b => 1"]
    {
        play(&mut connection, other).await;
        let listed = program.json("sale list").await;
        assert_eq!(listed["sale"], "{winter:0:1}", "{other}");
        play(&mut connection, "DEL winter => 1").await;
    }
}

/// A sale that lost a shard is no sale that was deleted meanwhile.
#[tokio::test]
async fn a_sale_that_lost_a_shard_is_named() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 9 --shards 3").await;
    program.prints("sale create glasses --stock 9").await;
    let shown = program.json("sale show bottles").await;
    let shard = shown["shards"][1]["sale"].as_str().unwrap();
    play(&mut server.connect().await, &format!("DEL {shard} => 1")).await;
    let ended = program.run("sale list --interval 0s").await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("glasses") && ended.errors.contains(shard), "{ended:?}");
}
