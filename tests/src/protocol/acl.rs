//! Access control: a user can call the commands, and access the keys, that are granted to it.

use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

#[tokio::test]
async fn a_user_can_access_only_the_keys_of_its_patterns() {
    let server = Server::start().await;
    let session = "
        ACL SETUSER shop on nopass ~sale:* ~lock:* +@all => OK
        ACL SETUSER reader on nopass %R~sale:* ~lock:* +@all => OK
        SET other ann PX 60000 => OK
        SET lock:1 ann PX 60000 => OK
        SECKILL.CREATE sale:1 STOCK 9 => OK
    ";
    play(&mut server.connect().await, session).await;

    let calls_of_the_shop = [
        ("SECKILL.BUY sale:1 ann o1", "SOLD"),
        ("SECKILL.BUY sale:1 LOCK o2 LOCK lock:1 ann", "SOLD"),
        ("SECKILL.INFO other", "-NOPERM"),
        ("SECKILL.CREATE other STOCK 1", "-NOPERM"),
        ("SECKILL.LOCK other ann 1", "-NOPERM"),
        ("SECKILL.BUY sale:1 ann o3 LOCK other ann", "-NOPERM"),
        ("SECKILL.BUY sale:1 LOCK LOCK LOCK other ann RELEASE", "-NOPERM"),
        ("SECKILL.BUY sale:1 ann o3 QTY 1 LOCK other ann", "-NOPERM"),
    ];
    let mut shop = server.connect_as("protocol=resp3&user=shop&pass=x").await;
    for (line, expected) in calls_of_the_shop {
        assert!(ask(&mut shop, line).await.starts_with(expected), "{line}");
    }
    let mut reader = server.connect_as("protocol=resp3&user=reader&pass=x").await;
    let calls_of_the_reader = [
        ("SECKILL.ORDER sale:1 o1", "{"),
        ("SECKILL.EVENTS sale:1 0", "["),
        ("SECKILL.BUY sale:1 ann o1", "-NOPERM"),
        ("SECKILL.CANCEL sale:1 o1 REFUND", "-NOPERM"),
    ];
    for (line, expected) in calls_of_the_reader {
        assert!(ask(&mut reader, line).await.starts_with(expected), "{line}");
    }
    play(&mut server.connect().await, "GET other => \"ann\"").await;
}

#[tokio::test]
async fn a_user_can_call_only_the_commands_that_are_granted() {
    let server = Server::start().await;
    let mut admin = server.connect().await;
    let session = "
        ACL SETUSER till on nopass ~* +seckill.buy +seckill.confirm => OK
        ACL SETUSER shop on nopass ~* +@all -@dangerous -seckill.cancel => OK
        ACL SETUSER guest on nopass ~* +@read => OK
        SECKILL.CREATE sale STOCK 9 => OK
    ";
    play(&mut admin, session).await;
    let mut cases = vec![
        ("till", "SECKILL.BUY sale ann o1", "SOLD"),
        ("till", "SECKILL.CONFIRM sale o1", "SOLD"),
        ("till", "SECKILL.CANCEL sale o1 REFUND", "-NOPERM"),
        ("till", "SECKILL.INFO sale", "-NOPERM"),
        ("shop", "SECKILL.INFO sale", "{"),
        ("shop", "SECKILL.CANCEL sale o1 REFUND", "-NOPERM"),
        ("guest", "SECKILL.BUY sale ann o2", "-NOPERM"),
    ];
    // A server without module categories puts the commands of the module in no category.
    if get::<Vec<String>>(&mut admin, "ACL CAT").await.iter().any(|name| name == "seckill") {
        play(&mut admin, "ACL SETUSER all on nopass ~* +@seckill => OK").await;
        cases.extend([
            ("guest", "SECKILL.ORDER sale o1", "{"),
            ("shop", "SECKILL.AUDIT sale", "-NOPERM"),
            ("all", "SECKILL.AUDIT sale", "OK"),
            ("all", "GET sale", "-NOPERM"),
        ]);
    } else {
        eprintln!("skipped on this server: modules have no category of their own");
    }
    for (user, line, expected) in cases {
        let mut connection = server.connect_as(&format!("protocol=resp3&user={user}&pass=x")).await;
        let reply = ask(&mut connection, line).await;
        assert!(reply.starts_with(expected), "{user}: {line}: {reply}");
    }
}
