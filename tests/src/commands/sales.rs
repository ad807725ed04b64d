//! `seckill sale`: the life of a sale.

use serde_json::{Value, json};

use super::program::Program;
use super::terminal::Terminal;
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::play;

#[tokio::test]
async fn a_sale_is_created_changed_and_deleted() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let shown =
        program.json("sale create bottles --stock 10 --limit 2 --hold 10m --opens +1h --closes +3h").await;
    assert_eq!((&shown["sale"], &shown["state"]), (&json!("bottles"), &json!("UPCOMING")));
    assert_eq!((&shown["rules"]["limit"], &shown["rules"]["hold"]), (&json!(2), &json!(600_000)));
    let window = |shown: &Value| {
        let instant = |name: &str| shown["rules"][name].as_u64().unwrap();
        (instant("opens"), instant("closes"))
    };
    let (opens, closes) = window(&shown);
    assert_eq!(closes - opens, 2 * 3_600_000);

    // Opened early, it closes when it was to; altered, it keeps what is not named.
    let shown = program.json("sale open bottles").await;
    assert_eq!((&shown["state"], window(&shown).1), (&json!("OPEN"), closes));
    let shown = program.json("sale alter bottles --limit 3").await;
    assert_eq!((&shown["rules"]["limit"], &shown["rules"]["hold"]), (&json!(3), &json!(600_000)));
    let shown = program.json("sale restock bottles 5 --id delivery-1").await;
    assert_eq!((&shown["units"], &shown["available"]), (&json!(5), &json!(15)));
    let shown = program.json("sale restock bottles -5 --id broken").await;
    assert_eq!(shown["available"], 10);
    assert_eq!(program.run("sale restock bottles -11").await.code, 1);

    assert_eq!(program.json("sale close bottles").await["state"], "CLOSED");
    assert_eq!(program.json("sale open bottles").await["state"], "OPEN");
    assert_eq!(program.json("sale audit bottles").await["audit"], "OK");
    assert_eq!(program.json("sale audit bottles --force").await["audit"], "OK");
    assert_eq!(program.run("sale alter bottles").await.code, 2);

    // Nobody can be asked here.
    let ended = program.run("sale delete bottles").await;
    assert_eq!((ended.code, ended.errors.contains("--yes")), (2, true), "{ended:?}");
    program.prints("sale delete bottles --yes").await;
    assert_eq!(program.run("sale delete bottles --yes").await.code, 1);
}

/// A sale that has not opened yet has an opening after its end.
#[tokio::test]
async fn an_upcoming_sale_can_be_closed_and_opened_again() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 10 --opens +1h").await;
    assert_eq!(program.json("sale close bottles").await["state"], "CLOSED");
    assert_eq!(program.json("sale open bottles --at +1h").await["state"], "UPCOMING");
    assert_eq!(program.run("sale open bottles --at never").await.code, 2);
}

/// A person is asked, and any answer but yes deletes nothing.
#[tokio::test]
async fn a_sale_is_deleted_at_a_terminal_when_that_is_confirmed() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 10").await;
    for (answer, code) in [("\r", 1), ("no\r", 1), ("y\r", 0)] {
        assert_eq!(program.run("sale show bottles").await.code, 0);
        let mut terminal = Terminal::run(&program.command(["sale", "delete", "bottles"]), 80, 24);
        terminal.shows(&["Delete bottles with all its 0 orders", "[y/N]"]).await;
        terminal.press(answer);
        assert_eq!(terminal.ends_cleanly().await, code, "{answer:?}");
    }
    assert_eq!(program.run("sale show bottles").await.code, 1);
}

#[tokio::test]
async fn only_sales_are_deleted() {
    let server = Server::start().await;
    let program = Program::on(&server);
    play(&mut server.connect().await, "SET carts 1 => OK").await;
    assert_eq!(program.run("sale delete carts --yes").await.code, 1);
    play(&mut server.connect().await, "GET carts => \"1\"").await;
}

#[tokio::test]
async fn the_list_has_all_sales_with_their_rates() {
    let server = Server::start().await;
    let program = Program::on(&server);
    assert_eq!(program.prints("sale list").await, "no sales\n");
    play(&mut server.connect().await, "SET carts 1 => OK").await;
    for sale in 0..2_500 {
        let create = format!("SECKILL.CREATE sale:{sale} STOCK 3 => OK");
        play(&mut server.connect().await, &create).await;
    }
    let listed = program.prints("sale list sale:* --interval 0s --json").await;
    assert_eq!(listed.lines().count(), 2_500);
    let listed = program.prints("sale list sale:24?? --interval 0s --json").await;
    assert_eq!(listed.lines().count(), 100);

    // Somebody buys between the two looks at the sale.
    let mut buyer = server.connect().await;
    let buying = tokio::spawn(async move {
        for order in 0_u64.. {
            let buy = redis::cmd("SECKILL.BUY").arg("sale:7").arg("ann").arg(order).to_owned();
            let _: redis::Value = buy.query_async(&mut buyer).await.unwrap();
            if order == 0 {
                let create = "SECKILL.CREATE busy STOCK 1000000000 => OK";
                play(&mut buyer, create).await;
            }
            let buy = redis::cmd("SECKILL.BUY").arg("busy").arg("ann").arg(order).to_owned();
            let _: redis::Value = buy.query_async(&mut buyer).await.unwrap();
        }
    });
    wait_until("orders come in", async || program.run("sale show busy").await.code == 0).await;
    let listed = program.json("sale list busy --interval 50ms").await;
    assert!(listed["orders_per_second"].as_f64().unwrap() > 0.0, "{listed}");
    let text = program.prints("sale list busy --interval 50ms").await;
    buying.abort();
    let (header, row) = text.split_once('\n').unwrap();
    assert!(header.starts_with("SALE") && header.contains("ORDERS/S"), "{text}");
    assert!(row.starts_with("busy") && row.contains("OPEN"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours in a pipe: {text:?}");
}

/// Whatever happens between the steps, the units are in one of the sales, and each step happens once.
#[tokio::test]
async fn a_sale_rolls_over_to_a_new_one() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    let session = "
        SECKILL.CREATE old STOCK 10 LIMIT 4 HOLD 600000 => OK
        SECKILL.BUY old ann order-1 QTY 3 => HELD
    ";
    play(&mut shop, session).await;
    let rolled = program.json("sale roll old new --limit 2").await;
    assert_eq!(rolled, json!({ "old": "old", "new": "new", "units": 7, "available": 7 }));
    let shown = program.json("sale show new").await;
    assert_eq!((&shown["rules"]["limit"], &shown["rules"]["hold"]), (&json!(2), &json!(600_000)));
    assert_eq!(program.json("sale show old").await["available"], 0);

    // Repeated, it carries nothing twice, and what was returned meanwhile.
    assert_eq!(program.json("sale roll old new").await["units"], 7);
    play(&mut shop, "SECKILL.CANCEL old order-1 => CANCELLED\n SECKILL.BUY new bob order-1 => HELD").await;
    let rolled = program.json("sale roll old new").await;
    assert_eq!(rolled, json!({ "old": "old", "new": "new", "units": 10, "available": 9 }));
    assert_eq!(program.run("sale roll old old").await.code, 2);
}

/// The first step was done, and the program was killed before the second.
#[tokio::test]
async fn units_in_transit_arrive_when_the_roll_is_repeated() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let mut shop = server.connect().await;
    play(&mut shop, "SECKILL.CREATE old STOCK 10 => OK").await;
    program.prints("sale roll old new").await;
    let taken = program.prints("events old").await;
    let last: Value = serde_json::from_str(taken.lines().last().unwrap()).unwrap();
    let second = last["id"].as_str().unwrap().strip_suffix('0').unwrap().to_owned() + "1";
    let session = format!("SECKILL.RESTOCK old 5 => 5\n SECKILL.RESTOCK old -5 ID {second} => 0");
    play(&mut shop, &session).await;
    assert_eq!(program.json("sale roll old new").await["available"], 15);

    // A new sale of the same name gets nothing of what the other one got.
    program.prints("sale delete new --yes").await;
    play(&mut shop, "SECKILL.RESTOCK old 2 => 2").await;
    assert_eq!(program.json("sale roll old new").await["available"], 2);
}

/// An end before the opening must not open the sale.
#[tokio::test]
async fn a_sale_that_closes_before_its_opening_sells_nothing() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 10 --opens +2h").await;
    let closed = program.run("sale close bottles --at +1h").await;
    let bought = program.run("buy bottles eve").await;
    assert_eq!(bought.code, 1, "{closed:?} {bought:?}");
}

/// The units were taken from the old sale, and the new one cannot have them: who calls must be told.
#[tokio::test]
async fn units_that_are_in_transit_are_reported() {
    let server = Server::start().await;
    let program = Program::on(&server);
    let session = "
        SECKILL.CREATE old STOCK 10 => OK
        SECKILL.CREATE new STOCK 9007199254740991 => OK
    ";
    play(&mut server.connect().await, session).await;
    let ended = program.run("sale roll old new").await;
    let left = program.json("sale show old").await["available"].clone();
    assert!(ended.code != 0 && (left == 10 || ended.errors.contains("10 units")), "{left} left: {ended:?}");
}
