//! Every error: its code, its text, and which commands may reply it.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;
use seckill_core::protocol::{
    AUDIT_ORDERS, Capacity, Code, CommandName, Error, Keyword, MAX_ARGS, Seq, Term, Unit, Word,
};
use seckill_core::{ApplyError, AuditError};

use super::section::{Section, sorted};
use super::{CALLS, command_of};
use crate::harness::markdown::code;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{fill, play, reply, show};

/// The reply to a bug of the module, which no test can provoke.
const BUG: &str = "ERR the module failed; its server's log says how";
/// Codes of Redis that the module replies, too.
const OF_REDIS: [&str; 3] = ["WRONGTYPE", "READONLY", "OOM"];

const SETUP: &str = "
    RPUSH list x => 1
    SECKILL.CREATE sale STOCK 5 HOLD 600000 => OK
    SECKILL.BUY sale ann o1 => HELD
    SECKILL.RESTOCK sale 1 ID r1 => 5
    SECKILL.CREATE other STOCK 5 => OK
";
const MISTAKES: [&str; 26] = [
    "SECKILL.FENCE 9007199254740991",
    "SECKILL.LOCK k \"\" 1",
    "SECKILL.LOCK k t x",
    "SECKILL.LOCK k t 1 BLOCK 1",
    "SECKILL.BUY sale ann o2 QTY",
    "SECKILL.BUY sale ann o2 QTY 1 QTY 1",
    "SECKILL.BUY sale ann o2 PRICE",
    "SECKILL.BUY sale ann o2 RELEASE",
    "SECKILL.CANCEL sale o1 NOW",
    "SECKILL.ALTER sale",
    "SECKILL.CREATE k STOCK 1 OPENS 1700000000",
    "SECKILL.BUYALL 2 sale sale ann o2",
    "SECKILL.BUYALL 2 sale other ann o2 QTY 1 1 1",
    "SECKILL.BUYALL 2 sale other ann o1",
    "SECKILL.BUY sale bob o1",
    "SECKILL.CREATE k STOCK 1 OPENS 1000000000002 CLOSES 1000000000001",
    "SECKILL.CREATE sale STOCK 7",
    "SECKILL.CREATE sale STOCK 7 HOLD 600000",
    "SECKILL.RESTOCK sale 9007199254740991",
    "SECKILL.RESTOCK sale 2 ID r1",
    "SECKILL.RESTOCK sale -9",
    "SECKILL.CONFIRM sale o",
    "SECKILL.EXTEND sale o 1",
    "SECKILL.CANCEL sale o",
    "SECKILL.EVENTS sale 1 TERM 1",
    "SECKILL.BUY sale ann o2 LOCK list t",
];
const FULL: [&str; 5] = [
    "SECKILL.BUY sale ann o2",
    "SECKILL.RESTOCK sale 1 ID r2",
    "SECKILL.RESTOCK sale 1",
    "SECKILL.ALTER sale LIMIT 3",
    "SECKILL.EXTEND sale o1 1000",
];
const ROOM_FOR_ONE: &str = "CONFIG SET seckill.max-orders 1 seckill.max-events 1 => OK";
/// Calls that would wait, but may not.
const WAIT: [&str; 2] = ["SECKILL.LOCK held ann 60000 BLOCK 0", "SECKILL.EVENTS sale 1000 BLOCK 0"];
const NOBODY_WAITS: &str = "CONFIG SET seckill.max-waiters 0 => OK\nSET held bob => OK";
const DIVERGED: &str = "SECKILL.APPLY diverged x => -CORRUPT a newer version of the module wrote it\nSECKILL.APPLY diverged x => -CORRUPT it diverged before";
const EVICTION: &str = "CONFIG SET maxmemory 1gb maxmemory-policy allkeys-lru => OK";
const NO_EVICTION: &str = "CONFIG SET maxmemory 0 maxmemory-policy noeviction => OK";
const NO_MEMORY: &str = "CONFIG SET maxmemory 1 => OK";
const APPLY_FORBIDDEN: &str = "CONFIG SET seckill.apply-from-clients no => OK";

/// Errors, each with the command that it was the reply to.
#[derive(Default)]
struct ErrorReplies(Vec<(String, String)>);

impl ErrorReplies {
    async fn ask(&mut self, connection: &mut Connection, line: &str) {
        let reply = reply(connection, line).await;
        self.note(line, &reply);
    }

    fn note(&mut self, line: &str, reply: &Value) {
        if let Value::ServerError(_) = reply {
            self.0.push((command_of(line).to_owned(), show(reply)[1..].to_owned()));
        }
    }

    /// Sends every command, with this key.
    async fn ask_all(&mut self, connection: &mut Connection, key: &str) {
        for call in CALLS {
            self.ask(connection, &call.replace('%', key)).await;
        }
    }
}

/// Provokes every error.
async fn all_errors() -> ErrorReplies {
    let mut errors = ErrorReplies::default();
    let server = Server::primary("seckill.apply-from-clients yes").await;
    let mut connection = server.connect().await;
    play(&mut connection, SETUP).await;
    let replica = server.replica("replica-read-only no\nseckill.apply-from-clients yes").await;
    errors.ask_all(&mut replica.connect().await, "sale").await;
    play(&mut replica.connect().await, "CONFIG SET replica-read-only yes => OK").await;
    errors.ask_all(&mut replica.connect().await, "sale").await;

    for line in MISTAKES {
        errors.ask(&mut connection, line).await;
    }
    errors.ask(&mut connection, &format!("SECKILL.AUDIT sale{}", " a".repeat(MAX_ARGS))).await;
    for call in CALLS {
        errors.ask(&mut connection, command_of(call)).await;
        errors.ask(&mut connection, &call.replace('%', "none")).await;
        play(&mut connection, "SET none x => OK\nDEL none => 1").await;
    }
    errors.ask_all(&mut connection, "list").await;
    play(&mut connection, DIVERGED).await;
    errors.ask_all(&mut connection, "diverged").await;
    play(&mut connection, "MULTI => OK\nSECKILL.AUDIT sale => QUEUED").await;
    let Value::Array(executed) = reply(&mut connection, "EXEC").await else { panic!("no replies") };
    errors.note("SECKILL.AUDIT", &executed[0]);
    fill(&mut connection, "large", AUDIT_ORDERS + 1).await;
    errors.ask(&mut connection, "SECKILL.AUDIT large").await;
    play(&mut connection, NOBODY_WAITS).await;
    for line in WAIT {
        errors.ask(&mut connection, line).await;
    }
    play(&mut connection, EVICTION).await;
    errors.ask(&mut connection, "SECKILL.CREATE new STOCK 1").await;
    play(&mut connection, NO_EVICTION).await;
    play(&mut connection, ROOM_FOR_ONE).await;
    for line in FULL {
        errors.ask(&mut connection, line).await;
    }
    play(&mut connection, APPLY_FORBIDDEN).await;
    errors.ask_all(&mut connection, "sale").await;
    play(&mut connection, NO_MEMORY).await;
    errors.ask_all(&mut connection, "sale").await;
    errors
}

/// Whether a text is what a row of the table stands for, in which `<…>` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('<');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    for part in parts {
        let literal = part.split_once('>').expect("a closing bracket").1;
        match rest.find(literal) {
            Some(_) if literal.is_empty() => rest = "",
            Some(place) if place > 0 => rest = &rest[place + literal.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

/// The row with the longest literal text, of those that match an error.
fn row_of(rows: &[&'static str], text: &str) -> &'static str {
    let row = rows.iter().filter(|row| matches(row, text)).max_by_key(|row| row.replace('<', "").len());
    row.unwrap_or_else(|| panic!("no row for `{text}`"))
}

/// The text of an error without the part that says which sale of BUYALL it is about.
fn without_place(text: &str) -> String {
    match text.split_once(" sale ").and_then(|(code, rest)| Some((code, rest.split_once(": ")?))) {
        Some((code, (place, rest))) if !code.contains(' ') && place.contains(" of ") => {
            format!("{code} {rest}")
        }
        _ => text.to_owned(),
    }
}

#[tokio::test]
async fn every_text_has_its_row_and_every_command_its_codes() {
    let page = Section::page();
    let rows = page.section("### Texts").column("error");
    let mut seen = BTreeSet::from([BUG]);
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (command, text) in all_errors().await.0 {
        seen.insert(row_of(&rows, &without_place(&text)));
        let code = text.split(' ').next().unwrap().to_owned();
        codes.entry(command).or_default().insert(code);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), sorted(rows), "rows and errors");
    for (command, section) in page.commands() {
        let written = code(section.line("Errors: ")).iter().map(ToString::to_string).collect();
        assert_eq!(codes[command], written, "{command}");
    }
}

#[test]
fn every_code_has_its_row() {
    let page = Section::page();
    let codes = sorted(Code::ALL.iter().map(|code| code.as_str()));
    assert_eq!(sorted(page.section("### Codes").column("code")), codes);
    for text in page.section("### Texts").column("error") {
        let code = text.split(' ').next().unwrap();
        assert!(codes.contains(&code) || OF_REDIS.contains(&code), "{text}");
    }
}

/// Errors of the core, one of each kind. A missing kind does not compile.
macro_rules! one_of_each_kind {
    ($($kind:ident $(($($value:expr),*))? $({ $($field:ident: $of:expr),* })?),* $(,)?) => {{
        let _ = |error: Error| match error {
            // The text of the first is that of Redis, which passes no other commands to the module.
            Error::Arity | Error::UnknownCommand => {}
            $(Error::$kind { .. } => {})*
        };
        [$(Error::$kind $(($($value),*))? $({ $($field: $of),* })?),*]
    }};
}

#[test]
fn every_error_of_the_core_has_its_row() {
    let page = Section::page();
    let rows = page.section("### Texts").column("error");
    let errors = one_of_each_kind![
        TooManyArguments,
        NoKeyword { command: CommandName::Buy, place: 4, word: Word::new(b"PRICE") },
        Repeated(Keyword::Qty),
        NoValue(Keyword::Lock),
        Needs { what: "RELEASE", keyword: Keyword::Lock },
        NoRule,
        Length("id"),
        Integer { name: "QTY", min: 1, max: 9, unit: Unit::Milliseconds },
        Seconds(Keyword::Opens, 1),
        Window,
        TooMuchStock,
        NoSale,
        NoOrder,
        SaleTwice,
        QuantityCount { sales: 2 },
        OtherOrder,
        PartialOrder,
        OtherDelta,
        NoStock(3),
        OtherType("list"),
        OtherSale { created: [1; 6], given: [true; 6], differs: [true; 6] },
        Full { capacity: Capacity::Orders, count: 2 },
        Forked { seq: Seq(1), term: Term(2) },
        Diverged,
    ];
    for error in errors {
        row_of(&rows, &error.to_string());
    }
    for error in [ApplyError::NoEvents.to_string(), AuditError::Stock.to_string()] {
        row_of(&rows, &format!("CORRUPT {error}"));
    }
}
