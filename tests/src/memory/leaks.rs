//! Sales free their memory, however they are deleted.

use redis::Value;
use seckill_client::{Buy, NewSale, Seckill};

use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::dump::restore_command;
use crate::harness::info::{stat, used_memory};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// How much the memory of the server itself varies, in bytes.
const BOUND: u64 = 64 * 1024;

/// Does work three times that takes memory and frees it: nothing is left of it.
async fn must_free_all(work: impl AsyncFn(&mut Connection, u64)) {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    // First, what the server keeps for each command.
    work(&mut connection, 100).await;
    let before = used_memory(&mut connection).await;
    for _ in 0..3 {
        // What the server keeps for a client is freed with its connection.
        work(&mut server.connect().await, 50_000).await;
        wait_until("the memory is freed", async || used_memory(&mut connection).await < before + BOUND).await;
    }
    assert_eq!(stat(&mut connection, "memory", "lazyfree_pending_objects").await, "0");
}

/// Creates a sale with orders in every state, and reads it in every way.
async fn sell(connection: &mut Connection, orders: u64) {
    connection.seckill().create("sale", NewSale::new(orders).hold(HOUR)).await.unwrap();
    let mut pipe = redis::pipe();
    for number in 0..orders {
        let (buyer, order) = (format!("buyer {}", number % 1_000), format!("{number:036}"));
        pipe.cmd("SECKILL.BUY").arg(&["sale", &buyer, &order]);
        match number % 5 {
            0 => pipe.cmd("SECKILL.CONFIRM").arg(&["sale", &order]),
            1 => pipe.cmd("SECKILL.CANCEL").arg(&["sale", &order]),
            2 => pipe.cmd("SECKILL.EXTEND").arg(&["sale", &order, "7200000"]),
            3 => pipe.cmd("SECKILL.EXTEND").arg(&["sale", &order, "1"]),
            _ => pipe.cmd("SECKILL.ORDER").arg(&["sale", &order]),
        };
    }
    pipe.exec_async(connection).await.unwrap();
    wait_until("every fifth hold runs out", async || {
        connection.seckill().info("sale").await.unwrap().held == orders * 2 / 5
    })
    .await;
    connection.seckill().restock("sale", 1, "r1").await.unwrap();
    get::<Value>(connection, "SECKILL.EVENTS sale 0 COUNT 1000").await;
    get::<Value>(connection, r#"SECKILL.BUYER sale "buyer 1""#).await;
    connection.seckill().audit("sale").await.unwrap();
}

#[tokio::test]
async fn sales_that_are_deleted_in_every_way() {
    must_free_all(async |connection, orders| {
        sell(connection, orders).await;
        play(connection, "COPY sale unlinked => 1\nCOPY sale expired => 1\nCOPY sale overwritten => 1").await;
        let dump: Vec<u8> = get(connection, "DUMP sale").await;
        for key in ["sale", "restored", "flushed"] {
            restore_command(key, &dump).exec_async(connection).await.unwrap();
        }
        assert!(used_memory(connection).await > 6 * orders * 50, "six sales take memory");
        let leaving = "
            DEL sale restored => 2
            UNLINK unlinked => 1
            SET overwritten x => OK
            PEXPIRE expired 1 => 1
        ";
        play(connection, leaving).await;
        wait_until("one is expired", async || get::<u64>(connection, "DBSIZE").await == 2).await;
        play(connection, "FLUSHALL ASYNC => OK").await;
    })
    .await;
}

/// A hold that is moved to ever earlier deadlines, each of which is scheduled.
#[tokio::test]
async fn deadlines_that_are_moved() {
    must_free_all(async |connection, times| {
        connection.seckill().create("sale", NewSale::new(1).hold(2 * HOUR)).await.unwrap();
        connection.seckill().buy("sale", Buy::new("ann", "o1")).await.unwrap();
        let mut pipe = redis::pipe();
        for earlier in 0..times {
            pipe.cmd("SECKILL.EXTEND").arg("sale").arg("o1").arg(HOUR.as_millis() as u64 - 10 * earlier);
        }
        pipe.cmd("DEL").arg("sale");
        pipe.exec_async(connection).await.unwrap();
    })
    .await;
}
