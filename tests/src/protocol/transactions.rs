//! The commands in MULTI and in Lua scripts.

use crate::harness::copies::must_be_equal;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, lines, play};

const SESSION: &str = r#"
    SECKILL.LOCK lock ann 60000 => <us>
    SECKILL.LOCK lock bob 60000 => nil
    SECKILL.LOCK lock bob 60000 BLOCK 0 => nil
    SECKILL.RENEW lock ann 60000 => 1
    SECKILL.CREATE sale STOCK 3 LIMIT 2 HOLD 60000 => OK
    SECKILL.ALTER sale LIMIT 3 => OK
    SECKILL.RESTOCK sale 2 ID r1 => 5
    SECKILL.BUY sale ann o1 QTY 2 LOCK lock ann => HELD
    SECKILL.BUY sale ann o2 LOCK lock ann RELEASE => HELD
    SECKILL.BUY sale ann o3 => LIMIT
    SECKILL.BUY sale ann o1 => -MISMATCH the order exists with another buyer or quantity
    SECKILL.UNLOCK lock ann => 0
    SECKILL.CONFIRM sale o1 => SOLD
    SECKILL.EXTEND sale o2 70000 => HELD
    SECKILL.CANCEL sale o2 => CANCELLED
    SECKILL.ORDER sale o1 => {"order" "o1" "buyer" "ann" "qty" 2 "state" SOLD "at" <ms> "deadline" 0 "seq" 6}
    SECKILL.ORDER sale o9 => nil
    SECKILL.BUYER sale ann => {"held" 0 "sold" 2 "orders" ["o2" "o1"]}
    SECKILL.EVENTS sale 7 => [{"seq" 8 "term" <us> "at" <ms> "event" CANCELLED "order" "o2" "buyer" "ann" "qty" 1}]
    SECKILL.EVENTS sale 8 BLOCK 0 => []
    SECKILL.INFO sale => {"state" OPEN "available" 3 "held" 0 "sold" 2 "orders" 2 "buyers" 1 "limit" 3 "hold" 60000 "opens" 0 "closes" 0 "seq" 8 "term" <us> "created" <ms> "diverged" 0 "attempts" 100 "now" <ms> "room" 4999998}
    SECKILL.INFO none => -NOSALE no sale at this key
"#;

/// A primary and its replica.
async fn pair() -> (Server, Server, Connection) {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let connection = primary.connect().await;
    (primary, replica, connection)
}

#[tokio::test]
async fn in_one_transaction() {
    let (primary, replica, mut connection) = pair().await;
    let (commands, replies): (Vec<_>, Vec<_>) = lines(SESSION).unzip();
    play(&mut connection, "MULTI => OK").await;
    for command in commands {
        assert_eq!(ask(&mut connection, command).await, "QUEUED", "{command}");
    }
    assert_eq!(ask(&mut connection, "EXEC").await, format!("[{}]", replies.join(" ")));
    must_be_equal(&replica, &primary).await;
}

#[tokio::test]
async fn in_scripts() {
    let (primary, replica, mut connection) = pair().await;
    for (command, reply) in lines(SESSION) {
        // A script sees RESP2, where a map is a flat array.
        let reply = reply.replace('{', "[").replace('}', "]");
        let script = format!(r#"EVAL "return redis.pcall(unpack(ARGV))" 0 {command}"#);
        assert_eq!(ask(&mut connection, &script).await, reply, "{command}");
    }
    must_be_equal(&replica, &primary).await;
}

/// Several sales and a plain key, in one atomic script.
#[tokio::test]
async fn a_script_combines_them() {
    let (primary, replica, mut connection) = pair().await;
    let script = "
        redis.call('seckill.create', KEYS[1], 'STOCK', 1)
        local bought = redis.call('seckill.buy', KEYS[1], 'ann', 'o1').ok
        redis.call('hset', KEYS[2], 'ann', bought)
        return redis.call('seckill.buy', KEYS[1], 'bob', 'o2').ok
    ";
    let script = script.replace('\n', " ");
    let session = format!("EVAL \"{script}\" 2 sale hash => \"SOLDOUT\"\nHGET hash ann => \"SOLD\"");
    play(&mut connection, &session).await;
    must_be_equal(&replica, &primary).await;
}

#[tokio::test]
async fn an_audit_is_refused() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK\nMULTI => OK").await;
    let queued = ask(&mut connection, "SECKILL.AUDIT sale").await;
    let executed = ask(&mut connection, "EXEC").await;
    assert!(queued.starts_with('-') || executed.starts_with("[-"), "{queued}, {executed}");
    let reply = ask(&mut connection, "EVAL \"return redis.call('SECKILL.AUDIT', KEYS[1])\" 1 sale").await;
    assert!(reply.starts_with('-'), "{reply}");
}
