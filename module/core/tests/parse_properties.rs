//! Properties of parsing and encoding. `parse_examples` has examples.

mod support;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use seckill_core::protocol::{
    Alteration, Buy, BuyAll, Command, CommandName, EVENTS_MAX, FIRST_INSTANT, Fence, Guard, Keyword,
    MAX_ARGS, MAX_INT, MAX_QTY, MAX_SALES, Millis, Name, Quantities, Query, Request, Rules, Seq, Term, Token,
    UnixMs,
};
use support::untrusted::check_arguments;

/// The texts that a command borrows.
#[derive(Debug, Clone)]
struct Texts {
    key: Vec<u8>,
    lock: Vec<u8>,
    batch: Vec<u8>,
    names: [Vec<u8>; 3],
}

impl Texts {
    fn names(&self) -> [Name<'_>; 3] {
        self.names.each_ref().map(support::name)
    }

    fn token(&self) -> Token<'_> {
        support::token(&self.names[0])
    }
}

fn texts() -> impl Strategy<Value = Texts> {
    // A name may equal a keyword.
    let word = prop::sample::select(Keyword::ALL).prop_map(|word| word.as_str().as_bytes().to_vec());
    let name = || prop_oneof![4 => vec(any::<u8>(), 1..=128), 1 => word.clone()];
    let key = || vec(any::<u8>(), 0..200);
    (key(), key(), key(), [name(), name(), name()]).prop_map(|(key, lock, batch, names)| Texts {
        key,
        lock,
        batch,
        names,
    })
}

fn integer(min: u64, max: u64) -> impl Strategy<Value = u64> {
    prop_oneof![min..=max, Just(min), Just(max), min..=(min + 1_000).min(max)]
}

fn millis(min: u64) -> impl Strategy<Value = Millis> {
    integer(min, MAX_INT).prop_map(Millis)
}

fn instant(min: u64) -> impl Strategy<Value = UnixMs> {
    integer(min, MAX_INT).prop_map(UnixMs)
}

/// OPENS or CLOSES.
fn window_end() -> impl Strategy<Value = UnixMs> {
    prop_oneof![Just(UnixMs(0)), instant(FIRST_INSTANT)]
}

fn rules() -> impl Strategy<Value = Rules> {
    (integer(0, MAX_QTY), option::of(integer(0, MAX_QTY)), millis(0), window_end(), window_end())
        .prop_map(|(limit, attempts, hold, opens, closes)| Rules { limit, attempts, hold, opens, closes })
        .prop_filter("a window", |rules| rules.checked().is_ok())
}

fn alteration() -> impl Strategy<Value = Alteration> {
    let instant = || option::of(window_end());
    let count = || option::of(integer(0, MAX_QTY));
    (count(), count(), option::of(millis(0)), instant(), instant())
        .prop_map(|(limit, attempts, hold, opens, closes)| Alteration {
            limit,
            attempts,
            hold,
            opens,
            closes,
        })
        .prop_filter("at least one", |alteration| *alteration != Alteration::default())
}

fn request(texts: &'static Texts) -> BoxedStrategy<Request<'static>> {
    let [buyer, order, id] = texts.names();
    let token = texts.token();
    let guard = any::<bool>().prop_map(move |release| Guard { key: &texts.lock, token, release });
    let delta = (integer(0, MAX_INT), any::<bool>()).prop_map(|(units, is_negative)| {
        if is_negative { -units.cast_signed() } else { units.cast_signed() }
    });
    prop_oneof![
        (integer(0, MAX_INT), rules()).prop_map(|(stock, rules)| Request::Create { stock, rules }),
        alteration().prop_map(Request::Alter),
        (delta, option::of(Just(id)))
            .prop_filter("a delta of 0 has an id", |(delta, id)| *delta != 0 || id.is_some())
            .prop_map(|(delta, id)| Request::Restock { delta, id }),
        (1..=u32::MAX, option::of(guard)).prop_map(move |(qty, guard)| Request::Buy(Buy {
            buyer,
            order,
            qty,
            guard
        })),
        Just(Request::Buy(Buy { buyer, order, qty: 1, guard: None })),
        Just(Request::Confirm { order }),
        millis(1).prop_map(move |hold| Request::Extend { order, hold }),
        any::<bool>().prop_map(move |refund| Request::Cancel { order, refund }),
    ]
    .boxed()
}

/// Up to as many sales as there may be, whose keys differ in their last byte.
fn buy_all(texts: &'static Texts) -> impl Strategy<Value = BuyAll<'static>> {
    let [buyer, order, _] = texts.names();
    let token = texts.token();
    let guard = any::<bool>().prop_map(move |release| Guard { key: &texts.lock, token, release });
    let qty = || integer(1, MAX_QTY).prop_map(|qty| qty.to_string().into_bytes());
    let quantities = (1..=MAX_SALES)
        .prop_flat_map(move |sales| (Just(sales), prop_oneof![vec(qty(), 0..2), vec(qty(), sales..=sales)]));
    (quantities, option::of(guard)).prop_map(move |((sales, quantities), guard)| {
        let keys = (0..sales).map(|last| [&texts.key[..], &[u8::try_from(last).unwrap()]].concat());
        let (sales, quantities) = (leak(keys.collect()), leak(quantities));
        let quantities = Quantities::new(quantities, sales.len()).unwrap();
        BuyAll { sales, buyer, order, quantities, guard }
    })
}

fn leak(texts: Vec<Vec<u8>>) -> &'static [&'static [u8]] {
    texts.into_iter().map(|text| &*text.leak()).collect::<Vec<_>>().leak()
}

fn query(texts: &'static Texts) -> BoxedStrategy<Query<'static>> {
    let [buyer, order, _] = texts.names();
    let term = option::of(integer(0, MAX_INT).prop_map(Term));
    let count = prop_oneof![integer(1, EVENTS_MAX), Just(100)];
    prop_oneof![
        Just(Query::Order { order }),
        Just(Query::Buyer { buyer }),
        (integer(0, MAX_INT).prop_map(Seq), term, count, option::of(millis(0)))
            .prop_map(|(after, term, count, block)| Query::Events { after, term, count, block }),
        Just(Query::Info),
        any::<bool>().prop_map(|force| Query::Audit { force }),
    ]
    .boxed()
}

/// Any command. The texts that it borrows are leaked, because the values of a strategy cannot borrow from it.
fn command() -> BoxedStrategy<Command<'static>> {
    texts().prop_flat_map(|texts| command_of(Box::leak(Box::new(texts)))).boxed()
}

fn command_of(texts: &'static Texts) -> BoxedStrategy<Command<'static>> {
    let (key, token) = (&texts.key[..], texts.token());
    let fence = integer(1, MAX_INT).prop_map(Fence).boxed();
    prop_oneof![
        1 => (millis(1), option::of(millis(0)))
            .prop_map(move |(ttl, block)| Command::Lock { key, token, ttl, block }),
        1 => Just(Command::Unlock { key, token }),
        1 => millis(1).prop_map(move |ttl| Command::Renew { key, token, ttl }),
        1 => Just(Command::Waiters { key }),
        8 => request(texts).prop_map(move |request| Command::Decide { sale: key, request }),
        3 => buy_all(texts).prop_map(Command::BuyAll),
        5 => query(texts).prop_map(move |query| Command::Read { sale: key, query }),
        1 => Just(Command::Apply { sale: key, batch: &texts.batch }),
        1 => (instant(1), fence.clone())
            .prop_map(move |(until, fence)| Command::Grant { key, token, until, fence }),
        1 => fence.prop_map(|fence| Command::Fence { fence }),
    ]
    .boxed()
}

fn encode(command: &Command<'_>) -> Vec<Vec<u8>> {
    let mut args = Vec::new();
    command.encode(&mut |arg| args.push(arg.to_vec()));
    args
}

/// Command names, keywords, numbers, and other words.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    let name = prop::sample::select(CommandName::ALL).prop_map(move |name| text(name.as_str()));
    let keyword = prop::sample::select(Keyword::ALL).prop_map(move |word| text(word.as_str()));
    prop_oneof![
        2 => name,
        6 => keyword,
        4 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        4 => (0..9_u8).prop_map(|number| number.to_string().into_bytes()),
        3 => vec(any::<u8>(), 0..5),
        1 => vec(any::<u8>(), 120..140),
    ]
}

/// Any arguments must parse to a command that can be encoded and parsed again, or to an error that begins with
/// its code.
fn check(args: &[Vec<u8>]) {
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    check_arguments(&args);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_encoded_command_parses_to_itself(command in command()) {
        let args = encode(&command);
        prop_assert!(args.len() <= MAX_ARGS);
        prop_assert_eq!(&args[0][..], command.name().as_str().as_bytes());
        if let Some(key) = command.key() {
            prop_assert_eq!(&args[1][..], key);
        }
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(Command::parse(&args), Ok(command));
    }

    #[test]
    fn an_edited_command_is_a_command_or_an_error(
        command in command(),
        edits in vec((any::<prop::sample::Index>(), option::of(word())), 1..4),
    ) {
        let mut args = encode(&command);
        for (place, word) in edits {
            match word {
                _ if args.is_empty() => {}
                None => drop(args.remove(place.index(args.len()))),
                Some(word) => args.insert(place.index(args.len()), word),
            }
        }
        check(&args);
    }

    #[test]
    fn arbitrary_arguments_are_a_command_or_an_error(
        name in prop::sample::select(CommandName::ALL),
        args in vec(word(), 0..14),
    ) {
        check(&args);
        check(&[vec![name.as_str().as_bytes().to_vec()], args].concat());
    }
}

/// Calls that are complete but for what may follow, with tokens of the letter `T` only.
const CALLS: [&str; 11] = [
    "SECKILL.LOCK k TTTTTTTT 1",
    "SECKILL.CREATE s STOCK 1",
    "SECKILL.ALTER s LIMIT 1",
    "SECKILL.RESTOCK s 1",
    "SECKILL.BUY s b o",
    "SECKILL.BUY s b o LOCK k TTTTTTTT",
    "SECKILL.BUY s b o LOCK k TTTTTTTT RELEASE QTY 2",
    "SECKILL.CANCEL s o",
    "SECKILL.EVENTS s 0",
    "SECKILL.AUDIT s",
    "SECKILL.GRANT k TTTTTTTT 1 1",
];

fn text_of(words: &[&[u8]]) -> Option<String> {
    Command::parse(words).err().map(|error| error.to_string())
}

/// A keyword is one of a command when the command does anything else with it than to say that it has no such
/// keyword. An error lists those, so the list and the parser agree.
#[test]
fn the_keywords_that_an_error_lists_are_those_that_the_parser_takes() {
    for call in CALLS {
        let mut words: Vec<&[u8]> = call.split(' ').map(str::as_bytes).collect();
        words.push(b"");
        let Some((_, listed)) = text_of(&words).and_then(|text| {
            text.split_once(": it takes ").map(|(begin, listed)| (begin.to_owned(), listed.to_owned()))
        }) else {
            assert!(call.contains("GRANT"), "{call} lists no keywords");
            continue;
        };
        let mut listed: Vec<&str> =
            listed.split([' ', ',']).filter(|word| !["", "and"].contains(word)).collect();
        listed.sort_unstable();
        let taken = Keyword::ALL.iter().map(|keyword| keyword.as_str()).filter(|keyword| {
            *words.last_mut().unwrap() = keyword.as_bytes();
            text_of(&words).is_none_or(|text| !text.contains("keyword"))
        });
        let mut taken: Vec<&str> = taken.collect();
        taken.sort_unstable();
        assert_eq!(listed, taken, "{call}");
    }
}

/// One letter left out, doubled or replaced, or two swapped.
fn misspellings(word: &str) -> Vec<String> {
    let all = (0..word.len()).flat_map(|at| {
        let (before, rest) = word.split_at(at);
        let (letter, after) = rest.split_at(1);
        let swapped = after.get(..1).map(|next| format!("{before}{next}{letter}{}", &after[1..]));
        [format!("{before}{after}"), format!("{before}{letter}{rest}"), format!("{before}0{after}")]
            .into_iter()
            .chain(swapped)
    });
    all.filter(|other| Keyword::from_word(other).is_none()).collect()
}

#[test]
fn a_misspelt_keyword_is_told_the_right_one() {
    for (call, keywords) in [
        ("SECKILL.BUY s b o", &["QTY", "LOCK", "RELEASE"][..]),
        ("SECKILL.CREATE s", &["STOCK", "LIMIT", "HOLD", "OPENS", "CLOSES"]),
        ("SECKILL.EVENTS s 0", &["TERM", "COUNT", "BLOCK"]),
        ("SECKILL.CANCEL s o", &["REFUND"]),
        ("SECKILL.AUDIT s", &["FORCE"]),
        ("SECKILL.LOCK k TTTTTTTT 1", &["BLOCK"]),
    ] {
        for (keyword, wrong) in
            keywords.iter().flat_map(|word| misspellings(word).into_iter().map(move |wrong| (word, wrong)))
        {
            for wrong in [wrong.clone(), wrong.to_lowercase()] {
                let line = format!("{call} {wrong} 1");
                let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
                let command = call.split(' ').next().unwrap();
                let error = format!("ERR {command} has no keyword '{wrong}': did you mean {keyword}?");
                assert_eq!(text_of(&words), Some(error), "{line}");
            }
        }
    }
}

/// Seconds are refused for every instant of a window, and only there.
#[test]
fn an_instant_is_zero_or_unix_time_in_milliseconds() {
    for keyword in ["OPENS", "CLOSES"] {
        for call in ["SECKILL.CREATE s STOCK 1", "SECKILL.ALTER s"] {
            let parse = |instant: u64| {
                let line = format!("{call} {keyword} {instant}");
                text_of(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
            };
            for seconds in [1, 1_700_000_000, 4_102_444_800, FIRST_INSTANT - 1] {
                let error =
                    format!("ERR {keyword} must be unix time in milliseconds; {seconds} looks like seconds");
                assert_eq!(parse(seconds), Some(error));
            }
            for instant in [0, FIRST_INSTANT, 1_700_000_000_000, MAX_INT] {
                assert_eq!(parse(instant), None, "{instant}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// An error is short and has only printable letters, whatever it is about, and shows no token, not even one
    /// in a wrong place.
    #[test]
    fn an_error_is_short_and_shows_no_token(
        call in prop::sample::select(&CALLS[..]),
        edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), option::of(word())), 1..4),
    ) {
        let mut args: Vec<Vec<u8>> = call.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        for (from, to, added) in edits {
            // A word moves, or one is added; the name stays.
            let word = added.unwrap_or_else(|| args.remove(1 + from.index(args.len() - 1)));
            args.insert(1 + to.index(args.len()), word);
        }
        let words: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        if let Err(error) = Command::parse(&words) {
            let (text, debug) = (error.to_string(), format!("{error:?}"));
            prop_assert!(text.len() <= 200, "{}", text);
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", text);
            prop_assert!(!text.contains("TTTT") && !debug.contains("TTTT"), "{}", text);
            prop_assert_ne!(text, "ERR syntax error");
        }
    }
}
