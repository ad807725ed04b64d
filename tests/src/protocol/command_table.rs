//! The entries of the commands in the server's table: documentation, keys, flags, ACL categories.

use std::collections::BTreeMap;

use redis::Value;
use seckill_core::protocol::CommandName;

use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, reply};

#[tokio::test]
async fn every_command_is_documented() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for name in CommandName::ALL {
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
        "SECKILL.LOCK k t 1 BLOCK 1",
        "SECKILL.WAITERS k",
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
        // Arguments that equal the keyword, but are none.
        "SECKILL.BUY k LOCK o",
        "SECKILL.BUY k LOCK LOCK",
        "SECKILL.BUY k LOCK LOCK QTY 2",
    ];
    for line in first {
        assert_eq!(ask(&mut connection, &format!("COMMAND GETKEYS {line}")).await, r#"["k"]"#, "{line}");
    }
    let counted = [
        ("SECKILL.BUYALL 1 k b o", r#"["k"]"#),
        ("SECKILL.BUYALL 2 k LOCK b o QTY 1 2", r#"["k" "LOCK"]"#),
        ("SECKILL.BUYALL 2 k LOCK LOCK LOCK QTY 1 2 LOCK l LOCK RELEASE", r#"["k" "LOCK" "l"]"#),
    ];
    for (line, keys) in counted {
        assert_eq!(ask(&mut connection, &format!("COMMAND GETKEYS {line}")).await, keys, "{line}");
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

async fn flags(connection: &mut Connection, name: CommandName) -> Vec<String> {
    let info: Vec<Vec<Value>> = get(connection, &format!("COMMAND INFO {name}")).await;
    redis::from_redis_value(info[0][2].clone()).unwrap()
}

#[tokio::test]
async fn flags_say_what_a_command_does() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for name in CommandName::ALL.iter().copied() {
        let flags = flags(&mut connection, name).await;
        let has = |flag: &str| flags.iter().any(|other| other == flag);
        let reads = matches!(
            name,
            CommandName::Order
                | CommandName::Buyer
                | CommandName::Waiters
                | CommandName::Events
                | CommandName::Info
                | CommandName::Audit
        );
        assert_eq!((has("readonly"), has("write")), (reads, !reads), "{name}");
        match name {
            CommandName::Lock
            | CommandName::Create
            | CommandName::Buy
            | CommandName::BuyAll
            | CommandName::Extend => {
                assert!(has("denyoom"), "{name} takes memory");
            }
            CommandName::Alter | CommandName::Apply | CommandName::Grant => {}
            _ => assert!(!has("denyoom"), "{name} frees memory or reads"),
        }
        match name {
            CommandName::Lock
            | CommandName::Unlock
            | CommandName::Renew
            | CommandName::Buy
            | CommandName::Info => {
                assert!(has("fast"), "{name} takes constant time");
            }
            CommandName::Events | CommandName::Waiters | CommandName::Audit | CommandName::Apply => {
                assert!(!has("fast"), "{name} takes time");
            }
            _ => {}
        }
        let blocks = matches!(name, CommandName::Lock | CommandName::Events);
        assert_eq!(has("blocking"), blocks, "{name}");
    }
}

/// Not every server lets modules choose categories, or add one of their own.
#[tokio::test]
async fn categories_are_those_of_the_flags_and_one_more() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let categories: Vec<String> = get(&mut connection, "ACL CAT").await;
    if !categories.iter().any(|name| name == "seckill") {
        eprintln!("skipped on this server: modules have no category of their own");
        return;
    }
    for name in CommandName::ALL.iter().copied() {
        let flags = flags(&mut connection, name).await;
        let has = |flag: &str| flags.iter().any(|other| other == flag);
        let info: Vec<Vec<Value>> = get(&mut connection, &format!("COMMAND INFO {name}")).await;
        let mut categories: Vec<String> = redis::from_redis_value(info[0][6].clone()).unwrap();
        categories.sort();
        let dangerous = matches!(
            name,
            CommandName::Waiters
                | CommandName::Audit
                | CommandName::Apply
                | CommandName::Grant
                | CommandName::Fence
        );
        let mut expected = vec!["@seckill"];
        expected.push(if has("write") { "@write" } else { "@read" });
        expected.push(if has("fast") { "@fast" } else { "@slow" });
        expected.extend(has("blocking").then_some("@blocking"));
        expected.extend(dangerous.then_some("@dangerous"));
        expected.sort_unstable();
        assert_eq!(categories, expected, "{name}");
    }
}
