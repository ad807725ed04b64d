//! Buying and settling orders, and the lists of them.

use seckill_client::{Buy, Seckill};
use serde_json::{Value, json};

use super::program::Program;
use crate::harness::server::Server;
use crate::harness::session::play;

#[tokio::test]
async fn an_order_is_bought_and_settled() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 4 --limit 2 --hold 10m").await;
    assert_eq!(program.prints("buy bottles ann --order order-1 --qty 2").await, "HELD order-1\n");
    // A retry buys nothing twice.
    assert_eq!(program.prints("buy bottles ann --order order-1 --qty 2").await, "HELD order-1\n");
    let ended = program.run("buy bottles ann --order order-2").await;
    assert_eq!((ended.code, ended.out.as_str(), ended.errors.as_str()), (1, "LIMIT\n", ""));

    assert_eq!(program.prints("extend bottles order-1 --hold 1h").await, "HELD order-1\n");
    let shown = program.json("order bottles order-1").await;
    assert!(shown["deadline"].as_u64().unwrap() - shown["at"].as_u64().unwrap() > 3_500_000, "{shown}");
    assert_eq!(program.prints("confirm bottles order-1").await, "SOLD order-1\n");
    let ended = program.run("cancel bottles order-1").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, "SOLD order-1\n"));
    assert_eq!(program.prints("cancel bottles order-1 --refund").await, "CANCELLED order-1\n");
    assert_eq!(program.run("extend bottles order-1 --hold 1h").await.code, 1);
    let ended = program.run("buy bottles ann --order order-1 --qty 2").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, "CANCELLED order-1, by an earlier purchase\n"));

    let bought = program.json("buy bottles bob").await;
    let order = bought["order"].as_str().unwrap().to_owned();
    assert_eq!(bought, json!({ "order": order, "outcome": { "order": "HELD" }, "is_final": true }));
    let account = program.json("buyer bottles bob").await;
    assert_eq!((&account["held"], &account["orders"][0]["order"]), (&json!(1), &json!(order)));
    let ended = program.run("order bottles nothing").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{ended:?}");
    assert_eq!(program.run("confirm bottles nothing").await.code, 1);
}

#[tokio::test]
async fn orders_are_listed_in_three_forms() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    play(&mut shop, "SECKILL.CREATE bottles STOCK 100 HOLD 600000 => OK").await;
    let purchases: [(&str, &[u8], u32); 4] = [
        ("ann", b"order-1", 1),
        ("bob, \"the\" buyer", b"order-2", 2),
        ("ann", b"\xff\x1b[2J", 1),
        ("ann", b"order-4", 1),
    ];
    for (buyer, order, qty) in purchases {
        shop.seckill().buy("bottles", Buy::new(buyer, order).qty(qty)).await.unwrap();
    }
    let settled = "
        SECKILL.CONFIRM bottles order-2 => SOLD
        SECKILL.CANCEL bottles order-4 => CANCELLED
    ";
    play(&mut shop, settled).await;

    let json = program.prints("sale orders bottles --json").await;
    let rows: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<&Value> = rows.iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["HELD", "SOLD", "HELD", "CANCELLED"]);
    assert_eq!(rows[2]["order"], json!([255, 27, 91, 50, 74]));
    assert!(rows[0]["deadline"].is_u64() && rows[1]["deadline"].is_null(), "{json}");

    let text = program.prints("sale orders bottles --state held,cancelled --buyer ann").await;
    let orders: Vec<_> = text.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(orders, ["ORDER", "order-1", "\\xff\\u{1b}[2J", "order-4"]);
    assert_eq!(program.prints("sale orders bottles --state expired").await, "no orders\n");

    let csv = program.prints("sale orders bottles --csv --last 3").await;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "order,buyer,qty,state,placed,at,deadline"));
    assert!(lines[1].starts_with("order-2,\"bob, \"\"the\"\" buyer\",2,SOLD,20"), "{csv}");
}
