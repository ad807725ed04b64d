//! `seckill report`: a page whose figures are those of the sale.

use seckill_client::Seckill;
use seckill_page::html::Html;
use serde_json::Value;

use super::program::Program;
use crate::harness::conditions::wait_until_none_held;
use crate::harness::server::Server;
use crate::harness::session::play;

/// A name that a page must escape.
const SALE: &str = "<script>alert(1)</script>&\"'\u{1}";

/// The page of a sale.
async fn page(program: &Program, sale: &str) -> String {
    run(program, &[sale]).await
}

/// The figures of a sale.
async fn figures(program: &Program, sale: &str) -> Value {
    serde_json::from_str(&run(program, &[sale, "--json"]).await).unwrap()
}

async fn run(program: &Program, arguments: &[&str]) -> String {
    let mut command = program.command(["report"].iter().chain(arguments));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_report_says_what_happened_to_every_order() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let story = "
        SECKILL.CREATE SALE STOCK 10 LIMIT 5 HOLD 3600000 OPENS 1700000000000 => OK
        SECKILL.BUY SALE ann-secret order-secret-1 => HELD
        SECKILL.BUY SALE ann-secret order-secret-2 QTY 2 => HELD
        SECKILL.BUY SALE bob-secret order-secret-3 QTY 3 => HELD
        SECKILL.BUY SALE cat-secret order-secret-4 QTY 4 => HELD
        SECKILL.BUY SALE dan-secret order-secret-5 => SOLDOUT
        SECKILL.EXTEND SALE order-secret-1 7200000 => HELD
        SECKILL.CONFIRM SALE order-secret-1 => SOLD
        SECKILL.CONFIRM SALE order-secret-2 => SOLD
        SECKILL.CANCEL SALE order-secret-2 REFUND => CANCELLED
        SECKILL.CANCEL SALE order-secret-3 => CANCELLED
        SECKILL.EXTEND SALE order-secret-4 1 => HELD";
    let sale = format!("\"{}\"", SALE.replace('"', "\\x22").replace('\u{1}', "\\x01"));
    play(&mut connection, &story.replace("SALE", &sale)).await;
    wait_until_none_held(&mut connection, SALE).await;
    let story = "
        SECKILL.RESTOCK SALE 20 ID <b>delivery</b> => 29
        SECKILL.RESTOCK SALE -5 => 24
        SECKILL.ALTER SALE HOLD 0 LIMIT 9 => OK
        SECKILL.BUY SALE eve-secret order-secret-6 QTY 6 => SOLD
        SECKILL.ALTER SALE HOLD 60000 => OK
        SECKILL.BUY SALE bob-secret order-secret-7 => HELD";
    play(&mut connection, &story.replace("SALE", &sale)).await;

    let program = Program::on(&server);
    let report = figures(&program, SALE).await;
    let info = connection.seckill().info(SALE).await.unwrap();
    for (name, figure) in [
        ("available", info.available),
        ("held", info.held),
        ("sold", info.sold),
        ("orders", info.orders),
        ("buyers", info.buyers),
        ("seq", info.seq),
    ] {
        assert_eq!(report["info"][name], figure, "{name}");
    }
    let flow = |name: &str| (report["flow"][name]["orders"].clone(), report["flow"][name]["units"].clone());
    for (name, orders, units) in [
        ("held", 5, 11),
        ("sold_at_once", 1, 6),
        ("confirmed", 2, 3),
        ("cancelled", 1, 3),
        ("expired", 1, 4),
        ("refunded", 1, 2),
    ] {
        assert_eq!(flow(name), (orders.into(), units.into()), "{name}");
    }
    assert_eq!((&report["extended"], &report["until_confirmed_ms"]["orders"]), (&2.into(), &2.into()));
    assert_eq!((&report["stock"], &report["changes"]["total"]), (&25.into(), &4.into()));
    let placed: u64 = report["timeline"]["bins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bin| bin["placed"].as_u64().unwrap())
        .sum();
    assert_eq!(placed, info.orders);
    let bought = &report["selling"];
    assert_eq!((&bought["since"], &bought["since_opening"]), (&info.created.into(), &true.into()));
    assert!(bought["sold_out"].as_u64() >= bought["first_order"].as_u64(), "{bought}");

    let text = page(&program, SALE).await;
    assert!(!text.contains("secret"), "the page names a buyer or an order");
    let html = Html::parse(&text);
    html.must_be_self_contained();
    let shown = html.text();
    for name in ["<script>alert(1)</script>&\"'\u{FFFD}", "<b>delivery</b>"] {
        assert!(shown.contains(name), "{name}");
    }
    let terms = html.terms();
    for (term, figure) in [
        ("Stock", "25"),
        ("Sold", "7"),
        ("Held now", "1"),
        ("Available", "17"),
        ("Cancelled", "5"),
        ("Expired", "4"),
        ("Buyers", "4"),
        ("Closes", "never"),
    ] {
        assert_eq!(terms.get(term), Some(&figure), "{term}");
    }
    assert!(html.plots().contains(&"Orders placed per second"), "{:?}", html.plots());
    for row in ["Held, then expired", "Sold, then cancelled", "2 orders", "99 %", "hold"] {
        assert!(html.rows().contains(row), "{row}");
    }
}

#[tokio::test]
async fn a_sale_without_orders_has_a_report_too() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let story = "
        SECKILL.CREATE empty STOCK 0 => OK
        SECKILL.CREATE unsold STOCK 5 OPENS 4100000000000 => OK
        SECKILL.BUY unsold ann order-1 => UPCOMING";
    play(&mut connection, story).await;
    let program = Program::on(&server);
    for (sale, opening) in [("empty", "Opened"), ("unsold", "Opens")] {
        let text = page(&program, sale).await;
        let html = Html::parse(&text);
        html.must_be_self_contained();
        assert_eq!(html.plots(), [""; 0], "{sale}");
        assert!(html.text().contains("No orders yet."), "{sale}");
        assert!(html.terms().contains_key(opening), "{sale}");
        assert_eq!(figures(&program, sale).await["timeline"], Value::Null, "{sale}");
    }
}

#[tokio::test]
async fn one_order_is_enough_for_plots() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE bottles STOCK 1 => OK\nSECKILL.BUY bottles ann order-1 => SOLD")
        .await;
    let program = Program::on(&server);
    let text = page(&program, "bottles").await;
    let html = Html::parse(&text);
    html.must_be_self_contained();
    assert_eq!(html.plots().len(), 3);
    assert!(html.text().contains("1 of 1 unit sold in 1 order. Sold out after 0 ms."), "{}", html.text());
    assert_eq!(figures(&program, "bottles").await["timeline"]["bins"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_of_a_sale_that_does_not_exist_is_refused() {
    let server = Server::start().await;
    let ended = Program::on(&server).run("report missing").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{ended:?}");
}
