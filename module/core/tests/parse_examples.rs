//! Parsing by example: a line of words, and the command or the error that it is. `parse_properties` has what
//! holds of any words.

mod support;

use seckill_core::protocol::{
    Alteration, Buy, Command, Error, Guard, Millis, Query, Request, Rules, Seq, Term, UnixMs,
};
use support::{name, token};

/// Parses a line of words. `_` is an empty word, and `LOCK0x` is `LOCK` with a NUL byte and an x.
fn parse<T>(line: &str, then: impl FnOnce(Result<Command<'_>, Error>) -> T) -> T {
    let words = line.split(' ').map(|word| match word {
        "_" => Vec::new(),
        word => word.replace("0x", "\0x").into_bytes(),
    });
    let words: Vec<Vec<u8>> = words.collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    then(Command::parse(&words))
}

fn error_of(line: &str) -> String {
    parse(line, |result| match result {
        Err(error) => error.to_string(),
        Ok(command) => panic!("{line}: {command:?}"),
    })
}

#[track_caller]
fn assert_command(line: &str, expected: Command<'_>) {
    parse(line, |result| assert_eq!(result, Ok(expected), "{line}"));
}

#[track_caller]
fn assert_request(line: &str, request: Request<'_>) {
    assert_command(line, Command::Decide { sale: b"s", request });
}

#[test]
fn keywords_come_in_any_case_and_order() {
    let rules = Rules { limit: 1, attempts: Some(5), hold: Millis(2), opens: UnixMs(3), closes: UnixMs(4) };
    for line in [
        "SECKILL.CREATE s STOCK 9 LIMIT 1 ATTEMPTS 5 HOLD 2 OPENS 3 CLOSES 4",
        "seckill.create s attempts 5 closes 4 opens 3 hold 2 limit 1 stock 9",
        "Seckill.Create s OPENS 3 Stock 9 cLoSeS 4 LIMIT 1 aTTempts 5 hold 2",
    ] {
        assert_request(line, Request::Create { stock: 9, rules });
    }
    let guard = Some(Guard { key: b"k", token: token(b"t"), release: true });
    for line in [
        "SECKILL.BUY s b o QTY 2 LOCK k t RELEASE",
        "SECKILL.BUY s b o release lock k t qty 2",
        "SECKILL.BUY s b o LOCK k t RELEASE QTY 00002",
    ] {
        assert_request(line, Request::Buy(Buy { buyer: name("b"), order: name("o"), qty: 2, guard }));
    }
    assert_command(
        "SECKILL.EVENTS s 7 BLOCK 0 COUNT 5 TERM 3",
        Command::Read {
            sale: b"s",
            query: Query::Events { after: Seq(7), term: Some(Term(3)), count: 5, block: Some(Millis(0)) },
        },
    );
}

#[test]
fn a_keyword_may_be_a_name() {
    let guard = Some(Guard { key: b"LOCK", token: token(b"RELEASE"), release: true });
    assert_request(
        "SECKILL.BUY s LOCK QTY LOCK LOCK RELEASE RELEASE",
        Request::Buy(Buy { buyer: name("LOCK"), order: name("QTY"), qty: 1, guard }),
    );
    assert_request("SECKILL.CANCEL s REFUND REFUND", Request::Cancel { order: name("REFUND"), refund: true });
    assert_request("SECKILL.RESTOCK s 1 ID ID", Request::Restock { delta: 1, id: Some(name("ID")) });
}

#[test]
fn what_is_left_out_has_its_default() {
    assert_request("SECKILL.CREATE s STOCK 0", Request::Create { stock: 0, rules: Rules::default() });
    assert_request(
        "SECKILL.BUY s b o",
        Request::Buy(Buy { buyer: name("b"), order: name("o"), qty: 1, guard: None }),
    );
    let hold = Alteration { hold: Some(Millis(0)), ..Alteration::default() };
    assert_request("SECKILL.ALTER s HOLD 0", Request::Alter(hold));
    let query = Query::Events { after: Seq(0), term: None, count: 100, block: None };
    assert_command("SECKILL.EVENTS s 0", Command::Read { sale: b"s", query });
    assert_command(
        "SECKILL.LOCK _ t 1",
        Command::Lock { key: b"", token: token(b"t"), ttl: Millis(1), block: None },
    );
}

#[test]
fn a_keyword_that_is_unknown_repeated_or_bare_is_a_syntax_error() {
    for line in [
        "SECKILL.BUY s b o PRICE 2",
        "SECKILL.BUY s b o QTY",
        "SECKILL.BUY s b o QTY 1 QTY 1",
        "SECKILL.BUY s b o LOCK",
        "SECKILL.BUY s b o LOCK k",
        "SECKILL.BUY s b o LOCK k t LOCK k t",
        "SECKILL.BUY s b o RELEASE",
        "SECKILL.BUY s b o LOCK k t RELEASE RELEASE",
        "SECKILL.BUY s b o LOCK0x k t",
        "SECKILL.BUY s b o LOC k t",
        "SECKILL.BUY s b o LOCKS k t",
        "SECKILL.BUY s b o STOCK 3",
        "SECKILL.BUY s b o _",
        "SECKILL.CREATE s STOCK 1 STOCK 1",
        "SECKILL.CREATE s STOCK 1 LIMIT 1 LIMIT 2",
        "SECKILL.CREATE s LIMIT 1",
        "SECKILL.CREATE s STOCK",
        "SECKILL.CREATE s 5",
        "SECKILL.CREATE s STOCK 1 QTY 1",
        "SECKILL.ALTER s",
        "SECKILL.ALTER s STOCK 1",
        "SECKILL.ALTER s HOLD",
        "SECKILL.RESTOCK s 1 ID",
        "SECKILL.RESTOCK s 1 ID a ID a",
        "SECKILL.RESTOCK s 1 a",
        "SECKILL.CANCEL s o REFUND REFUND",
        "SECKILL.CANCEL s o 1",
        "SECKILL.LOCK k t 1 BLOCK",
        "SECKILL.LOCK k t 1 BLOCK 1 BLOCK 1",
        "SECKILL.LOCK k t 1 NX",
        "SECKILL.EVENTS s 0 COUNT",
        "SECKILL.EVENTS s 0 AFTER 1",
        "SECKILL.SELL s b o",
        "BUY s b o",
        "SECKILL.BUY_________________ s b o",
    ] {
        assert_eq!(error_of(line), "ERR syntax error", "{line}");
    }
}

#[test]
fn too_few_or_too_many_fixed_arguments_are_redis_own_error() {
    for line in [
        "SECKILL.INFO",
        "SECKILL.INFO s x",
        "SECKILL.AUDIT s x",
        "SECKILL.ORDER s",
        "SECKILL.ORDER s o x",
        "SECKILL.BUYER s b x",
        "SECKILL.EVENTS s",
        "SECKILL.BUY s b",
        "SECKILL.CONFIRM s",
        "SECKILL.CONFIRM s o x",
        "SECKILL.EXTEND s o",
        "SECKILL.EXTEND s o 1 x",
        "SECKILL.CANCEL s",
        "SECKILL.RESTOCK s",
        "SECKILL.CREATE",
        "SECKILL.LOCK k t",
        "SECKILL.UNLOCK k t x",
        "SECKILL.RENEW k t",
        "SECKILL.APPLY s",
        "SECKILL.APPLY s b x",
        "SECKILL.GRANT k t 1",
        "SECKILL.GRANT k t 1 2 x",
        "SECKILL.FENCE",
        "SECKILL.FENCE 1 x",
    ] {
        assert_eq!(error_of(line), "ERR wrong number of arguments", "{line}");
    }
    assert_eq!(Command::parse(&[]), Err(Error::Arity));
}

const MAX: &str = "9007199254740991";

/// Lines up to an integer, its name in the error, and its range.
#[test]
fn integers_are_decimal_digits_within_their_range() {
    let places = [
        ("SECKILL.CREATE s STOCK", "STOCK", "0", MAX),
        ("SECKILL.CREATE s STOCK 1 LIMIT", "LIMIT", "0", "4294967295"),
        ("SECKILL.CREATE s STOCK 1 HOLD", "HOLD", "0", MAX),
        ("SECKILL.CREATE s STOCK 1 OPENS", "OPENS", "0", MAX),
        ("SECKILL.CREATE s STOCK 1 CLOSES", "CLOSES", "0", MAX),
        ("SECKILL.ALTER s LIMIT", "LIMIT", "0", "4294967295"),
        ("SECKILL.ALTER s CLOSES", "CLOSES", "0", MAX),
        ("SECKILL.BUY s b o QTY", "QTY", "1", "4294967295"),
        ("SECKILL.EXTEND s o", "hold", "1", MAX),
        ("SECKILL.EVENTS s", "after", "0", MAX),
        ("SECKILL.EVENTS s 0 TERM", "TERM", "0", MAX),
        ("SECKILL.EVENTS s 0 COUNT", "COUNT", "1", "10000"),
        ("SECKILL.EVENTS s 0 BLOCK", "BLOCK", "0", MAX),
        ("SECKILL.LOCK k t", "ttl", "1", MAX),
        ("SECKILL.LOCK k t 1 BLOCK", "BLOCK", "0", MAX),
        ("SECKILL.RENEW k t", "ttl", "1", MAX),
        ("SECKILL.GRANT k t 1", "fence", "1", MAX),
        ("SECKILL.FENCE", "fence", "1", MAX),
    ];
    let wrong = [
        "_",
        "+1",
        "-1",
        "-0",
        "1e3",
        "1.0",
        "0x1",
        "1a",
        "a",
        "--1",
        "1-",
        "\t1",
        "１",
        "1_0",
        "9007199254740992",
        "18446744073709551616",
        "99999999999999999999999999",
    ];
    for (begin, name, min, max) in places {
        let error = format!("ERR {name} must be an integer between {min} and {max}");
        let below = if min == "1" { "0" } else { "-1" };
        let above = (max.parse::<u64>().unwrap() + 1).to_string();
        for number in wrong.into_iter().chain([below, &above]) {
            assert_eq!(error_of(&format!("{begin} {number}")), error, "{begin} {number}");
        }
        for number in [min, max, "1", "00012", "000000000000000000000000000000000000012"] {
            parse(&format!("{begin} {number}"), |result| assert!(result.is_ok(), "{begin} {number}"));
        }
    }
    let spaced: [&[u8]; 4] = [b"SECKILL.CREATE", b"s", b"STOCK", b" 1"];
    assert!(matches!(Command::parse(&spaced), Err(Error::Integer { name: "STOCK", .. })));
}

#[test]
fn only_a_delta_may_be_negative() {
    for (number, delta) in [("5", 5), ("-5", -5), ("-007", -7)] {
        assert_request(&format!("SECKILL.RESTOCK s {number}"), Request::Restock { delta, id: None });
    }
    let most = 9_007_199_254_740_991;
    assert_request(&format!("SECKILL.RESTOCK s {MAX}"), Request::Restock { delta: most, id: None });
    assert_request(&format!("SECKILL.RESTOCK s -{MAX}"), Request::Restock { delta: -most, id: None });
    let error = format!("ERR delta must be an integer between -{MAX} and {MAX}");
    for number in ["_", "-", "+1", "--1", "1-", "-1e3", "9007199254740992", "-9007199254740992"] {
        assert_eq!(error_of(&format!("SECKILL.RESTOCK s {number}")), error, "{number}");
    }
    for zero in ["0", "-0", "000"] {
        assert_eq!(error_of(&format!("SECKILL.RESTOCK s {zero}")), "ERR delta must not be 0");
    }
}

#[test]
fn names_have_1_to_128_bytes() {
    let (most, more) = ("x".repeat(128), "x".repeat(129));
    let places = [
        ("SECKILL.LOCK k", "1", "token"),
        ("SECKILL.UNLOCK k", "", "token"),
        ("SECKILL.BUY s", "o", "buyer"),
        ("SECKILL.BUY s b", "", "order"),
        ("SECKILL.BUY s b o LOCK k", "", "token"),
        ("SECKILL.CONFIRM s", "", "order"),
        ("SECKILL.EXTEND s", "1", "order"),
        ("SECKILL.CANCEL s", "", "order"),
        ("SECKILL.ORDER s", "", "order"),
        ("SECKILL.BUYER s", "", "buyer"),
        ("SECKILL.RESTOCK s 1 ID", "", "id"),
        ("SECKILL.GRANT k", "1 1", "token"),
    ];
    for (before, after, name) in places {
        let line = |text: &str| format!("{before} {text} {after}").trim_end().to_owned();
        for text in ["_", &more] {
            assert_eq!(error_of(&line(text)), format!("ERR {name} must be 1 to 128 bytes"), "{before}");
        }
        parse(&line(&most), |result| assert!(result.is_ok(), "{before}"));
    }
}

#[test]
fn the_first_error_is_replied() {
    assert_eq!(error_of("SECKILL.BUY s _ _ QTY x"), "ERR buyer must be 1 to 128 bytes");
    assert_eq!(error_of("SECKILL.BUY s b o QTY 0 NONSENSE"), error_of("SECKILL.BUY s b o QTY 0"));
    assert_eq!(error_of("SECKILL.CREATE s STOCK 1 OPENS 5 CLOSES 5"), "ERR CLOSES must be after OPENS");
    // Whether ALTER leaves a valid window depends on the sale.
    let window = Alteration { opens: Some(UnixMs(5)), closes: Some(UnixMs(5)), ..Alteration::default() };
    assert_request("SECKILL.ALTER s OPENS 5 CLOSES 5", Request::Alter(window));
}
