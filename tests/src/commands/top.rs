//! `seckill top`, on a terminal and for scripts.

use std::time::Instant;

use seckill_client::{NewSale, Seckill};

use super::program::Program;
use super::terminal::Terminal;
use crate::cluster::nodes::Cluster;
use crate::harness::conditions::wait_until;
use crate::harness::processes::Stopped;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// The view of a server, on a screen with room for all columns.
fn view(server: &Server, arguments: &[&str]) -> Terminal {
    let command = Program::on(server).command([&["top"], arguments].concat());
    Terminal::run(&command, 140, 35)
}

#[tokio::test]
async fn orders_are_seen_as_they_are_placed() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 4000 LIMIT 3 HOLD 3600000 => OK").await;
    play(&mut connection, "SECKILL.CREATE glasses STOCK 1 => OK").await;
    let mut view = view(&server, &[]);
    view.shows(&["2 sales", "UTC"]).await;
    view.shows(&["bottles", "OPEN", "4,000"]).await;
    let session = "SECKILL.BUY bottles ann order-1 QTY 3 => HELD
        SECKILL.BUY bottles bob order-2 QTY 2 => HELD
        SECKILL.CONFIRM bottles order-2 => SOLD
        SECKILL.BUY glasses ann order-1 => SOLD
        SECKILL.BUY glasses bob order-2 => SOLDOUT";
    play(&mut connection, session).await;
    // Sold, held, left, and orders.
    view.shows(&["bottles", "OPEN", " 2 ", " 3 ", " 3,995 "]).await;
    view.shows(&["glasses", "SOLDOUT", "█"]).await;

    // The first sale in detail.
    view.press("\r");
    view.shows(&["at most 3 units a buyer", "held for 1h"]).await;
    view.shows(&["SOLD", "2 × bob", "order-2"]).await;
    view.shows(&["next due in 59m", "3 later"]).await;
    // The one below it, and back.
    view.press("\x1b[B");
    view.shows(&["1 sold (100.0 %)"]).await;
    view.press("\x1b");
    view.shows(&["SALE▲"]).await;

    // Sorted by sold units, and filtered.
    view.press("sss");
    view.shows(&["SOLD▼"]).await;
    view.press("/gla\r");
    view.shows_no_more(&["bottles"]).await;
    view.shows(&["glasses"]).await;

    view.press("?");
    view.shows(&["q  Ctrl-C", "quit"]).await;
    view.press("?");
    view.resize(60, 15);
    view.shows(&["glasses", "SOLDOUT"]).await;
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
}

#[tokio::test]
async fn signals_leave_the_terminal_as_it_was() {
    let server = Server::start().await;
    for signal in ["TERM", "INT", "HUP"] {
        let view = view(&server, &[]);
        view.shows(&["no sales yet"]).await;
        let sent = std::process::Command::new("kill")
            .args([format!("-{signal}"), view.process().to_string()])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(view.ends_cleanly().await, 0, "{signal}");
    }
    let mut view = view(&server, &[]);
    view.shows(&["no sales yet"]).await;
    view.press("\x03");
    assert_eq!(view.ends_cleanly().await, 0);
}

#[tokio::test]
async fn what_is_wrong_from_the_beginning_is_said_on_the_usual_screen() {
    let server = Server::start().await;
    let view = view(&server, &["--url", "redis+unix:///nowhere"]);
    view.shows(&["error:"]).await;
    assert_eq!(view.ends_cleanly().await, 3);
}

#[tokio::test]
async fn the_view_goes_on_when_the_server_is_back() {
    let mut server = Server::with("appendonly yes\nappendfsync always").await;
    play(&mut server.connect().await, "SECKILL.CREATE bottles STOCK 4000 => OK").await;
    let mut view = view(&server, &["bottles"]);
    view.shows(&["bottles", "OPEN", "4,000"]).await;
    server.kill();
    view.shows(&["No answer for"]).await;
    // The last figures are still there.
    view.shows(&["bottles", "OPEN", "4,000"]).await;
    server.restart().await;
    view.shows_no_more(&["No answer for"]).await;
    play(&mut server.connect().await, "SECKILL.BUY bottles ann order-1 => SOLD").await;
    view.shows(&["bottles", "OPEN", "3,999"]).await;
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
}

#[tokio::test]
async fn the_screen_has_colours_unless_they_are_not_wanted() {
    let server = Server::start().await;
    play(&mut server.connect().await, "SECKILL.CREATE bottles STOCK 4000 => OK").await;
    for (no_colour, has_colours) in [("", true), ("1", false)] {
        let mut command = Program::on(&server).command(["top"]);
        command.env("NO_COLOR", no_colour);
        let mut view = Terminal::run(&command, 80, 24);
        view.shows(&["bottles", "OPEN"]).await;
        assert_eq!(view.has_colours(), has_colours);
        view.press("q");
        assert_eq!(view.ends_cleanly().await, 0);
    }
}

/// How often a command was called.
async fn calls(connection: &mut Connection, command: &str) -> u64 {
    let stats: String = get(connection, "INFO commandstats").await;
    let field = format!("cmdstat_{command}:calls=");
    let calls = stats.lines().find_map(|line| line.strip_prefix(&field)?.split(',').next()?.parse().ok());
    calls.unwrap_or(0)
}

#[tokio::test]
async fn the_servers_are_asked_once_a_second_whatever_keys_are_pressed() {
    const SALES: u64 = 20;
    const PASSES: u64 = 5;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for number in 0..SALES {
        play(&mut connection, &format!("SECKILL.CREATE sale:{number:02} STOCK 100 => OK")).await;
    }
    let begun = Instant::now();
    let mut view = view(&server, &[]);
    view.shows(&["20 sales", "every 1s"]).await;
    let mut asked_here = 0;
    loop {
        // In the detail and out of it, sorted and filtered.
        view.press("\r\x1b[B\x1b[B\x7fsr/sale\r\x7f");
        asked_here += 1;
        if calls(&mut connection, "seckill.info").await >= PASSES * SALES {
            break;
        }
        view.shows(&["filter"]).await;
        assert!(begun.elapsed() < crate::harness::conditions::PATIENCE, "{}", view.text());
        tokio::task::yield_now().await;
    }
    view.press("q");
    // It reads all keys before that one first.
    assert_eq!(view.ends_cleanly().await, 0);
    let passed = begun.elapsed().as_secs();
    let of_sales = calls(&mut connection, "seckill.info").await;
    let of_server = calls(&mut connection, "info").await - asked_here - 1;
    let most = passed + 2;
    assert!(of_sales <= most * SALES && of_server <= most, "{of_sales} and {of_server} calls in {passed} s");
    assert!(
        (of_server - 1) * SALES <= of_sales && of_sales <= (of_server + 1) * SALES,
        "{of_sales}, {of_server}"
    );
    // Keys that are pressed in between read no events either.
    assert!(calls(&mut connection, "seckill.events").await <= 3 * most);
    assert!(calls(&mut connection, "scan").await <= most);
}

#[tokio::test]
async fn a_picture_for_scripts() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 4 => OK\nSECKILL.BUY bottles ann order-1 => SOLD")
        .await;
    play(&mut connection, "SET other 1 => OK").await;
    let text = program.prints("top --once").await;
    let line = text.lines().find(|line| line.starts_with("bottles")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("OPEN") && !text.contains('\x1b'), "{text}");
    let json = program.json("top --once").await;
    assert_eq!(json["sales"][0]["sale"], "bottles");
    assert_eq!(json["sales"][0]["sold"], 1);
    assert_eq!(json["sales"][0]["orders_per_second"], 0.0);
    assert_eq!(json["servers"][0]["counters"]["orders"], 1);
    assert_eq!(json["servers"][0]["per_second"]["refused"]["soldout"], 0.0);
    assert_eq!(json["more_sales"], 0);
    assert_eq!(program.json("top --once --match glasses*").await["sales"].as_array().unwrap().len(), 0);

    for (line, code, says) in [
        ("top", 2, "add --once"),
        ("top --json", 2, "add --once"),
        ("top --once --interval 100ms", 2, "1s or longer"),
        ("top --once missing", 1, "NOSALE"),
        ("top --once other", 1, "WRONGTYPE"),
        ("top bottles --once --match b*", 2, "--match"),
        ("--url redis+unix:///nowhere top --once", 3, "is the server running there?"),
    ] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(says), "{line}: {ended:?}");
    }
}

#[tokio::test]
async fn more_sales_than_can_be_shown_are_counted() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for number in 0..60 {
        play(&mut connection, &format!("SECKILL.CREATE sale:{number:02} STOCK 100 => OK")).await;
    }
    let json = Program::on(&server).json("top --once").await;
    assert_eq!((json["sales"].as_array().unwrap().len(), &json["more_sales"]), (50, &10.into()));
}

#[tokio::test]
async fn a_replica_and_its_lag_are_shown() {
    let primary = Server::primary("").await;
    let replica = Server::replica_of(primary.port(), "").await;
    let mut view = view(&primary, &[]);
    view.shows(&["1, lag"]).await;
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
    let json = Program::on(&replica).json("top --once").await;
    assert_eq!(json["servers"][0]["replica_of"]["is_connected"], true);
}

#[tokio::test]
async fn all_primaries_of_a_cluster_are_shown_with_their_sales() {
    let cluster = Cluster::start("").await;
    let program = Program::at(cluster.urls());
    for number in 0..12 {
        program.prints(&format!("sale create sale:{number:02} --stock 4000")).await;
    }
    let mut view = Terminal::run(&program.command(["top"]), 120, 40);
    view.shows(&["12 sales"]).await;
    view.shows(&["sale:11", "OPEN", "4,000"]).await;
    program.prints("buy sale:07 ann --order order-1").await;
    view.shows(&["sale:07", "3,999"]).await;
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
    let json = program.json("top --once sale:01 sale:07 sale:02").await;
    assert_eq!(json["servers"].as_array().unwrap().len(), 3);
    let orders: u64 = json["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server["counters"]["orders"].as_u64().unwrap())
        .sum();
    let sold: Vec<_> =
        json["sales"].as_array().unwrap().iter().map(|sale| sale["sold"].as_u64().unwrap()).collect();
    assert_eq!((orders, sold), (1, vec![0, 0, 1]));
}

/// Connects to each node by itself.
async fn connect_to_each(cluster: &Cluster) -> Vec<Connection> {
    let connect = async |url: String| {
        redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
    };
    let mut connections = Vec::new();
    for url in cluster.urls() {
        connections.push(connect(url).await);
    }
    connections
}

#[tokio::test]
async fn a_node_that_hangs_is_named_and_delays_no_other() {
    /// Passes that took 13 s each when all waited for the one that hangs.
    const PASSES: u64 = 5;
    let cluster = Cluster::start("cluster-node-timeout 600000").await;
    let program = Program::at(cluster.urls());
    for number in 0..12 {
        program.prints(&format!("sale create sale:{number:02} --stock 4000")).await;
    }
    let mut nodes = connect_to_each(&cluster).await;
    let [hung, healthy, _] = &mut nodes[..] else { panic!("three nodes") };
    let on_healthy: Vec<String> = get(healthy, "KEYS sale:*").await;
    let on_hung: Vec<String> = get(hung, "KEYS sale:*").await;
    let mut view = Terminal::run(&program.command(["top"]), 140, 40);
    view.shows(&["12 sales, every"]).await;
    let stopped = Stopped::server(hung).await;
    let name = cluster.urls()[0].replace("redis://", "").replace('/', "");
    view.shows(&[&format!("{name}: no answer")]).await;
    view.shows(&[&on_hung[0], "OPEN?"]).await;

    let sales = on_healthy.len() as u64;
    let before = calls(healthy, "seckill.info").await;
    wait_until("the others are read once an interval", async || {
        calls(healthy, "seckill.info").await >= before + PASSES * sales
    })
    .await;
    play(healthy, &format!("SECKILL.BUY {} ann order-1 => SOLD", on_healthy[0])).await;
    view.shows(&[&on_healthy[0], "OPEN", "3,999"]).await;
    assert!(!view.text().contains("No answer for"), "{}", view.text());

    // A view that begins now shows the others, too.
    let json = program.json("top --once").await;
    let is_read = |server: &&serde_json::Value| server["error"].is_null();
    let servers = json["servers"].as_array().unwrap();
    assert_eq!((servers.len(), servers.iter().filter(is_read).count()), (3, 2), "{json}");
    assert_eq!(json["sales"].as_array().unwrap().len(), 12 - on_hung.len(), "{json}");

    drop(stopped);
    view.shows_no_more(&["no answer"]).await;
    play(hung, &format!("SECKILL.BUY {} ann order-1 => SOLD", on_hung[0])).await;
    view.shows(&[&on_hung[0], "OPEN", "3,999"]).await;
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
}

#[tokio::test]
async fn the_search_among_many_keys_is_spread_over_passes() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 4000 => OK").await;
    let fill = "for key = 1, 250000 do redis.call('SET', 'other:' .. key, 1) end";
    let () = redis::cmd("EVAL").arg(fill).arg(0).query_async(&mut connection).await.unwrap();
    let begun = Instant::now();
    let json = Program::on(&server).json("top --once").await;
    assert_eq!(json["sales"][0]["sale"], "bottles");
    // 100 calls a pass: the last of three passes is two seconds after the first.
    assert!(begun.elapsed().as_secs() >= 2, "{:?}", begun.elapsed());
    assert!(calls(&mut connection, "scan").await >= 250);
}

#[tokio::test]
async fn a_sale_that_may_not_be_read_is_not_said_to_be_none() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 4000 => OK").await;
    play(&mut connection, "ACL SETUSER default -seckill.info => OK").await;
    let mut view = view(&server, &["bottles"]);
    view.shows(&["bottles", "no permissions"]).await;
    assert!(!view.text().contains("NONE"), "{}", view.text());
    view.press("q");
    assert_eq!(view.ends_cleanly().await, 0);
}

#[tokio::test]
async fn a_picture_has_names_with_wide_characters_as_they_are() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("日本酒", NewSale::new(5)).await.unwrap();
    let picture = Program::on(&server).prints("top --once").await;
    assert!(picture.contains("日本酒"), "{picture}");
}

#[tokio::test]
async fn escape_drops_a_filter_that_was_begun_in_the_detail() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 4000 => OK").await;
    let mut view = view(&server, &[]);
    view.shows(&["bottles", "OPEN"]).await;
    view.press("\r");
    view.shows(&["Latest events"]).await;
    view.press("/x");
    view.shows(&["filter: x"]).await;
    view.press("\x1b");
    view.shows_no_more(&["filter: x"]).await;
}
