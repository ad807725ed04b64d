//! Commands of the server that work on keys of any type.

use crate::harness::sample::put_orders;
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

#[tokio::test]
async fn a_copy_and_its_original_are_independent() {
    let server = Server::start().await;
    let session = "
        SECKILL.CREATE sale STOCK 9 HOLD 60000 => OK
        SECKILL.BUY sale ann o1 => HELD
        SET other x => OK
        COPY sale other => 0
        COPY sale other REPLACE => 1
        COPY sale sale DB 1 => 1

        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.BUY sale bob o2 => HELD
        SECKILL.CANCEL other o1 => CANCELLED
        SECKILL.BUY other ann o2 QTY 9 => HELD
        DEL sale => 1

        SECKILL.AUDIT other => OK
        SECKILL.BUYER other ann => {\"held\" 9 \"sold\" 0 \"orders\" [\"o2\" \"o1\"]}
        SELECT 1 => OK
        SECKILL.BUY sale bob o2 => HELD
        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.AUDIT sale => OK
    ";
    play(&mut server.connect().await, session).await;
}

#[tokio::test]
async fn commands_for_any_type_work_on_sales() {
    const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let server = Server::start().await;
    let mut connection = server.connect().await;
    put_orders(&mut connection, "sale", 100).await;
    let session = r#"
        TYPE sale => flashsale
        OBJECT ENCODING sale => "raw"
        OBJECT REFCOUNT sale => 1
        EXISTS sale => 1
        TOUCH sale => 1
        RANDOMKEY => "sale"
        SCAN 0 TYPE flashsale => ["0" ["sale"]]
        SCAN 0 TYPE string => ["0" []]
        PERSIST sale => 0
        PEXPIRE sale 100000 => 1
        PERSIST sale => 1
        DEBUG RELOAD => OK
        SECKILL.AUDIT sale => OK
    "#;
    play(&mut connection, session).await;
    for line in ["MEMORY USAGE sale", "MEMORY USAGE sale SAMPLES 0", "OBJECT IDLETIME sale"] {
        let reply: i64 = get(&mut connection, line).await;
        assert!(reply >= 0, "{line}: {reply}");
    }
    play(&mut connection, "CONFIG SET maxmemory-policy allkeys-lfu => OK").await;
    assert!(get::<i64>(&mut connection, "OBJECT FREQ sale").await >= 0);
    let object = ask(&mut connection, "DEBUG OBJECT sale").await;
    assert!(object.contains("serializedlength"), "{object}");
    let wrong = [
        "GET sale",
        "APPEND sale x",
        "INCR sale",
        "LPUSH sale x",
        "HGETALL sale",
        "SORT sale",
        "GETDEL sale",
    ];
    for line in wrong {
        assert_eq!(ask(&mut connection, line).await, WRONG_TYPE, "{line}");
    }
    play(&mut connection, "SECKILL.BUY sale ann last => SOLD\nSECKILL.AUDIT sale => OK").await;
}

/// EXPIRE ends no sale: it deletes the sale.
#[tokio::test]
async fn an_expiry_deletes_a_sale_with_its_orders() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.BUY sale ann o1 => SOLD
        PEXPIRE sale 1 => 1
        DEBUG SLEEP 0.01 => OK
        SECKILL.ORDER sale o1 => -NOSALE no sale at this key
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.BUY sale bob o1 => SOLD
    ";
    play(&mut connection, session).await;
}
