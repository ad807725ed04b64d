//! What the server shows of the commands: to clients, operators and access control.

use std::collections::BTreeMap;
use std::fs;

use redis::Value;
use seckill_core::wire::Name;

use crate::server::{Connection, Server, stat, wait_until};
use crate::talk::{ask, get, lines, play, reply};

#[tokio::test]
async fn every_command_is_documented() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for name in Name::ALL {
        let docs = reply(&mut connection, &format!("COMMAND DOCS {name}")).await;
        let Value::Map(docs) = docs else { panic!("{docs:?}") };
        let [(shown, docs)] = &docs[..] else { panic!("{name}: {docs:?}") };
        assert_eq!(*shown, Value::BulkString(name.as_str().to_lowercase().into()));
        let docs: BTreeMap<String, Value> = redis::from_redis_value(docs.clone()).unwrap();
        for field in ["summary", "since", "complexity"] {
            assert!(matches!(&docs[field], Value::BulkString(text) if !text.is_empty()), "{name}: {docs:?}");
        }
        let Value::Array(arguments) = &docs["arguments"] else { panic!("{name}: {docs:?}") };
        assert!(!arguments.is_empty());
    }
}

#[tokio::test]
async fn keys_are_found_wherever_they_stand() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let first = [
        "SECKILL.LOCK k t 1",
        "SECKILL.UNLOCK k t",
        "SECKILL.RENEW k t 1",
        "SECKILL.CREATE k STOCK 1",
        "SECKILL.ALTER k LIMIT 1",
        "SECKILL.RESTOCK k 1 ID LOCK",
        "SECKILL.CONFIRM k o",
        "SECKILL.EXTEND k o 1",
        "SECKILL.CANCEL k o REFUND",
        "SECKILL.ORDER k o",
        "SECKILL.BUYER k b",
        "SECKILL.EVENTS k 0 COUNT 1",
        "SECKILL.INFO k",
        "SECKILL.AUDIT k",
        "SECKILL.APPLY k x",
        "SECKILL.GRANT k t 1 1",
        "SECKILL.BUY k b o",
        "SECKILL.BUY k b o QTY 2",
        // Called like the keyword, but not it.
        "SECKILL.BUY k LOCK o",
        "SECKILL.BUY k LOCK LOCK",
        "SECKILL.BUY k LOCK LOCK QTY 2",
    ];
    for line in first {
        assert_eq!(ask(&mut connection, &format!("COMMAND GETKEYS {line}")).await, r#"["k"]"#, "{line}");
    }
    let with_a_lock = [
        "SECKILL.BUY k b o LOCK l t",
        "SECKILL.BUY k b o lock l t RELEASE",
        "SECKILL.BUY k b o QTY 2 RELEASE LOCK l t",
        "SECKILL.BUY k LOCK LOCK LOCK l LOCK",
        "SECKILL.BUY k LOCK o QTY 2 LOCK l t",
    ];
    for line in with_a_lock {
        assert_eq!(ask(&mut connection, &format!("COMMAND GETKEYS {line}")).await, r#"["k" "l"]"#, "{line}");
    }
}

async fn flags(connection: &mut Connection, name: Name) -> Vec<String> {
    let info: Vec<Vec<Value>> = get(connection, &format!("COMMAND INFO {name}")).await;
    redis::from_redis_value(info[0][2].clone()).unwrap()
}

#[tokio::test]
async fn flags_say_what_a_command_does() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for name in Name::ALL.iter().copied() {
        let flags = flags(&mut connection, name).await;
        let has = |flag: &str| flags.iter().any(|other| other == flag);
        let reads = matches!(name, Name::Order | Name::Buyer | Name::Events | Name::Info | Name::Audit);
        assert_eq!((has("readonly"), has("write")), (reads, !reads), "{name}");
        match name {
            Name::Lock | Name::Create | Name::Buy => assert!(has("denyoom"), "{name} grows"),
            Name::Alter | Name::Apply | Name::Grant => {}
            _ => assert!(!has("denyoom"), "{name} gives back or reads"),
        }
        match name {
            Name::Lock | Name::Unlock | Name::Renew | Name::Buy | Name::Info => {
                assert!(has("fast"), "{name} takes constant time");
            }
            Name::Events | Name::Audit | Name::Apply => assert!(!has("fast"), "{name} takes time"),
            _ => {}
        }
    }
}

/// Not every server lets modules choose categories, or add one of their own.
#[tokio::test]
async fn categories_are_those_of_the_flags_and_one_more() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let categories: Vec<String> = get(&mut connection, "ACL CAT").await;
    if !categories.iter().any(|name| name == "seckill") {
        return;
    }
    for name in Name::ALL.iter().copied() {
        let flags = flags(&mut connection, name).await;
        let has = |flag: &str| flags.iter().any(|other| other == flag);
        let info: Vec<Vec<Value>> = get(&mut connection, &format!("COMMAND INFO {name}")).await;
        let mut categories: Vec<String> = redis::from_redis_value(info[0][6].clone()).unwrap();
        categories.sort();
        let dangerous = matches!(name, Name::Audit | Name::Apply | Name::Grant);
        let mut expected = vec!["@seckill"];
        expected.push(if has("write") { "@write" } else { "@read" });
        expected.push(if has("fast") { "@fast" } else { "@slow" });
        expected.extend(dangerous.then_some("@dangerous"));
        expected.sort_unstable();
        assert_eq!(categories, expected, "{name}");
    }
}

#[tokio::test]
async fn a_user_gets_at_the_keys_of_the_patterns_only() {
    let server = Server::start().await;
    let session = "
        ACL SETUSER shop on nopass ~sale:* ~lock:* +@all => OK
        ACL SETUSER reader on nopass %R~sale:* ~lock:* +@all => OK
        SET other ann PX 60000 => OK
        SET lock:1 ann PX 60000 => OK
        SECKILL.CREATE sale:1 STOCK 9 => OK
    ";
    play(&mut server.connect().await, session).await;

    let allowed = [
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
    for (line, reply) in allowed {
        assert!(ask(&mut shop, line).await.starts_with(reply), "{line}");
    }
    let mut reader = server.connect_as("protocol=resp3&user=reader&pass=x").await;
    for (line, reply) in [
        ("SECKILL.ORDER sale:1 o1", "{"),
        ("SECKILL.EVENTS sale:1 0", "["),
        ("SECKILL.BUY sale:1 ann o1", "-NOPERM"),
        ("SECKILL.CANCEL sale:1 o1 REFUND", "-NOPERM"),
    ] {
        assert!(ask(&mut reader, line).await.starts_with(reply), "{line}");
    }
    play(&mut server.connect().await, "GET other => \"ann\"").await;
}

#[tokio::test]
async fn a_user_gets_at_the_commands_that_are_granted_only() {
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
    // Without categories of its own a module's command is in none.
    if get::<Vec<String>>(&mut admin, "ACL CAT").await.iter().any(|name| name == "seckill") {
        play(&mut admin, "ACL SETUSER all on nopass ~* +@seckill => OK").await;
        cases.extend([
            ("guest", "SECKILL.ORDER sale o1", "{"),
            ("shop", "SECKILL.AUDIT sale", "-NOPERM"),
            ("all", "SECKILL.AUDIT sale", "OK"),
            ("all", "GET sale", "-NOPERM"),
        ]);
    }
    for (user, line, reply) in cases {
        let mut connection = server.connect_as(&format!("protocol=resp3&user={user}&pass=x")).await;
        let answer = ask(&mut connection, line).await;
        assert!(answer.starts_with(reply), "{user}: {line}: {answer}");
    }
}

#[tokio::test]
async fn configs_are_read_and_set() {
    let server = Server::with("seckill.max-orders 7").await;
    let session = r#"
        CONFIG GET seckill.max-orders => {"seckill.max-orders" "7"}
        CONFIG SET seckill.max-orders 0 => -ERR
        CONFIG SET seckill.max-orders 30000001 => -ERR
        CONFIG SET seckill.max-orders many => -ERR
        CONFIG SET seckill.max-orders 30000000 => OK
        CONFIG GET seckill.max-orders => {"seckill.max-orders" "30000000"}
        CONFIG GET seckill.apply-from-clients => {"seckill.apply-from-clients" "no"}
        CONFIG SET seckill.apply-from-clients maybe => -ERR
        CONFIG SET seckill.apply-from-clients yes => OK
        CONFIG GET seckill.apply-from-clients => {"seckill.apply-from-clients" "yes"}
    "#;
    let mut connection = server.connect().await;
    for (line, expected) in lines(session) {
        let reply = ask(&mut connection, line).await;
        // How a bad value is worded is up to the server.
        let matches = if expected == "-ERR" { reply.starts_with("-ERR ") } else { reply == expected };
        assert!(matches, "{line}: {reply}");
    }
    let server = Server::start().await;
    let default = r#"CONFIG GET seckill.max-orders => {"seckill.max-orders" "5000000"}"#;
    play(&mut server.connect().await, default).await;
}

#[tokio::test]
async fn info_counts() {
    let server = Server::with("seckill.apply-from-clients yes").await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.CREATE sale STOCK 3 LIMIT 2 HOLD 1 => OK
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.BUY sale ann o2 QTY 3 => LIMIT
        SECKILL.BUY sale ann o2 LOCK lock bob => LOCKLOST
        SECKILL.ALTER sale HOLD 0 LIMIT 0 => OK
        SECKILL.CREATE gone STOCK 1 => OK
        SECKILL.BUY gone ann o1 QTY 2 => SHORT
        SECKILL.BUY gone ann o1 => SOLD
        SECKILL.BUY gone ann o1 => SOLD
        SECKILL.BUY gone ann o2 => SOLDOUT
        SECKILL.BUY gone bob o2 => SOLDOUT
        SECKILL.CREATE soon STOCK 1 OPENS 9007199254740991 => OK
        SECKILL.BUY soon ann o1 => UPCOMING
        SECKILL.CREATE over STOCK 1 CLOSES 1 => OK
        SECKILL.BUY over ann o1 => CLOSED
    ";
    play(&mut connection, session).await;
    ask(&mut connection, "SECKILL.APPLY gone x").await;
    wait_until("the hold runs out", async || {
        stat(&mut connection, "seckill", "seckill_holds_expired").await == "1"
    })
    .await;
    for (field, count) in [
        ("grants", 2),
        ("orders_accepted", 2),
        ("refused_limit", 1),
        ("refused_locklost", 1),
        ("refused_short", 1),
        ("refused_soldout", 2),
        ("refused_upcoming", 1),
        ("refused_closed", 1),
        ("sales_diverged", 1),
    ] {
        let field = format!("seckill_{field}");
        assert_eq!(stat(&mut connection, "seckill", &field).await, count.to_string(), "{field}");
    }
}

#[tokio::test]
async fn a_policy_that_could_evict_locks_or_sales_is_warned_of() {
    let log_of = async |policy: &str| {
        let server = Server::with(&format!("maxmemory-policy {policy}")).await;
        fs::read_to_string(server.home().join("log")).unwrap()
    };
    for policy in ["allkeys-lru", "volatile-ttl"] {
        assert!(log_of(policy).await.contains(&format!("maxmemory-policy is {policy}")));
    }
    assert!(!log_of("noeviction").await.contains("maxmemory-policy"));
}
