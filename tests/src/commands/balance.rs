//! `seckill sale balance`.

use serde_json::{Value, json};

use super::program::Program;
use crate::cluster::nodes::Cluster;
use crate::harness::processes::Stopped;
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// A transfer that others began.
const TRANSFER: &str = "transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501";

/// The key of each shard.
async fn shards(program: &Program) -> Vec<String> {
    let shown = program.json("sale show bottles").await;
    let shards = shown["shards"].as_array().unwrap().iter();
    shards.map(|shard| shard["sale"].as_str().unwrap().to_owned()).collect()
}

async fn available(program: &Program) -> Vec<u64> {
    let shown = program.json("sale show bottles").await;
    let shards = shown["shards"].as_array().unwrap().iter();
    shards.map(|shard| shard["available"].as_u64().unwrap()).collect()
}

/// Somebody buys all that a shard has.
async fn buy_out(connection: &mut Connection, shard: &str, order: &str, units: u64) {
    play(connection, &format!("SECKILL.BUY {shard} eve {order} QTY {units} => SOLD")).await;
}

#[tokio::test]
async fn a_shard_that_ran_dry_gets_units() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 40 --shards 4 --limit 10").await;
    assert_eq!(program.prints("sale balance bottles").await, "bottles: nothing to move, 4 shards\n");
    // A buyer takes what the home shard has.
    program.prints("buy bottles ann --qty 10").await;
    let before = available(&program).await;
    let home = before.iter().position(|units| *units == 0).expect("a shard that is sold out");

    let balanced = program.json("sale balance bottles").await;
    let moved = balanced["moved"].as_array().unwrap();
    assert!(!moved.is_empty() && moved.iter().all(|transfer| transfer["to"] == home), "{balanced}");
    assert_eq!((&balanced["open"], &balanced["silent"]), (&json!([]), &json!([])));
    let after = available(&program).await;
    assert_eq!(after[home], moved.iter().map(|transfer| transfer["units"].as_u64().unwrap()).sum::<u64>());
    assert_eq!(after.iter().sum::<u64>(), 30);
    assert_eq!(program.prints("sale balance bottles").await, "bottles: nothing to move, 4 shards\n");
}

#[tokio::test]
async fn there_is_nothing_to_move_in_an_ordinary_sale() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 40").await;
    assert_eq!(program.json("sale balance bottles").await["moved"], json!([]));
    assert_eq!(program.run("sale balance missing").await.code, 1);
}

/// Its shards are left out, and named; the others are balanced.
#[tokio::test]
async fn a_node_that_hangs_does_not_keep_the_others_from_it() {
    let cluster = Cluster::start("cluster-node-timeout 600000").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 60 --shards 6").await;
    let shards = shards(&program).await;
    let mut others = Vec::new();
    for url in cluster.urls() {
        let mut node = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = get(&mut node, "KEYS *").await;
        if !keys.contains(&"bottles".to_owned()) {
            others.push((node, keys));
        }
    }
    let [(hung, silent), (healthy, keys)] = &mut others[..] else { panic!("two without the directory") };
    buy_out(healthy, &keys[0], "order-1", 10).await;
    let stopped = Stopped::server(hung).await;
    let ended = program.run("sale balance bottles --json").await;
    let balanced: Value =
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let named: Vec<_> =
        balanced["silent"].as_array().unwrap().iter().map(|shard| shard.as_u64().unwrap()).collect();
    let silent: Vec<_> =
        (0..6).filter(|shard| silent.contains(&shards[usize::try_from(*shard).unwrap()])).collect();
    assert_eq!((ended.code, named), (1, silent), "{ended:?}");
    assert!(!balanced["moved"].as_array().unwrap().is_empty(), "{ended:?}");
    drop(stopped);
    assert_eq!(available(&program).await.iter().sum::<u64>(), 50);
    program.prints("sale balance bottles").await;
}

/// A client began a transfer and was killed; another was forgotten in part by a failover.
#[tokio::test]
async fn transfers_of_others_are_finished_or_named() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut connection = server.connect().await;
    program.prints("sale create bottles --stock 40 --shards 4").await;
    let shards = shards(&program).await;
    let begun = format!("XADD {{bottles}}:transfers 1-1 transfer {TRANSFER} => \"1-1\"");
    play(&mut connection, &begun).await;
    play(&mut connection, &format!("SECKILL.RESTOCK {} -5 ID {TRANSFER} => 5", shards[0])).await;
    assert!(program.prints("sale show bottles").await.contains("up to 5 units"));
    assert_eq!(program.json("sale balance bottles").await["finished"], 1);
    assert_eq!(available(&program).await, [5, 15, 10, 10]);

    // One half is there, and too few units are for the other one.
    let owed = TRANSFER.replace('5', "6");
    let session = format!(
        "
        SECKILL.RESTOCK {} 6 ID {owed} => 21
        XADD {{bottles}}:transfers 2-1 transfer {owed} => \"2-1\"
        ",
        shards[1]
    );
    play(&mut connection, &session).await;
    for (shard, units) in shards.iter().zip([5, 21, 10, 10]) {
        buy_out(&mut connection, shard, "order-1", units).await;
    }
    let ended = program.run("sale balance bottles").await;
    assert_eq!((ended.code, ended.out.contains(&owed)), (1, true), "{ended:?}");
    // The units are in two shards: sold twice.
    let audited = program.run("sale audit bottles").await;
    assert!(audited.code == 1 && audited.out.contains(&format!("IN TWO SHARDS: {owed}")), "{audited:?}");
    let repaired = program.run("sale audit bottles --repair").await;
    assert!(repaired.code == 1 && repaired.out.contains("shard 0 owes 6 units"), "{repaired:?}");
    assert!(!repaired.out.contains("--repair finishes these"), "{repaired:?}");
    play(&mut connection, &format!("SECKILL.CANCEL {} order-1 REFUND => CANCELLED", shards[2])).await;
    assert_ne!(program.json("sale balance bottles").await["finished"], 0);
    assert_eq!(available(&program).await.iter().sum::<u64>(), 4);
    let audited = program.json("sale audit bottles").await;
    let figures =
        ["audit", "stock", "available", "sold", "in_transit_units"].map(|name| audited[name].clone());
    assert_eq!(json!(figures), json!(["OK", 40, 4, 36, 0]), "{audited}");
}

fn moved(line: &str) -> usize {
    let round: Value = serde_json::from_str(line).unwrap();
    round["moved"].as_array().unwrap().len()
}

#[tokio::test]
async fn it_goes_on_after_a_lost_connection_until_it_is_interrupted() {
    let server = Server::primary("").await;
    let proxy = Proxy::to(&server).await;
    let direct = Program::on(&server);
    direct.prints("sale create bottles --stock 40 --shards 4").await;
    let shards = shards(&direct).await;
    let mut connection = server.connect().await;
    let through = Program::at([format!("redis://127.0.0.1:{}", proxy.port())]);
    let mut balance = through.start("--within 500ms sale balance bottles --follow --every 20ms --json");
    assert_eq!(moved(&balance.line().await), 0);
    buy_out(&mut connection, &shards[0], "order-1", 10).await;
    assert!(moved(&balance.line().await) > 0);

    proxy.stall();
    assert!(balance.error().await.contains("goes on when"));
    proxy.mend();
    assert_eq!(balance.error().await, "the servers answer again");
    balance.signal("INT");
    let ended = balance.ended().await;
    assert_eq!((ended.code, ended.errors.as_str()), (0, ""), "{ended:?}");
}

/// The journal is gone, and with it what would be finished.
#[tokio::test]
async fn an_audit_finds_what_is_in_no_shard_and_repairs_it() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 40 --shards 4").await;
    let shards = shards(&program).await;
    let taken = format!("SECKILL.RESTOCK {} -5 ID {TRANSFER} => 5", shards[0]);
    play(&mut server.connect().await, &taken).await;
    let audited = program.run("sale audit bottles --json").await;
    assert!(
        audited.code == 1 && audited.out.contains(&format!("\"in_transit\":[\"{TRANSFER}\"]")),
        "{audited:?}"
    );
    let text = program.prints("sale audit bottles --repair").await;
    assert!(text.contains("40 units = 40 available + 0 held + 0 sold + 0 on the way, in 4 shards"), "{text}");
    assert_eq!(available(&program).await, [5, 15, 10, 10]);
}

/// No replica has the steps, so nothing is moved.
#[tokio::test]
async fn transfers_wait_for_replicas() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 40 --shards 4").await;
    buy_out(&mut server.connect().await, &shards(&program).await[0], "order-1", 10).await;
    let ended = program.run("--within 200ms sale balance bottles --replicas 1").await;
    assert!(ended.code == 3 && ended.errors.contains("too few replicas"), "{ended:?}");
    assert_eq!(available(&program).await, [0, 10, 10, 10]);
    program.prints("sale balance bottles").await;
    assert_eq!(available(&program).await.iter().sum::<u64>(), 30);
}

#[tokio::test]
async fn it_ends_when_the_sale_is_deleted() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 40 --shards 4").await;
    let mut balance = program.start("sale balance bottles --follow --every 20ms");
    assert_eq!(balance.line().await, "bottles: nothing to move, 4 shards");
    program.prints("sale delete bottles --yes").await;
    let ended = balance.ended().await;
    assert_eq!((ended.code, ended.errors.contains("NOSALE")), (1, true), "{ended:?}");
}
