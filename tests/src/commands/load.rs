//! `seckill load`: what it reports, and that it finds what is wrong.

use std::time::Duration;

use seckill_client::{After, EventKind, NewSale, Seckill, State};
use serde_json::Value;

use super::program::{Ended, Program};
use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// A load that ended with its books in order.
async fn agrees(program: &Program, line: &str) -> Value {
    let report = program.json(line).await;
    assert_eq!(report["books"]["agree"], true, "{line}: {report:#}");
    report
}

async fn sale(server: &Server, key: &str, sale: NewSale) -> Connection {
    let mut connection = server.connect().await;
    connection.seckill().create(key, sale).await.unwrap();
    connection
}

async fn orders(connection: &mut Connection) -> u64 {
    connection.seckill().info("bottles").await.unwrap().orders
}

/// Waits until the sale has so many orders more.
async fn more_orders(connection: &mut Connection, more: u64) {
    let before = orders(connection).await;
    wait_until("orders are placed", async || orders(connection).await >= before + more).await;
}

fn calls(report: &Value, command: &str) -> u64 {
    let latencies = report["latencies"].as_array().unwrap().iter();
    latencies.filter(|of| of["command"] == command).map(|of| of["calls"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn callers_sell_out_a_sale() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(100).limit(2)).await;
    let program = Program::on(&server);
    let report = agrees(&program, "load bottles --orders 1000 --buyers 80 --callers 8").await;
    assert_eq!(report["purchases"], 1000, "{report:#}");
    assert_eq!(report["accepted"], 100, "{report:#}");
    let refused = report["refused"].as_object().unwrap();
    assert_eq!(refused.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 900, "{report:#}");
    assert!(refused.contains_key("SOLDOUT") && refused.contains_key("LIMIT"), "{report:#}");
    assert_eq!(calls(&report, "BUY"), 1000, "{report:#}");
    assert_eq!(connection.seckill().info("bottles").await.unwrap().sold, 100);

    // The order ids are new ones, so it can be repeated.
    let again = agrees(&program, "load bottles --orders 50").await;
    assert_eq!(again["accepted"], 0, "{again:#}");
}

#[tokio::test]
async fn held_orders_are_confirmed_cancelled_or_abandoned() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(100_000).hold(HOUR)).await;
    let program = Program::on(&server);
    let line = "load bottles --orders 2000 --confirm 70% --cancel 10% --retries 5% --qty 3 --connections 2";
    let report = agrees(&program, line).await;
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("accepted"), 2000, "{report:#}");
    for (name, percent) in [("confirmed", 70), ("cancelled", 10), ("abandoned", 20), ("retried", 5)] {
        assert!(count(name).abs_diff(20 * percent) < 100, "{name}: {report:#}");
    }
    assert_eq!(calls(&report, "BUY"), 2000 + count("retried"), "{report:#}");
    assert_eq!(calls(&report, "CONFIRM"), count("confirmed"), "{report:#}");
    let info = connection.seckill().info("bottles").await.unwrap();
    assert_eq!((info.sold, info.held), (3 * count("confirmed"), 3 * count("abandoned")));
}

/// Holds run out while the callers confirm them.
#[tokio::test]
async fn what_runs_out_is_in_order() {
    let server = Server::start().await;
    sale(&server, "bottles", NewSale::new(500).hold(Duration::from_millis(1))).await;
    let program = Program::on(&server);
    let report = agrees(&program, "load bottles --orders 3000 --retries 50% --confirm 50%").await;
    assert!(report["expired"].as_u64().unwrap() > 0, "{report:#}");
}

#[tokio::test]
async fn a_rate_is_kept_and_loads_do_not_confuse_each_other() {
    let server = Server::start().await;
    sale(&server, "bottles", NewSale::new(900).limit(5).hold(HOUR)).await;
    let program = Program::on(&server);
    let line = "load bottles --orders 1000 --buyers 300 --skew 1 --cancel 20% --retries 10%";
    let paced = format!("{line} --rate 1000");
    let (rate, closed) = tokio::join!(agrees(&program, &paced), agrees(&program, line));
    assert_eq!(rate["asked_per_second"], 1000, "{rate:#}");
    // The last of 1000 begins 999 ms after the first.
    assert!(rate["seconds"].as_f64().unwrap() >= 0.999, "{rate:#}");
    for report in [&rate, &closed] {
        assert_eq!(report["purchases"], 1000, "{report:#}");
        assert!(report["accepted"].as_u64().unwrap() > 0, "{report:#}");
    }
}

/// The server stops in the middle: each purchase of that time waited for it, although few could be under way at once.
#[tokio::test]
async fn latency_counts_from_when_a_purchase_was_to_begin() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(100_000)).await;
    let program = Program::on(&server);
    let started = program.start("load bottles --orders 1000 --rate 1000 --in-flight 1 --json");
    more_orders(&mut connection, 100).await;
    redis::cmd("DEBUG").arg("SLEEP").arg("0.5").exec_async(&mut connection).await.unwrap();
    let report: Value = serde_json::from_str(&started.ended().await.out).unwrap();
    let buy = &report["latencies"][0];
    assert!(buy["p90_us"].as_u64().unwrap() > 250_000, "{report:#}");
    assert!(report["late"].as_u64().unwrap() > 250, "{report:#}");
    assert!(report["latest_us"].as_u64().unwrap() > 400_000, "{report:#}");
}

#[tokio::test]
async fn a_link_that_breaks_leaves_the_books_in_order() {
    let server = Server::primary("").await;
    let mut connection = sale(&server, "bottles", NewSale::new(1_000_000).hold(HOUR)).await;
    let proxy = Proxy::to(&server).await;
    let program = Program::at([format!("redis://127.0.0.1:{}", proxy.port())]);
    let line = "load bottles --for 5m --callers 8 --within 300ms --cancel 30% --retries 20% --json";
    let started = program.start(line);
    for bytes in [5_000, 17, 40_000] {
        more_orders(&mut connection, 100).await;
        proxy.cut_replies_after(bytes);
        more_orders(&mut connection, 100).await;
        proxy.cut_requests_after(bytes);
    }
    more_orders(&mut connection, 100).await;
    // More orders than callers: some of them gave up waiting for an answer.
    proxy.mute();
    more_orders(&mut connection, 9).await;
    proxy.mend();
    more_orders(&mut connection, 100).await;

    started.signal("INT");
    let ended = started.ended().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["books"]["agree"], true, "{report:#}");
    assert!(report["unknown"].as_u64().unwrap() > 0, "{report:#}");
}

/// The order of a caller that nobody has confirmed or cancelled.
async fn an_abandoned_order(connection: &mut Connection) -> String {
    let events = connection.seckill().events("bottles", After::seq(0)).await.unwrap();
    let order = events.into_iter().find_map(|event| match event.kind {
        EventKind::Order { state: State::Held, order, .. } => Some(order),
        _ => None,
    });
    String::from_utf8(order.unwrap()).unwrap()
}

/// The books differ, and the report says where.
fn differs(ended: &Ended, difference: &str) {
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("THE BOOKS DIFFER"), "{ended:?}");
    assert!(ended.out.contains(difference), "{difference}: {ended:?}");
}

#[tokio::test]
async fn an_order_that_somebody_else_cancels_is_named() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(1_000_000).hold(HOUR)).await;
    let program = Program::on(&server);
    let started = program.start("load bottles --for 5m --rate 200 --confirm 0%");
    more_orders(&mut connection, 20).await;
    let order = an_abandoned_order(&mut connection).await;
    connection.seckill().cancel("bottles", &order).await.unwrap();
    started.signal("TERM");
    let ended = started.ended().await;
    differs(&ended, &format!("{order} went through HELD, CANCELLED, and its caller was told BUY: HELD"));
}

/// What a failover to a replica that was behind does.
#[tokio::test]
async fn lost_orders_are_missing() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(1_000_000)).await;
    let program = Program::on(&server);
    let started = program.start("load bottles --for 5m --rate 500");
    more_orders(&mut connection, 20).await;
    let copy: Vec<u8> = redis::cmd("DUMP").arg("bottles").query_async(&mut connection).await.unwrap();
    more_orders(&mut connection, 20).await;
    redis::cmd("RESTORE")
        .arg("bottles")
        .arg(0)
        .arg(copy)
        .arg("REPLACE")
        .exec_async(&mut connection)
        .await
        .unwrap();
    more_orders(&mut connection, 20).await;
    started.signal("INT");
    differs(&started.ended().await, "is not in the sale, and its caller was told BUY: SOLD");
}

#[tokio::test]
async fn what_cannot_go_on_ends_the_load() {
    let server = Server::with_arguments("max-orders 50", "").await.unwrap();
    sale(&server, "bottles", NewSale::new(1_000)).await;
    let program = Program::on(&server);
    let ended = program.run("load bottles --for 5m").await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.errors.contains("FULL") && ended.errors.contains("seckill sale roll"), "{ended:?}");
    assert!(ended.out.contains("The books agree"), "{ended:?}");
    for (line, code) in [
        ("load missing --orders 1", 1),
        ("load bottles", 2),
        ("load bottles --orders 1 --confirm 70% --cancel 31%", 2),
        ("load bottles --orders 1 --callers 2 --rate 3", 2),
        ("load bottles --orders 1 --in-flight 5", 2),
        ("load bottles --orders 1 --buyers 10000001", 2),
        ("load bottles --for 1s --retries 101%", 2),
    ] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
    }
}

/// A purchase that was refused, made again and accepted then, has got its units.
#[tokio::test]
async fn no_more_orders_end_than_were_accepted() {
    let server = Server::start().await;
    sale(&server, "bottles", NewSale::new(1).hold(HOUR)).await;
    let line = "load bottles --orders 5000 --cancel 100% --retries 100% --callers 64";
    let report = agrees(&Program::on(&server), line).await;
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(count("cancelled") + count("abandoned"), count("accepted"), "{report:#}");
    let refused = report["refused"].as_object().unwrap().values().map(|count| count.as_u64().unwrap());
    assert_eq!(refused.sum::<u64>() + count("accepted"), 5000, "{report:#}");
}

/// The server takes no orders, for whatever reason: that its books agree is no success.
#[tokio::test]
async fn a_load_on_a_server_that_takes_no_orders_is_not_done() {
    let server = Server::start().await;
    let mut connection = sale(&server, "bottles", NewSale::new(10)).await;
    let program = Program::on(&server);
    for (session, why) in [
        ("ACL SETUSER default -seckill.buy => OK", "name a user that may do this"),
        ("ACL SETUSER default +seckill.buy => OK\nCONFIG SET min-replicas-to-write 1 => OK", "NOREPLICAS"),
        (
            "CONFIG SET min-replicas-to-write 0 => OK\nREPLICAOF 127.0.0.1 1 => OK",
            "this is a replica: name the primary",
        ),
    ] {
        play(&mut connection, session).await;
        let ended = program.run("load bottles --orders 5 --within 1s").await;
        assert_eq!(ended.code, 3, "{why}: {ended:?}");
        assert!(ended.errors.contains(why), "{why}: {ended:?}");
        assert!(ended.out.contains("unknown") && !ended.out.contains("no answer came"), "{ended:?}");
    }
}
