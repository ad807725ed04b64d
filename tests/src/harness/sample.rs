//! Sample data: sales with everything that can happen in them, and a lock.

use redis::Value;
use seckill_client::{Info, NewSale, Seckill};

use super::server::Connection;
use super::session::{play, reply};

/// Sales with everything that can happen in them, and a lock.
const SESSION: &str = r#"
    SECKILL.CREATE sale STOCK 50 LIMIT 40 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => OK
    SECKILL.BUY sale ann sold QTY 2 => HELD
    SECKILL.BUY sale ann held QTY 3 => HELD
    SECKILL.BUY sale bob extended => HELD
    SECKILL.BUY sale bob cancelled => HELD
    SECKILL.BUY sale cat refunded => HELD
    SECKILL.CONFIRM sale sold => SOLD
    SECKILL.EXTEND sale extended 90000 => HELD
    SECKILL.CANCEL sale cancelled => CANCELLED
    SECKILL.CONFIRM sale refunded => SOLD
    SECKILL.CANCEL sale refunded REFUND => CANCELLED
    SECKILL.ALTER sale HOLD 1 => OK
    SECKILL.BUY sale dan expired => HELD
    DEBUG SLEEP 0.01 => OK
    SECKILL.CONFIRM sale expired => EXPIRED
    SECKILL.RESTOCK sale 5 ID r1 => 49
    SECKILL.RESTOCK sale -9 => 40
    SECKILL.ALTER sale HOLD 9007199254740991 OPENS 0 => OK
    SECKILL.BUY sale "\x00\xff" "01234567-89ab-cdef-0123-456789ABCDEF" QTY 40 => HELD
    SECKILL.ALTER sale HOLD 0 CLOSES 0 => OK

    SECKILL.CREATE empty STOCK 9007199254740991 => OK
    SECKILL.LOCK lock ann 600000 => <us>
    SELECT 1 => OK
    SECKILL.CREATE sale STOCK 1 => OK
    SELECT 0 => OK
"#;

/// All that can be read of them.
const READ: [&str; 16] = [
    "DEBUG DIGEST",
    "SECKILL.EVENTS sale 0 COUNT 1000",
    "SECKILL.INFO sale",
    "SECKILL.ORDER sale sold",
    "SECKILL.ORDER sale held",
    "SECKILL.ORDER sale extended",
    "SECKILL.ORDER sale cancelled",
    "SECKILL.ORDER sale refunded",
    "SECKILL.ORDER sale expired",
    "SECKILL.BUYER sale ann",
    "SECKILL.AUDIT sale",
    "SECKILL.EVENTS empty 0",
    "SECKILL.INFO many",
    "SECKILL.EVENTS many 14500 COUNT 1000",
    "GET lock",
    "PEXPIRETIME lock",
];

/// How many orders `many` has: enough for a snapshot of more than one part.
const MANY: usize = 15_000;

pub(crate) async fn write_sample(connection: &mut Connection) {
    play(connection, SESSION).await;
    connection.seckill().create("many", NewSale::new(MANY as u64)).await.unwrap();
    let mut pipe = redis::pipe();
    for number in 0..MANY {
        pipe.cmd("SECKILL.BUY").arg("many").arg(number % 1000).arg(format!("{number:0100}"));
    }
    pipe.exec_async(connection).await.unwrap();
}

pub(crate) async fn read_sample(connection: &mut Connection) -> Vec<(&'static str, Value)> {
    let mut all = vec![];
    for line in READ {
        all.push((line, without_now(reply(connection, line).await)));
    }
    all
}

/// The figures of a sale, with 0 in place of the server's time.
pub(crate) async fn figures(connection: &mut Connection, sale: &str) -> Info {
    let mut info = connection.seckill().info(sale).await.unwrap();
    info.now = 0;
    info
}

/// A reply without the server's time, the one field that differs between two copies.
fn without_now(mut reply: Value) -> Value {
    if let Value::Map(pairs) = &mut reply {
        pairs.retain(|(name, _)| *name != Value::BulkString(b"now".to_vec()));
    }
    reply
}

/// Creates a sale of so many orders.
pub(crate) async fn put_orders(connection: &mut Connection, key: &str, orders: u64) {
    let mut pipe = redis::pipe();
    pipe.cmd("SECKILL.CREATE").arg(&[key, "STOCK", "9000000"]);
    for number in 0..orders {
        pipe.cmd("SECKILL.BUY").arg(key).arg(number % 100).arg(number);
    }
    pipe.exec_async(connection).await.unwrap();
}
