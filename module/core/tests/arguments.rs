//! Arguments to commands and back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use seckill_core::arguments::MAX_ARGS;
use seckill_core::command::{Alteration, Buy, Command, Guard, Query, Request, Rules};
use seckill_core::error::Error;
use seckill_core::wire::{EVENTS_MAX, Keyword, MAX_INT, MAX_QTY, Name};

/// What a command borrows from.
#[derive(Debug, Clone)]
struct Texts {
    key: Vec<u8>,
    lock: Vec<u8>,
    batch: Vec<u8>,
    names: [Vec<u8>; 3],
}

fn texts() -> impl Strategy<Value = Texts> {
    // Keywords are good names, too.
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

fn rules() -> impl Strategy<Value = Rules> {
    (integer(0, MAX_QTY), integer(0, MAX_INT), integer(0, MAX_INT), integer(0, MAX_INT))
        .prop_map(|(limit, hold, opens, closes)| Rules { limit, hold, opens, closes })
        .prop_filter("a window", |rules| rules.checked().is_ok())
}

fn alteration() -> impl Strategy<Value = Alteration> {
    let maybe = |max| option::of(integer(0, max));
    (maybe(MAX_QTY), maybe(MAX_INT), maybe(MAX_INT), maybe(MAX_INT))
        .prop_map(|(limit, hold, opens, closes)| Alteration { limit, hold, opens, closes })
        .prop_filter("at least one", |alteration| *alteration != Alteration::default())
}

fn request(texts: &'static Texts) -> BoxedStrategy<Request<'static>> {
    let [buyer, order, id] = texts.names.each_ref().map(Vec::as_slice);
    let guard = any::<bool>().prop_map(move |release| Guard { key: &texts.lock, token: id, release });
    let delta = (integer(1, MAX_INT), any::<bool>())
        .prop_map(|(units, away)| if away { -units.cast_signed() } else { units.cast_signed() });
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
        integer(1, MAX_INT).prop_map(move |hold| Request::Extend { order, hold }),
        any::<bool>().prop_map(move |refund| Request::Cancel { order, refund }),
    ]
    .boxed()
}

fn query(texts: &'static Texts) -> BoxedStrategy<Query<'static>> {
    let [buyer, order, _] = texts.names.each_ref().map(Vec::as_slice);
    let maybe = || option::of(integer(0, MAX_INT));
    let count = prop_oneof![integer(1, EVENTS_MAX), Just(100)];
    prop_oneof![
        Just(Query::Order { order }),
        Just(Query::Buyer { buyer }),
        (integer(0, MAX_INT), maybe(), count, maybe())
            .prop_map(|(after, term, count, block)| Query::Events { after, term, count, block }),
        Just(Query::Info),
        Just(Query::Audit),
    ]
    .boxed()
}

/// Any command. What it borrows from is leaked, for a strategy cannot lend.
fn command() -> BoxedStrategy<Command<'static>> {
    texts().prop_flat_map(|texts| command_of(Box::leak(Box::new(texts)))).boxed()
}

fn command_of(texts: &'static Texts) -> BoxedStrategy<Command<'static>> {
    let (key, token) = (&texts.key[..], &texts.names[0][..]);
    let time = || integer(1, MAX_INT);
    prop_oneof![
        1 => (time(), option::of(integer(0, MAX_INT)))
            .prop_map(move |(ttl, block)| Command::Lock { key, token, ttl, block }),
        1 => Just(Command::Unlock { key, token }),
        1 => time().prop_map(move |ttl| Command::Renew { key, token, ttl }),
        8 => request(texts).prop_map(move |request| Command::Decide { sale: key, request }),
        5 => query(texts).prop_map(move |query| Command::Read { sale: key, query }),
        1 => Just(Command::Apply { sale: key, batch: &texts.batch }),
        1 => (time(), time()).prop_map(move |(until, fence)| Command::Grant { key, token, until, fence }),
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

/// Words that are nearly right: of commands, keywords and numbers.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    let name = prop::sample::select(Name::ALL).prop_map(move |name| text(name.as_str()));
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

/// Whatever the arguments are, there is a command, or an error that begins with its code.
fn judge(args: &[Vec<u8>]) {
    match parse(args) {
        Ok(command) => {
            let again = encode(&command);
            assert!(again.len() <= MAX_ARGS);
            assert_eq!(parse(&again), Ok(command), "what is understood can be said again");
        }
        Err(error) => assert!(error.to_string().starts_with(&format!("{} ", error.code()))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_command_comes_back(command in command()) {
        let args = encode(&command);
        prop_assert!(args.len() <= MAX_ARGS);
        prop_assert_eq!(&args[0][..], command.name().as_str().as_bytes());
        prop_assert_eq!(&args[1][..], command.key());
        prop_assert_eq!(parse(&args), Ok(command));
    }

    #[test]
    fn a_command_that_is_mutilated_is_a_command_or_an_error(
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
        judge(&args);
    }

    #[test]
    fn arbitrary_arguments_are_a_command_or_an_error(
        name in prop::sample::select(Name::ALL),
        args in vec(word(), 0..14),
    ) {
        judge(&args);
        judge(&[vec![name.as_str().as_bytes().to_vec()], args].concat());
    }
}
