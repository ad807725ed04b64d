//! Orders of sharded sales, and what reads all of them: lists, events, reports, loads and figures.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::program::Program;
use crate::cluster::nodes::Cluster;
use crate::harness::server::Server;

fn parse(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many orders each shard has.
async fn orders(program: &Program) -> Vec<u64> {
    let shown = program.json("sale show bottles").await;
    let shards = shown["shards"].as_array().unwrap().iter();
    shards.map(|shard| shard["orders"].as_u64().unwrap()).collect()
}

/// Two buyers whose orders are in different shards: each has one that is held.
async fn two_buyers(program: &Program) -> [String; 2] {
    program.prints("buy bottles ann --order order-0").await;
    let home = orders(program).await.iter().position(|orders| *orders > 0).unwrap();
    for number in 1.. {
        program.prints(&format!("buy bottles bob-{number} --order order-{number}")).await;
        if orders(program).await[home] < number + 1 {
            return ["ann".to_owned(), format!("bob-{number}")];
        }
    }
    unreachable!("all buyers have one home")
}

#[tokio::test]
async fn an_order_is_found_in_its_shard() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 400 --shards 4 --limit 3 --hold 10m").await;
    let [ann, bob] = two_buyers(&program).await;
    assert_eq!(program.prints("confirm bottles order-0").await, "SOLD order-0\n");
    assert_eq!(program.prints("extend bottles order-1 --hold 1h").await, "HELD order-1\n");
    assert_eq!(program.json("order bottles order-0").await["buyer"], ann);
    assert_eq!(program.json("buyer bottles ann").await["sold"], 1);
    for missing in ["confirm bottles nothing", "order bottles nothing", "order bottles order-0 --buyer eve"] {
        let ended = program.run(missing).await;
        assert_eq!((ended.code, ended.errors.contains("has no order")), (1, true), "{missing}: {ended:?}");
    }

    // Two buyers chose the same id, each at home. Nobody's order is cancelled instead of another one's.
    for buyer in [&ann, &bob] {
        assert_eq!(program.prints(&format!("buy bottles {buyer} --order same")).await, "HELD same\n");
    }
    let ended = program.run("cancel bottles same").await;
    assert!(
        ended.code == 2 && ended.errors.contains("--buyer: ") && ended.errors.contains(&bob),
        "{ended:?}"
    );
    assert_eq!(program.prints(&format!("cancel bottles same --buyer {bob}")).await, "CANCELLED same\n");
    assert_eq!(program.json("order bottles same --buyer ann").await["state"], "HELD");
    assert_eq!(program.prints("cancel bottles order-0 --buyer ann --refund").await, "CANCELLED order-0\n");

    let listed = parse(&program.prints("sale orders bottles --json").await);
    let placed: Vec<_> = listed.iter().map(|row| row["placed"].as_u64().unwrap()).collect();
    assert!(placed.is_sorted(), "{listed:?}");
    let of_same: Vec<_> = listed.iter().filter(|row| row["order"] == "same").collect();
    assert_eq!([&of_same[0]["state"], &of_same[1]["state"]], [&json!("HELD"), &json!("CANCELLED")]);
}

/// When home has nothing, the units of others are sold.
#[tokio::test]
async fn a_buyer_gets_the_last_units_wherever_they_are() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 8 --shards 4").await;
    assert_eq!(program.prints("buy bottles ann --order order-1 --qty 7").await, "SOLD order-1\n");
    let ended = program.run("buy bottles ann --qty 2").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, "SHORT\n"));
    program.prints("buy bottles bob").await;
    let ended = program.run("buy bottles eve").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, "SOLDOUT\n"));
    assert_eq!(program.json("sale show bottles").await["sold"], 8);
}

/// A crowd sells it out, and all who read it say the same.
#[tokio::test]
async fn the_books_of_all_shards_agree() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 500 --shards 16 --limit 2 --hold 10m").await;
    let line = "load bottles --orders 3000 --buyers 400 --callers 8 --confirm 60% --cancel 10% --retries 5% --skew 1";
    let report = program.json(line).await;
    assert_eq!(report["books"]["agree"], true, "{report:#}");
    program.prints("sale restock bottles 50 --id delivery-1").await;
    program.prints("sale balance bottles").await;

    let shown = program.json("sale show bottles").await;
    let units = |figure: &str| shown[figure].as_u64().unwrap();
    assert_eq!(units("available") + units("held") + units("sold"), 550, "{shown}");
    let written = program.json("report bottles").await;
    assert_eq!((&written["stock"], &written["available"]), (&json!(550), &shown["available"]), "{written:#}");
    assert_eq!((&written["events"], &written["buyers"]), (&shown["seq"], &shown["buyers"]));
    // Nothing but the delivery: units that went from shard to shard are no change of the sale.
    assert_eq!(written["changes"]["total"], 1, "{written:#}");
    assert!(program.prints("report bottles").await.contains("<html"));

    let listed = parse(&program.prints("sale orders bottles --json --state sold,held").await);
    let listed: u64 = listed.iter().map(|row| row["qty"].as_u64().unwrap()).sum();
    assert_eq!(listed, units("sold") + units("held"));
    assert_eq!(program.json("sale audit bottles").await["audit"], "OK");
}

#[tokio::test]
async fn the_events_of_all_shards_are_merged() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 400 --shards 4").await;
    program.prints("load bottles --orders 300").await;
    let events = parse(&program.prints("events bottles").await);
    let times: Vec<_> = events.iter().map(|line| line["at"].as_u64().unwrap()).collect();
    assert!(times.is_sorted());
    let mut seqs: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for line in &events {
        seqs.entry(line["shard"].as_u64().unwrap()).or_default().push(line["seq"].as_u64().unwrap());
    }
    assert_eq!(seqs.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    for (shard, seqs) in &seqs {
        assert_eq!(*seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "{shard}");
    }
    assert_eq!(program.json("sale show bottles").await["seq"], events.len());
}

/// The file has the position in each shard.
#[tokio::test]
async fn a_reader_of_all_shards_goes_on_where_it_ended() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 400 --shards 4").await;
    let directory = tempfile::tempdir().unwrap();
    let read = format!("events bottles --cursor {}", directory.path().join("cursor").display());
    assert_eq!(program.prints(&read).await.lines().count(), 4);
    assert_eq!(program.prints(&read).await, "");
    program.prints("buy bottles ann --order order-1").await;
    let mut follower = program.start(&format!("{read} --follow"));
    assert_eq!(parse(&follower.line().await)[0]["order"], "order-1");
    program.prints("buy bottles bob --order order-2").await;
    let line = &parse(&follower.line().await)[0];
    assert_eq!((&line["order"], line["shard"].is_u64()), (&json!("order-2"), true));
    drop(follower);
    let again = parse(&program.prints(&read).await);
    // Stored after it is printed: the last line may come again.
    assert!(again.iter().all(|line| line["order"] == "order-2"), "{again:?}");
    assert_eq!(program.prints(&read).await, "");

    program.prints("sale create other --stock 400 --shards 3").await;
    let ended = program.run(&read.replace("bottles", "other")).await;
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    // One of an ordinary sale has a single position.
    program.prints("sale create plain --stock 400").await;
    assert_eq!(program.run(&read.replace("bottles", "plain")).await.code, 2);
}

#[tokio::test]
async fn a_sharded_sale_is_one_line_of_the_list() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create summer:bottles --stock 400 --shards 4").await;
    program.prints("sale create summer:glasses --stock 4").await;
    program.prints("sale create {winter:0:1} --stock 4").await;
    let listed = async |line: &str| {
        let rows = parse(&program.prints(&format!("{line} --interval 0s --json")).await);
        rows.into_iter().map(|row| row["sale"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("sale list").await, ["summer:bottles", "summer:glasses", "{winter:0:1}"]);
    assert_eq!(listed("sale list summer:*").await, ["summer:bottles", "summer:glasses"]);
    assert_eq!(listed("sale list summer:bottles").await, ["summer:bottles"]);
    assert_eq!(listed("sale list --shards").await.len(), 6);
    let row = program.json("sale list summer:bottles --interval 1ms").await;
    assert_eq!((&row["shards"], &row["available"]), (&json!(4), &json!(400)));
    assert!(program.prints("sale list").await.contains("summer:bottles (4 shards)"));
}

#[tokio::test]
async fn a_sharded_sale_rolls_over_to_another_one() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create old --stock 40 --shards 4 --limit 4 --hold 10m").await;
    program.prints("buy old ann --order order-1 --qty 3").await;
    let rolled = program.json("sale roll old new --opens +1h").await;
    assert_eq!(rolled, json!({ "old": "old", "new": "new", "units": 37, "available": 37 }));
    let shown = program.json("sale show new").await;
    assert_eq!((shown["shards"].as_array().unwrap().len(), &shown["rules"]["limit"]), (4, &json!(4)));
    program.prints("cancel old order-1").await;
    assert_eq!(program.json("sale roll old new").await["available"], 40);
    assert_eq!(program.json("sale show old").await["available"], 0);

    program.prints("sale roll new newer --shards 2").await;
    let shown = program.json("sale show newer").await;
    assert_eq!((shown["shards"].as_array().unwrap().len(), &shown["available"]), (2, &json!(40)));
}

#[tokio::test]
async fn metrics_and_top_name_the_shards() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    program.prints("sale create bottles --stock 400 --shards 4").await;
    program.prints("sale create plain --stock 4").await;
    let metrics = program.prints("metrics --once bottles plain").await;
    for line in [
        "seckill_sale_available{sale=\"bottles\",shard=\"3\"} 100",
        "seckill_sale_state{sale=\"bottles\",shard=\"0\",state=\"OPEN\"} 1",
        "seckill_sale_available{sale=\"plain\"} 4",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let ended = program.run("metrics --once missing").await;
    assert!(ended.code == 1 && ended.out.contains("seckill_sale_up{sale=\"missing\"} 0"), "{ended:?}");
    let top = program.json("top --once bottles").await;
    let sales: Vec<_> = top["sales"].as_array().unwrap().iter().map(|sale| sale["sale"].clone()).collect();
    assert_eq!(sales.len(), 4, "{top:#}");
    assert!(sales[3].as_str().unwrap().starts_with("{bottles:3:"), "{top:#}");
}
