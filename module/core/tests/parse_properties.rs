//! Properties of parsing and encoding. `parse_examples` has examples.

mod support;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use seckill_core::protocol::{
    Alteration, Buy, Command, CommandName, EVENTS_MAX, Error, Fence, Guard, Keyword, MAX_ARGS, MAX_INT,
    MAX_QTY, Millis, Name, Query, Request, Rules, Seq, Term, Token, UnixMs,
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

fn rules() -> impl Strategy<Value = Rules> {
    (integer(0, MAX_QTY), option::of(integer(0, MAX_QTY)), millis(0), instant(0), instant(0))
        .prop_map(|(limit, attempts, hold, opens, closes)| Rules { limit, attempts, hold, opens, closes })
        .prop_filter("a window", |rules| rules.checked().is_ok())
}

fn alteration() -> impl Strategy<Value = Alteration> {
    let instant = || option::of(instant(0));
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
    let delta = (integer(1, MAX_INT), any::<bool>()).prop_map(|(units, is_negative)| {
        if is_negative { -units.cast_signed() } else { units.cast_signed() }
    });
    prop_oneof![
        (integer(0, MAX_INT), rules()).prop_map(|(stock, rules)| Request::Create { stock, rules }),
        alteration().prop_map(Request::Alter),
        (delta, option::of(Just(id))).prop_map(|(delta, id)| Request::Restock { delta, id }),
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
        Just(Query::Audit),
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
        8 => request(texts).prop_map(move |request| Command::Decide { sale: key, request }),
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

fn parse(args: &[Vec<u8>]) -> Result<Command<'_>, Error> {
    // Commands borrow from the arguments, not from the list of them.
    let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    Command::parse(&args)
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
        prop_assert_eq!(parse(&args), Ok(command));
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
