//! Every reply that is no error, in RESP2 and RESP3; the words, and the fields of maps.

use std::collections::BTreeSet;

use redis::Value;
use seckill_core::protocol::{EventName, Phase, Refusal, State};

use super::command_of;
use super::section::{Section, TableRow, sorted};
use crate::harness::markdown::code;
use crate::harness::server::Server;
use crate::harness::session::{reply, show};

/// A session that gets every reply of every command.
const SESSION: &str = r#"
    SECKILL.LOCK lock ann 60000
    SECKILL.LOCK lock bob 60000
    SECKILL.RENEW lock ann 60000
    SECKILL.RENEW lock bob 60000
    SECKILL.WAITERS lock
    SECKILL.CREATE sale STOCK 9 LIMIT 9 HOLD 600000
    SECKILL.INFO sale
    SECKILL.ALTER sale LIMIT 4
    SECKILL.RESTOCK sale 1 ID r1
    SECKILL.RESTOCK sale -1
    SECKILL.BUY sale ann o1
    SECKILL.ORDER sale o1
    SECKILL.EXTEND sale o1 700000
    SECKILL.CONFIRM sale o1
    SECKILL.EXTEND sale o1 1
    SECKILL.ORDER sale o1
    SECKILL.BUY sale ann o1
    SECKILL.CANCEL sale o1
    SECKILL.CANCEL sale o1 REFUND
    SECKILL.BUY sale ann o1
    SECKILL.CONFIRM sale o1
    SECKILL.EXTEND sale o1 1
    SECKILL.ORDER sale o1
    SECKILL.BUY sale ann o2
    SECKILL.EXTEND sale o2 1
    DEBUG SLEEP 0.01
    SECKILL.CONFIRM sale o2
    SECKILL.EXTEND sale o2 1
    SECKILL.CANCEL sale o2
    SECKILL.BUY sale ann o2
    SECKILL.ORDER sale o2
    SECKILL.ORDER sale o3
    SECKILL.BUY sale ann o3 LOCK lock bob
    SECKILL.BUY sale ann o3 QTY 5
    SECKILL.BUYER sale ann
    SECKILL.EVENTS sale 0
    SECKILL.AUDIT sale
    SECKILL.CREATE few STOCK 1
    SECKILL.BUY few ann o1 QTY 2
    SECKILL.BUY few ann o1
    SECKILL.BUY few bob o2
    SECKILL.BUYALL 2 few sale cat o9
    SECKILL.INFO few
    SECKILL.ALTER few ATTEMPTS 1
    SECKILL.BUY few ann o2
    SECKILL.ALTER few OPENS 9007199254740991
    SECKILL.BUY few bob o2
    SECKILL.INFO few
    SECKILL.ALTER few OPENS 0 CLOSES 1000000000001
    SECKILL.BUY few bob o2
    SECKILL.INFO few
    SECKILL.UNLOCK lock ann
    SECKILL.UNLOCK lock ann
    SECKILL.GRANT lock ann 9007199254740991 1
    SECKILL.FENCE 1
    SECKILL.APPLY copy "\x01\x01\x01\x01\x00\x00\x05\x00\x00\x00\x00"
"#;

/// The replies of the session.
async fn replies(protocol: &str) -> Vec<(&'static str, Value)> {
    let server = Server::with("seckill.apply-from-clients yes").await;
    let mut connection = server.connect_as(protocol).await;
    let mut replies = vec![];
    for line in SESSION.lines().map(str::trim).filter(|line| !line.is_empty()) {
        replies.push((line, reply(&mut connection, line).await));
    }
    replies.retain(|(line, _)| line.starts_with("SECKILL."));
    replies
}

/// The type of a value in the words of RESP.
fn resp_type(value: &Value) -> &'static str {
    match value {
        Value::Okay | Value::SimpleString(_) => "simple string",
        Value::BulkString(_) => "bulk string",
        Value::Int(_) => "integer",
        Value::Array(_) => "array",
        Value::Map(_) => "map",
        Value::Nil => "null",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_reply_has_its_row() {
    let page = Section::page();
    let types = page.section("### Replies").table("type");
    for (protocol, column) in [("protocol=resp2", 1), ("protocol=resp3", 2)] {
        let is = |name: &str, value: &Value| {
            let row = types.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no type {name}"));
            row[column].starts_with(resp_type(value))
        };
        let mut seen = BTreeSet::new();
        for (line, value) in replies(protocol).await {
            let command = command_of(line);
            let table = page.command(command).table("reply");
            let rows: Vec<_> = table
                .iter()
                .filter(|row| {
                    is(row[1], &value) && code(row[0]).first().is_none_or(|text| *text == show(&value))
                })
                .collect();
            assert_eq!(rows.len(), 1, "{line}: {value:?} in the table of replies, by {protocol}");
            seen.insert((command, rows[0][0]));
        }
        for (command, section) in page.commands() {
            for row in section.table("reply") {
                assert!(seen.contains(&(command, row[0])), "{command}: no reply is {row:?}");
            }
        }
    }
}

#[test]
fn every_word_has_its_row() {
    let page = Section::page();
    let states = sorted(State::ALL.iter().map(|word| word.as_str()));
    let refusals = sorted(Refusal::ALL.iter().map(|word| word.as_str()));
    for (heading, expected) in [
        ("### States of an order", states.clone()),
        ("### Refusals", refusals.clone()),
        ("### States of a sale", sorted(Phase::ALL.iter().map(|word| word.as_str()))),
        ("### Events", sorted(EventName::ALL.iter().map(|word| word.as_str()))),
    ] {
        assert_eq!(sorted(page.section(heading).column("word")), expected, "{heading}");
    }
    let replies = page.command("SECKILL.BUY").column("reply");
    assert_eq!(sorted(replies), sorted([states, refusals].concat()));
}

/// The names and values of a map, in their order.
fn pairs(map: &Value) -> Vec<(String, &Value)> {
    let Value::Map(pairs) = map else { panic!("{map:?}") };
    pairs.iter().map(|(name, value)| (show(name).trim_matches('"').to_owned(), value)).collect()
}

/// What RESP3 calls a type of the page.
fn resp3_type(name: &str) -> &str {
    match name {
        "word" => "simple string",
        "string" => "bulk string",
        other => other,
    }
}

/// The fields are those of the table, in its order and of its types, or nil where the table says so.
fn has_fields(fields: &[(String, &Value)], table: &[TableRow], what: &str) {
    let is_nil = |row: usize| fields.get(row).is_some_and(|(_, value)| **value == Value::Nil);
    let type_of = |(row, text): (usize, &TableRow)| {
        let expects_nil = text[2].contains("nil") && is_nil(row);
        (code(text[0])[0], if expects_nil { "null" } else { resp3_type(text[1]) })
    };
    let written: Vec<_> = table.iter().enumerate().map(type_of).collect();
    let got: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), resp_type(value))).collect();
    assert_eq!(got, written, "{what}");
}

#[tokio::test]
async fn the_fields_of_maps_are_those_of_the_page() {
    let page = Section::page();
    let mut maps = BTreeSet::new();
    let mut states = BTreeSet::new();
    for (line, value) in replies("protocol=resp3").await {
        let command = command_of(line);
        let Value::Map(_) = value else { continue };
        let fields = pairs(&value);
        has_fields(&fields, &page.command(command).table("field"), line);
        maps.insert(command);
        let state = fields.iter().find(|(name, _)| name == "state");
        states.extend(state.map(|(_, value)| (command, show(value))));
    }
    let with_fields = page.commands().into_iter().filter(|(_, section)| !section.rows("field").is_empty());
    let with_fields = with_fields.map(|(command, _)| command).filter(|command| *command != "SECKILL.EVENTS");
    assert_eq!(with_fields.collect::<BTreeSet<_>>(), maps, "what has a table of fields replies a map");
    // The session has led through all states.
    let words = State::ALL.iter().map(|word| ("SECKILL.ORDER", word.to_string()));
    let words = words.chain(Phase::ALL.iter().map(|word| ("SECKILL.INFO", word.to_string())));
    assert_eq!(states, words.collect());
}

#[tokio::test]
async fn the_fields_of_events_are_those_of_the_page() {
    let page = Section::page();
    let section = page.command("SECKILL.EVENTS");
    let (common, further) = (section.table("field"), section.table("event"));
    let replies = replies("protocol=resp3").await;
    let (_, events) = replies.iter().find(|(line, _)| command_of(line) == "SECKILL.EVENTS").unwrap();
    let Value::Array(events) = events else { panic!("{events:?}") };
    let mut seen = BTreeSet::new();
    for event in events {
        let fields = pairs(event);
        let (first, rest) = fields.split_at(common.len());
        has_fields(first, &common, "the fields of every event");
        let name = show(first[3].1);
        let row = further.iter().find(|row| code(row[0])[0] == name);
        let row = row.unwrap_or_else(|| panic!("{name} is not on the page"));
        let rest: Vec<&str> = rest.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(rest, code(row[1]), "{name}");
        seen.insert(name);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), sorted(section.column("event")));
}
