//! Files that the first version of the formats wrote, which every later module must load:
//! `tests/fixtures/format-1`.
//!
//! Redis 7.0.15 wrote them, with two epochs of one sale, all statuses of orders, names of all forms, held and
//! released locks, and a sale that diverged. `replies.txt` has what the module replied then, as JSON.

use std::fs;
use std::path::PathBuf;

use redis::Value;
use serde_json::{Map, Value as Json, json};

use crate::harness::aof::{PLAIN_AOF, appended_files};
use crate::harness::built::workspace;
use crate::harness::dump::restore_command;
use crate::harness::server::{Connection, Server};
use crate::harness::session::reply;

fn fixture(name: &str) -> PathBuf {
    workspace().join("tests/fixtures/format-1").join(name)
}

/// A reply as redis-cli writes it in JSON.
fn to_json(value: &Value) -> Json {
    let text = |bytes: &[u8]| Json::from(String::from_utf8_lossy(bytes));
    match value {
        Value::Nil => Json::Null,
        Value::Int(integer) => json!(integer),
        Value::BulkString(bytes) => text(bytes),
        Value::SimpleString(word) => json!(word),
        Value::Okay => json!("OK"),
        Value::Array(values) => values.iter().map(to_json).collect(),
        Value::Map(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| {
                let Value::BulkString(name) = name else { panic!("{name:?} as the name of a field") };
                (String::from_utf8_lossy(name).into_owned(), to_json(value))
            });
            Json::from(pairs.collect::<Map<_, _>>())
        }
        other => panic!("{other:?}"),
    }
}

/// A reply without the fields that came later.
fn known_fields(reply: Json, old: &Json) -> Json {
    match (reply, old) {
        (Json::Array(items), Json::Array(old)) if items.len() == old.len() => {
            items.into_iter().zip(old).map(|(item, old)| known_fields(item, old)).collect()
        }
        (Json::Object(mut fields), Json::Object(old)) => {
            fields.retain(|name, _| old.contains_key(name));
            Json::Object(fields)
        }
        (reply, _) => reply,
    }
}

/// Sends the commands of `replies.txt` that `keep` accepts. Each must get the reply that is written there.
async fn must_get_the_old_replies(connection: &mut Connection, keep: impl Fn(&str) -> bool) {
    let replies = fs::read_to_string(fixture("replies.txt")).unwrap();
    let mut compared = 0;
    for line in replies.lines().filter(|line| keep(line)) {
        let (command, expected) = line.split_once(" => ").unwrap();
        let expected: Json = serde_json::from_str(expected).unwrap();
        let known = known_fields(to_json(&reply(connection, command).await), &expected);
        assert_eq!(known, expected, "{command}");
        compared += 1;
    }
    assert!(compared > 10, "{compared} replies compared");
}

#[tokio::test]
async fn an_rdb_file() {
    let mut server = Server::start().await;
    server.kill();
    fs::copy(fixture("dump.rdb"), server.home().join("dump.rdb")).unwrap();
    server.restart().await;
    must_get_the_old_replies(&mut server.connect().await, |_| true).await;
}

#[tokio::test]
async fn an_aof_and_a_rewritten_one() {
    for name in ["incremental.aof", "rewritten.aof"] {
        let mut server = Server::with(PLAIN_AOF).await;
        let [file] = &appended_files(&server)[..] else { panic!("one file is appended to") };
        server.kill();
        fs::copy(fixture(name), file).unwrap();
        server.restart().await;
        must_get_the_old_replies(&mut server.connect().await, |_| true).await;
    }
}

#[tokio::test]
async fn a_dump() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let dump = fs::read(fixture("sale.dump")).unwrap();
    restore_command("sale", &dump).exec_async(&mut connection).await.unwrap();
    must_get_the_old_replies(&mut connection, |line| line.contains(" sale ")).await;
}
