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
    let (opens, closes) = (UnixMs(1_700_000_000_003), UnixMs(1_700_000_000_004));
    let rules = Rules { limit: 1, attempts: Some(5), hold: Millis(2), opens, closes };
    for line in [
        "SECKILL.CREATE s STOCK 9 LIMIT 1 ATTEMPTS 5 HOLD 2 OPENS 1700000000003 CLOSES 1700000000004",
        "seckill.create s closes 1700000000004 opens 1700000000003 hold 2 limit 1 attempts 5 stock 9",
        "Seckill.Create s OPENS 1700000000003 Stock 9 cLoSeS 1700000000004 LIMIT 1 aTTempts 5 hold 2",
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
fn a_word_that_is_wrong_or_missing_is_named() {
    let of_buy = "it takes QTY, LOCK and RELEASE";
    let no_keyword = |command: &str, word: &str, hint: &str| {
        format!("ERR SECKILL.{command} has no keyword '{word}': {hint}")
    };
    let is_none = |place: u8| format!("ERR argument {place} of SECKILL.BUY is no keyword: {of_buy}");
    for (line, error) in [
        // Where a token may stand in a wrong place, only its place is shown.
        ("BUY s b o PRICE 2", is_none(4)),
        ("BUY s b o _", is_none(4)),
        ("BUY s b o QTY 1 s3cret", is_none(6)),
        ("BUY s b o QTY 1 2", is_none(6)),
        ("BUY s b o LOCK k t 12345678901", is_none(7)),
        ("LOCK k t 1 NX", "ERR argument 4 of SECKILL.LOCK is no keyword: it takes BLOCK".into()),
        // Nearly a keyword.
        ("BUY s b o LOK k t", no_keyword("BUY", "LOK", "did you mean LOCK?")),
        ("BUY s b o LOCKS k t", no_keyword("BUY", "LOCKS", "did you mean LOCK?")),
        ("BUY s b o BLOCK k t", no_keyword("BUY", "BLOCK", "did you mean LOCK?")),
        ("BUY s b o LOCK k t relase", no_keyword("BUY", "relase", "did you mean RELEASE?")),
        ("CREATE s STOK 1", no_keyword("CREATE", "STOK", "did you mean STOCK?")),
        ("CANCEL s o refunded", no_keyword("CANCEL", "refunded", "did you mean REFUND?")),
        // A keyword of other commands.
        ("BUY s b o STOCK 3", no_keyword("BUY", "STOCK", "it is one of SECKILL.CREATE")),
        ("BUY s b o LIMIT 3", no_keyword("BUY", "LIMIT", "it is one of SECKILL.CREATE and SECKILL.ALTER")),
        ("ALTER s STOCK 5", no_keyword("ALTER", "STOCK", "SECKILL.RESTOCK changes the stock")),
        // The name of a fixed argument.
        (
            "BUY s BUYER b ORDER o",
            no_keyword("BUY", "ORDER", "sale, buyer and order come first, without keywords"),
        ),
        ("LOCK k t 1 ttl 5", no_keyword("LOCK", "ttl", "key, token and ttl come first, without keywords")),
        // A value whose keyword was left out.
        ("BUY s b o 2", no_keyword("BUY", "2", "did you mean QTY 2?")),
        ("CREATE s 5", no_keyword("CREATE", "5", "did you mean STOCK 5?")),
        ("RESTOCK s 5 r1", no_keyword("RESTOCK", "r1", "did you mean ID r1?")),
        ("EVENTS s 0 50", no_keyword("EVENTS", "50", "did you mean COUNT 50?")),
        ("LOCK k t 1 500", no_keyword("LOCK", "500", "did you mean BLOCK 500?")),
        // Anything else.
        (
            "CREATE s STOCK 5 7",
            no_keyword("CREATE", "7", "it takes STOCK, LIMIT, ATTEMPTS, HOLD, OPENS and CLOSES"),
        ),
        ("ALTER s 5", no_keyword("ALTER", "5", "it takes LIMIT, ATTEMPTS, HOLD, OPENS and CLOSES")),
        ("CANCEL s o 1", no_keyword("CANCEL", "1", "it takes REFUND")),
        ("AUDIT s x", no_keyword("AUDIT", "x", "it takes FORCE")),
        ("AUDIT s _", no_keyword("AUDIT", "", "it takes FORCE")),
        ("EVENTS s 0 LIMIT0x", no_keyword("EVENTS", "LIMIT\\x00x", "it takes TERM, COUNT and BLOCK")),
        (
            "EVENTS s 0 aaaaaaaaaabbbbbbbbbbc",
            no_keyword("EVENTS", "aaaaaaaaaabbbbbbbbbb...", "it takes TERM, COUNT and BLOCK"),
        ),
        // Twice.
        ("BUY s b o QTY 1 QTY 1", "ERR QTY is given twice".into()),
        ("BUY s b o LOCK k t LOCK k t", "ERR LOCK is given twice".into()),
        ("BUY s b o LOCK k t RELEASE release", "ERR RELEASE is given twice".into()),
        ("CREATE s STOCK 1 STOCK 1", "ERR STOCK is given twice".into()),
        ("CREATE s STOCK 1 LIMIT 1 LIMIT 2", "ERR LIMIT is given twice".into()),
        ("RESTOCK s 1 ID a ID a", "ERR ID is given twice".into()),
        ("CANCEL s o REFUND REFUND", "ERR REFUND is given twice".into()),
        ("AUDIT s FORCE FORCE", "ERR FORCE is given twice".into()),
        ("LOCK k t 1 BLOCK 1 BLOCK 1", "ERR BLOCK is given twice".into()),
        // Without its value.
        ("BUY s b o QTY", "ERR QTY needs a value".into()),
        ("BUY s b o QTY LOCK k t", "ERR QTY needs a value".into()),
        ("BUY s b o LOCK", "ERR LOCK needs a key and a token".into()),
        ("BUY s b o LOCK k", "ERR LOCK needs a key and a token".into()),
        ("BUY s b o LOCK k QTY 2", "ERR LOCK needs a key and a token".into()),
        ("CREATE s STOCK", "ERR STOCK needs a value".into()),
        ("CREATE s STOCK LIMIT 2", "ERR STOCK needs a value".into()),
        ("ALTER s HOLD", "ERR HOLD needs a value".into()),
        ("RESTOCK s 1 ID", "ERR ID needs a value".into()),
        ("LOCK k t 1 BLOCK", "ERR BLOCK needs a value".into()),
        ("EVENTS s 0 COUNT", "ERR COUNT needs a value".into()),
        // Missing.
        ("CREATE s", "ERR SECKILL.CREATE needs STOCK with a value".into()),
        ("CREATE s LIMIT 1", "ERR SECKILL.CREATE needs STOCK with a value".into()),
        ("BUY s b o RELEASE", "ERR RELEASE needs LOCK with a key and a token".into()),
        ("ALTER s", "ERR SECKILL.ALTER needs a rule: LIMIT, ATTEMPTS, HOLD, OPENS or CLOSES".into()),
        // Not the module's.
        ("SELL s b o", "ERR unknown command".into()),
        ("BUY_________________ s b o", "ERR unknown command".into()),
    ] {
        assert_eq!(error_of(&format!("SECKILL.{line}")), error, "{line}");
    }
}

#[test]
fn an_integer_is_told_its_unit() {
    let of = |name: &str, min: u8, unit: &str| {
        format!("ERR {name} must be an integer between {min} and 9007199254740991, in {unit}")
    };
    for wrong in ["10s", "1.5", "2026-11-27", "2026-11-27T10:00:00Z", "1h30m", "soon", "-1"] {
        for (begin, name, min) in [
            ("SECKILL.LOCK k t", "ttl", 1),
            ("SECKILL.LOCK k t 1 BLOCK", "BLOCK", 0),
            ("SECKILL.RENEW k t", "ttl", 1),
            ("SECKILL.EXTEND s o", "hold", 1),
            ("SECKILL.CREATE s STOCK 1 HOLD", "HOLD", 0),
            ("SECKILL.ALTER s HOLD", "HOLD", 0),
            ("SECKILL.EVENTS s 0 BLOCK", "BLOCK", 0),
        ] {
            assert_eq!(error_of(&format!("{begin} {wrong}")), of(name, min, "milliseconds"));
        }
        for (begin, name, min) in [
            ("SECKILL.CREATE s STOCK 1 OPENS", "OPENS", 0),
            ("SECKILL.ALTER s CLOSES", "CLOSES", 0),
            ("SECKILL.GRANT k t", "pxat", 1),
        ] {
            let line = format!("{begin} {wrong} 1");
            assert_eq!(error_of(&line), of(name, min, "milliseconds of unix time"), "{line}");
        }
    }
}

#[test]
fn too_few_or_too_many_fixed_arguments_are_redis_own_error() {
    for line in [
        "SECKILL.INFO",
        "SECKILL.INFO s x",
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
        "SECKILL.WAITERS",
        "SECKILL.WAITERS k x",
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
const MS: &str = "9007199254740991, in milliseconds";
const UNIX_MS: &str = "9007199254740991, in milliseconds of unix time";

/// Lines up to an integer, its name in the error, its range and its unit.
#[test]
fn integers_are_decimal_digits_within_their_range() {
    let places = [
        ("SECKILL.CREATE s STOCK", "STOCK", "0", MAX),
        ("SECKILL.CREATE s STOCK 1 LIMIT", "LIMIT", "0", "4294967295"),
        ("SECKILL.CREATE s STOCK 1 HOLD", "HOLD", "0", MS),
        ("SECKILL.CREATE s STOCK 1 OPENS", "OPENS", "0", UNIX_MS),
        ("SECKILL.CREATE s STOCK 1 CLOSES", "CLOSES", "0", UNIX_MS),
        ("SECKILL.ALTER s LIMIT", "LIMIT", "0", "4294967295"),
        ("SECKILL.ALTER s CLOSES", "CLOSES", "0", UNIX_MS),
        ("SECKILL.BUY s b o QTY", "QTY", "1", "4294967295"),
        ("SECKILL.EXTEND s o", "hold", "1", MS),
        ("SECKILL.EVENTS s", "after", "0", MAX),
        ("SECKILL.EVENTS s 0 TERM", "TERM", "0", MAX),
        ("SECKILL.EVENTS s 0 COUNT", "COUNT", "1", "1000"),
        ("SECKILL.EVENTS s 0 BLOCK", "BLOCK", "0", MS),
        ("SECKILL.LOCK k t", "ttl", "1", MS),
        ("SECKILL.LOCK k t 1 BLOCK", "BLOCK", "0", MS),
        ("SECKILL.RENEW k t", "ttl", "1", MS),
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
        let max = max.split(',').next().unwrap();
        let above = (max.parse::<u64>().unwrap() + 1).to_string();
        for number in wrong.into_iter().chain([below, &above]) {
            assert_eq!(error_of(&format!("{begin} {number}")), error, "{begin} {number}");
        }
        let zeros = ["00012", "000000000000000000000000000000000000012"].map(|number| match name {
            "OPENS" | "CLOSES" => number.replace("12", "1200000000000"),
            _ => number.to_owned(),
        });
        for number in [min, max, &zeros[0], &zeros[1]] {
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
}

#[test]
fn a_delta_of_0_needs_an_id() {
    for zero in ["0", "-0", "000"] {
        assert_eq!(error_of(&format!("SECKILL.RESTOCK s {zero}")), "ERR a delta of 0 needs ID with a value");
        let request = Request::Restock { delta: 0, id: Some(name("r")) };
        assert_request(&format!("SECKILL.RESTOCK s {zero} ID r"), request);
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
    assert_eq!(
        error_of("SECKILL.CREATE s STOCK 1 OPENS 1700000000005 CLOSES 1700000000005"),
        "ERR CLOSES must be after OPENS"
    );
    // Whether ALTER leaves a valid window depends on the sale.
    let at = UnixMs(1_700_000_000_005);
    let window = Alteration { opens: Some(at), closes: Some(at), ..Alteration::default() };
    assert_request("SECKILL.ALTER s OPENS 1700000000005 CLOSES 1700000000005", Request::Alter(window));
}

/// What is no printable letter takes up to four of them, so fewer bytes are shown.
#[test]
fn a_word_in_an_error_is_cut_at_forty_letters() {
    let text = |word: &[u8]| Command::parse(&[b"SECKILL.RESTOCK", b"s", b"1", word]).unwrap_err().to_string();
    let zeros = "\\x00".repeat(10) + "...";
    let hint = "did you mean ID";
    assert_eq!(text(&[0; 20]), format!("ERR SECKILL.RESTOCK has no keyword '{zeros}': {hint} {zeros}?"));
    let letters = "r".repeat(20);
    let shown = text(letters.as_bytes());
    assert_eq!(shown, format!("ERR SECKILL.RESTOCK has no keyword '{letters}': {hint} {letters}?"));
}
