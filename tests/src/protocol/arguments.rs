//! The bounds of integers and names, for each command that takes one.

use seckill_core::protocol::{EVENTS_MAX, MAX_INT, MAX_NAME, MAX_QTY};

use crate::harness::aof::AOF;
use crate::harness::server::Server;
use crate::harness::session::{ask, play, unescape};

const INT: i64 = MAX_INT as i64;
const QTY: i64 = MAX_QTY as i64;
const COUNT: i64 = EVENTS_MAX as i64;

/// Each integer: the command with `%` in its place, its name in the error, its least and greatest value.
const INTEGERS: [(&str, &str, i64, i64); 20] = [
    ("SECKILL.LOCK lock t %", "ttl", 1, INT),
    ("SECKILL.LOCK lock t 1 BLOCK %", "BLOCK", 0, INT),
    ("SECKILL.RENEW lock t %", "ttl", 1, INT),
    ("SECKILL.CREATE new STOCK %", "STOCK", 0, INT),
    ("SECKILL.CREATE new STOCK 1 LIMIT %", "LIMIT", 0, QTY),
    ("SECKILL.CREATE new STOCK 1 HOLD %", "HOLD", 0, INT),
    ("SECKILL.CREATE new STOCK 1 OPENS %", "OPENS", 0, INT),
    ("SECKILL.CREATE new STOCK 1 CLOSES %", "CLOSES", 0, INT),
    ("SECKILL.ALTER sale LIMIT %", "LIMIT", 0, QTY),
    ("SECKILL.ALTER sale HOLD %", "HOLD", 0, INT),
    ("SECKILL.ALTER sale OPENS %", "OPENS", 0, INT),
    ("SECKILL.ALTER sale CLOSES %", "CLOSES", 0, INT),
    ("SECKILL.RESTOCK empty %", "delta", -INT, INT),
    ("SECKILL.RESTOCK empty % ID r1", "delta", -INT, INT),
    ("SECKILL.BUY sale ann o2 QTY %", "QTY", 1, QTY),
    ("SECKILL.EXTEND sale o1 %", "hold", 1, INT),
    ("SECKILL.EVENTS sale %", "after", 0, INT),
    ("SECKILL.EVENTS sale 0 TERM %", "TERM", 0, INT),
    ("SECKILL.EVENTS sale 0 COUNT %", "COUNT", 1, COUNT),
    ("SECKILL.EVENTS sale 0 BLOCK %", "BLOCK", 0, INT),
];

const NO_INTEGERS: [&str; 12] = [
    "",
    " 1",
    "1 ",
    "+1",
    "--1",
    "-",
    "1.0",
    "1e3",
    "0x1",
    "one",
    "9223372036854775808",
    "18446744073709551617",
];

/// Each name, with `%` in its place, and what the error calls it.
const NAMES: [(&str, &str); 13] = [
    ("SECKILL.LOCK lock % 1", "token"),
    ("SECKILL.UNLOCK lock %", "token"),
    ("SECKILL.RENEW lock % 1", "token"),
    ("SECKILL.BUY sale % o2", "buyer"),
    ("SECKILL.BUY sale ann %", "order"),
    ("SECKILL.BUY sale ann o2 LOCK lock %", "token"),
    ("SECKILL.RESTOCK sale 1 ID %", "id"),
    ("SECKILL.CONFIRM sale %", "order"),
    ("SECKILL.EXTEND sale % 1", "order"),
    ("SECKILL.CANCEL sale %", "order"),
    ("SECKILL.CANCEL sale % REFUND", "order"),
    ("SECKILL.ORDER sale %", "order"),
    ("SECKILL.BUYER sale %", "buyer"),
];

/// What each case begins with.
const SETUP: &str = "
    FLUSHALL => OK
    SECKILL.CREATE sale STOCK 1 HOLD 60000 => OK
    SECKILL.BUY sale ann o1 => HELD
    SECKILL.CREATE empty STOCK 0 => OK
";

#[tokio::test]
async fn integers_are_digits_within_their_bounds() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for (template, name, min, max) in INTEGERS {
        let unit = match name {
            "ttl" | "hold" | "HOLD" | "BLOCK" => ", in milliseconds",
            "OPENS" | "CLOSES" => ", in milliseconds of unix time",
            _ => "",
        };
        let error = format!("-ERR {name} must be an integer between {min} and {max}{unit}");
        let inner = if unit.ends_with("unix time") { 1_700_000_000_000 } else { (min + 1).max(7) };
        for right in [min, max, inner] {
            play(&mut connection, SETUP).await;
            let line = template.replace('%', &right.to_string());
            let reply = ask(&mut connection, &line).await;
            // BLOCK is refused after its bounds were checked.
            assert!(!reply.starts_with("-ERR") || reply.contains("BLOCK is not"), "{line}: {reply}");
        }
        let beyond = [(min - 1).to_string(), (max + 1).to_string()];
        let negative_zero = (min >= 0).then_some("-0");
        let wrong = beyond.iter().map(String::as_str).chain(NO_INTEGERS).chain(negative_zero);
        play(&mut connection, SETUP).await;
        for wrong in wrong {
            let line = template.replace('%', &format!("\"{wrong}\""));
            assert_eq!(ask(&mut connection, &line).await, error, "{line}");
        }
    }
}

#[tokio::test]
async fn names_have_1_to_128_bytes() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let of = |length: usize| "\\xff".repeat(length);
    for (template, name) in NAMES {
        for right in [1, MAX_NAME] {
            play(&mut connection, SETUP).await;
            let reply = ask(&mut connection, &template.replace('%', &format!("\"{}\"", of(right)))).await;
            assert!(!reply.starts_with("-ERR"), "{right} bytes in {template}: {reply}");
        }
        for wrong in [0, MAX_NAME + 1, 10_000] {
            let line = template.replace('%', &format!("\"{}\"", of(wrong)));
            let reply = ask(&mut connection, &line).await;
            assert_eq!(reply, format!("-ERR {name} must be 1 to 128 bytes"), "{wrong} bytes in {template}");
        }
    }
}

/// A mistake in an argument is reported before any key is opened.
#[tokio::test]
async fn arguments_are_read_before_keys() {
    let session = r#"
        SET text x => OK
        SECKILL.BUY text ann "" => -ERR order must be 1 to 128 bytes
        SECKILL.BUY none ann o1 QTY 0 => -ERR QTY must be an integer between 1 and 4294967295
        SECKILL.RESTOCK none 0 => -ERR a delta of 0 needs ID with a value
        SECKILL.CREATE text STOCK 1 OPENS 1000000000002 CLOSES 1000000000001 => -ERR CLOSES must be after OPENS
        SECKILL.UNLOCK none "" => -ERR token must be 1 to 128 bytes
    "#;
    let server = Server::start().await;
    play(&mut server.connect().await, session).await;
}

/// Names are replied byte for byte, and similar ones are different orders.
#[tokio::test]
async fn names_are_binary_safe() {
    let mut names: Vec<String> = (0..=255).map(|byte| format!("\\x{byte:02x}")).collect();
    names.extend(
        [
            // The forms of a UUID.
            "01234567-89ab-cdef-0123-456789abcdef",
            "01234567-89AB-CDEF-0123-456789ABCDEF",
            "01234567-89ab-cdef-0123-456789abcdeF",
            "0123456789abcdef0123456789abcdef",
            "01234567-89ab-cdef-0123-456789abcde",
            "\\x01\\x23\\x45\\x67\\x89\\xab\\xcd\\xef\\x01\\x23\\x45\\x67\\x89\\xab\\xcd\\xef",
            // Nearly numbers, and zero bytes.
            "00",
            "-1",
            "+1",
            "o\\x00",
            "o\\x00o",
            "o o",
        ]
        .map(str::to_owned),
    );
    names.push("\\x00\\xff\\x22\\x0a".repeat(MAX_NAME / 4));

    let mut server = Server::with(AOF).await;
    let mut connection = server.connect().await;
    let stock = names.len();
    play(&mut connection, &format!("SECKILL.CREATE sale STOCK {stock} LIMIT 1 => OK")).await;
    for name in &names {
        // The buyer has the name of the order: if two names were one, the second would be refused.
        let line = format!(r#"SECKILL.BUY sale "{name}" "{name}" LOCK lock "{name}" RELEASE"#);
        let session = format!("SECKILL.LOCK lock \"{name}\" 60000 => <us>\n{line} => SOLD");
        play(&mut connection, &session).await;
    }

    server.restart().await;
    let mut connection = server.connect().await;
    for name in &names {
        let shown = unescape(name).escape_ascii().to_string();
        let order = ask(&mut connection, &format!(r#"SECKILL.ORDER sale "{name}""#)).await;
        let begin = format!(r#"{{"order" "{shown}" "buyer" "{shown}" "qty" 1 "state" SOLD "#);
        assert!(order.starts_with(&begin), "{order}");
        let buyer = ask(&mut connection, &format!(r#"SECKILL.BUYER sale "{name}""#)).await;
        assert_eq!(buyer, format!(r#"{{"held" 0 "sold" 1 "orders" ["{shown}"]}}"#));
    }
    play(&mut connection, "SECKILL.AUDIT sale => OK").await;
}
