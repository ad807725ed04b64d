//! Golden bytes: what is on disks and replicas, byte for byte, for every version of every format.
//!
//! `seckill_core::format` describes the formats and has the policy. Nothing here is derived from it: bytes
//! and numbers are literals, written down once, and a literal never changes. A new version or a new kind adds
//! literals.

mod support;

use seckill_core::format::{self, kind};
use seckill_core::protocol::{Command, Fence, Seq, UnixMs};
use seckill_core::{ApplyError, LoadError, MalformedBatch, Origin, Sale};
use support::snapshot::{load_parts, parts, reload};
use support::{Pair, blank, render, token};

/// The time of the first event.
const START: u64 = 1_700_000_000_000;
/// A name of 128 bytes, the longest. The tables below call it LONG, and have its bytes as `78*128`.
const LONG: &str = concat!(
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
);

/// A batch begins with version 1, seq 1, term 100 and the time of its first event.
const BATCH_HEAD: &str = "01  01  64  80 d0 95 ff bc 31";

/// Its events, one of every kind, with integers of one to eight bytes on both sides of each boundary.
///
/// Ms since START, command, event. Then the bytes: kind and ms since the event before, and the fields.
#[rustfmt::skip]
const BATCH: &[(u64, &str, &str, &str)] = &[
    // CREATED: stock, limit, hold, opens, closes
    (0, "CREATE STOCK 4503599627370496 LIMIT 4294967295 HOLD 16383 OPENS 1700000000000 CLOSES 9007199254740991",
        "CREATED 4503599627370496 limit 4294967295 hold 16383 window 1700000000000-9007199254740991",
        "00 00  80 80 80 80 80 80 80 08  ff ff ff ff 0f  ff 7f  80 d0 95 ff bc 31  ff ff ff ff ff ff ff 0f"),
    // RESTOCKED: delta, has an id, id
    (0, "RESTOCK 64 ID r", "RESTOCKED 64 r",
        "02 00  80 01  01  01 72"),
    (0, "RESTOCK -64", "RESTOCKED -64",
        "02 00  7f  00"),
    // OPENED_HELD: order id, buyer, quantity, ms to the deadline
    (127, "BUY ann 0191e0a4-7b6c-7def-8123-456789abcdef",
        "HELD 0191e0a4-7b6c-7def-8123-456789abcdef ann 1 until 1700000016510",
        "03 7f  00 01 91 e0 a4 7b 6c 7d ef 81 23 45 67 89 ab cd ef  03 61 6e 6e  01  ff 7f"),
    (255, "BUY 0191e0a4-7b6c-7def-8123-456789abcdef 0191E0A4-7B6C-7DEF-8123-456789ABCDEF QTY 127",
        "HELD 0191E0A4-7B6C-7DEF-8123-456789ABCDEF 0191e0a4-7b6c-7def-8123-456789abcdef 127 until 1700000016638",
        "03 80 01  24 30 31 39 31 45 30 41 34 2d 37 42 36 43 2d 37 44 45 46 2d 38 31 32 33 2d 34 35 36 37 38 39 \
         41 42 43 44 45 46  00 01 91 e0 a4 7b 6c 7d ef 81 23 45 67 89 ab cd ef  7f  ff 7f"),
    (255, "BUY LONG o QTY 128", "HELD o LONG 128 until 1700000016638",
        "03 00  01 6f  80 78*128  80 01  ff 7f"),
    // SOLD: order number
    (256, "CONFIRM o", "SOLD o LONG 128",
        "06 01  02"),
    // HELD: order number, ms to the deadline
    (256, "EXTEND 0191e0a4-7b6c-7def-8123-456789abcdef 16384",
        "HELD 0191e0a4-7b6c-7def-8123-456789abcdef ann 1 until 1700000016640",
        "05 00  00  80 80 01"),
    // EXPIRED: order number
    (16_639, "CANCEL 0191E0A4-7B6C-7DEF-8123-456789ABCDEF",
        "EXPIRED 0191E0A4-7B6C-7DEF-8123-456789ABCDEF 0191e0a4-7b6c-7def-8123-456789abcdef 127",
        "08 ff 7f  01"),
    // ALTERED: limit, hold, opens, closes
    (16_640, "ALTER HOLD 0", "ALTERED limit 4294967295 hold 0 window 1700000000000-9007199254740991",
        "01 01  ff ff ff ff 0f  00  80 d0 95 ff bc 31  ff ff ff ff ff ff ff 0f"),
    (16_640, "expire 1", "EXPIRED 0191e0a4-7b6c-7def-8123-456789abcdef ann 1",
        "08 00  00"),
    // OPENED_SOLD: order id, buyer, quantity
    (16_640, "BUY ann s QTY 4294967167", "SOLD s ann 4294967167",
        "04 00  01 73  03 61 6e 6e  ff fe ff ff 0f"),
    // CANCELLED: order number
    (33_024, "CANCEL o REFUND", "CANCELLED o LONG 128",
        "07 80 80 01  02"),
];

/// One more event: a batch of its own, for it has another term, the last one that there is.
const NEXT_TERM: u64 = 9_007_199_254_740_991;
const NEXT_EVENT: (u64, &str, &str) = (40_000, "RESTOCK 1", "RESTOCKED 1");
/// Version, seq, term and time; then the event as above.
const NEXT_BATCH: &str = "01  0e  ff ff ff ff ff ff ff 0f  c0 88 98 ff bc 31  02 00  02  00";

const INFO: &str = "OPEN available 4503595332403330 held 0 sold 4294967167 orders 4 buyers 3 \
    limit 4294967295 hold 0 window 1700000000000-9007199254740991 \
    seq 14 term 9007199254740991 created 1700000000000 diverged 0";

/// The head of the snapshot: version, flags, seq of the last event.
const SNAPSHOT_HEAD: &str = "01  00  0e";
const DIVERGED_HEAD: &str = "01  01  0e";
/// The snapshot of a copy that diverged before it had any event. It has no parts.
const DIVERGED_BLANK_HEAD: &str = "01  01  00";

/// Names of all forms, and what each is packed to: a tag and bytes.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("a", "01 61"),
    ("é", "02 c3 a9"),
    ("LONG", "80 78*128"),
    // A canonical UUID in lower case is packed.
    ("0191e0a4-7b6c-7def-8123-456789abcdef", "00 01 91 e0 a4 7b 6c 7d ef 81 23 45 67 89 ab cd ef"),
    ("00000000-0000-0000-0000-000000000000", "00 00*16"),
    // All other texts of a UUID are kept as they are.
    ("0191E0A4-7B6C-7DEF-8123-456789ABCDEF",
        "24 30 31 39 31 45 30 41 34 2d 37 42 36 43 2d 37 44 45 46 2d 38 31 32 33 2d 34 35 36 37 38 39 \
         41 42 43 44 45 46"),
    ("0191E0a4-7b6c-7def-8123-456789abcdef",
        "24 30 31 39 31 45 30 61 34 2d 37 62 36 63 2d 37 64 65 66 2d 38 31 32 33 2d 34 35 36 37 38 39 \
         61 62 63 64 65 66"),
    ("0191e0a47b6c7def8123456789abcdef",
        "20 30 31 39 31 65 30 61 34 37 62 36 63 37 64 65 66 38 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66"),
    ("{0191e0a4-7b6c-7def-8123-456789abcdef}",
        "26 7b 30 31 39 31 65 30 61 34 2d 37 62 36 63 2d 37 64 65 66 2d 38 31 32 33 2d 34 35 36 37 38 39 \
         61 62 63 64 65 66 7d"),
    ("0191e0a47-b6c-7def-8123-456789abcdef",
        "24 30 31 39 31 65 30 61 34 37 2d 62 36 63 2d 37 64 65 66 2d 38 31 32 33 2d 34 35 36 37 38 39 \
         61 62 63 64 65 66"),
];

/// Bytes in hex; `78*3` stands for `78 78 78`.
fn bytes(hex: &str) -> Vec<u8> {
    let word = |word: &str| {
        let (byte, times) = word.split_once('*').unwrap_or((word, "1"));
        vec![u8::from_str_radix(byte, 16).unwrap(); times.parse().unwrap()]
    };
    hex.split_whitespace().flat_map(word).collect()
}

fn text(line: &str) -> String {
    line.replace("LONG", LONG)
}

fn batch() -> Vec<u8> {
    let events = BATCH.iter().flat_map(|(.., event)| bytes(event));
    bytes(BATCH_HEAD).into_iter().chain(events).collect()
}

/// The sale with all events of both terms.
fn sale() -> Sale {
    let mut pair = Pair::new();
    let mut expected = bytes(BATCH_HEAD);
    for (at, command, event, hex) in BATCH {
        assert_eq!(pair.run(START + at, &text(command)).events, text(event));
        expected.extend(bytes(hex));
        let mut written = Vec::new();
        pair.primary.encode_batch(Seq(0), usize::MAX, &mut written);
        assert_eq!(written, expected, "{command}");
    }
    let (at, command, event) = NEXT_EVENT;
    pair.run(START + at, &format!("promote {NEXT_TERM}"));
    assert_eq!(pair.run(START + at, command).events, event);
    pair.primary
}

/// What must be read from the golden bytes.
fn check_views(sale: &Sale) {
    let first = BATCH.iter().zip(1_u64..).map(|((at, _, event, _), seq)| {
        let at = START + at;
        format!("{seq}/100@{at} {}", text(event))
    });
    let (at, _, event) = NEXT_EVENT;
    let last = format!("14/{NEXT_TERM}@{} {event}", START + at);
    let events: Vec<String> = first.chain([last]).collect();
    assert_eq!(render::events(sale, Seq(0), usize::MAX), events.join("; "));
    assert_eq!(render::info(sale, UnixMs(START + at)), INFO);
    assert_eq!(sale.audit(), Ok(()));
}

#[test]
fn the_numbers_of_all_formats() {
    assert_eq!(format::TYPE_NAME, c"flashsale");
    assert_eq!(format::TYPE_ENCODING, 1);
    assert_eq!(format::SNAPSHOT_VERSION, 1);
    assert_eq!(format::DIVERGED_FLAG, 1);
    assert_eq!(format::BATCH_VERSION, 1);
    assert_eq!(format::UUID_TAG, 0);
    let kinds = [
        (kind::CREATED, 0),
        (kind::ALTERED, 1),
        (kind::RESTOCKED, 2),
        (kind::OPENED_HELD, 3),
        (kind::OPENED_SOLD, 4),
        (kind::HELD, 5),
        (kind::SOLD, 6),
        (kind::CANCELLED, 7),
        (kind::EXPIRED, 8),
        (kind::CREATED_ATTEMPTS, 9),
        (kind::ALTERED_ATTEMPTS, 10),
        (kind::OPENED_HELD_PAST, 11),
        (kind::HELD_PAST, 12),
    ];
    assert!(kinds.iter().all(|(kind, number)| kind == number), "{kinds:?}");
}

#[test]
fn a_batch_is_written_and_read() {
    // It is written by `sale`, event by event.
    let written = sale();
    let mut read = blank();
    assert_eq!(read.apply_batch(&batch(), Origin::Trusted), Ok(()));
    assert_eq!(read.apply_batch(&bytes(NEXT_BATCH), Origin::Trusted), Ok(()));
    check_views(&written);
    check_views(&read);
}

#[test]
fn a_snapshot_is_written_and_read() {
    let golden = [bytes(SNAPSHOT_HEAD), batch(), bytes(NEXT_BATCH)];
    assert_eq!(parts(&sale()), golden);
    check_views(&load_parts(&golden).unwrap());
}

#[test]
fn a_snapshot_of_a_copy_that_diverged_is_written_and_read() {
    let mut sale = sale();
    assert!(sale.apply_batch(&batch(), Origin::Trusted).is_err(), "applied before");
    let golden = [bytes(DIVERGED_HEAD), batch(), bytes(NEXT_BATCH)];
    assert_eq!(parts(&sale), golden);
    let read = load_parts(&golden).unwrap();
    assert!(read.diverged());
    assert_eq!(render::info(&read, UnixMs(START)), INFO.replace("diverged 0", "diverged 1"));
    let events = |sale: &Sale| render::events(sale, Seq(0), usize::MAX);
    assert_eq!(events(&read), events(&sale));

    let mut blank = blank();
    assert!(
        blank.apply_batch(&bytes(NEXT_BATCH), Origin::Trusted).is_err(),
        "the first 13 events are missing"
    );
    assert_eq!(parts(&blank), [bytes(DIVERGED_BLANK_HEAD)]);
    assert!(load_parts(&[bytes(DIVERGED_BLANK_HEAD)]).unwrap().diverged());
}

#[test]
fn names_are_packed_and_read() {
    let mut pair = Pair::new();
    pair.run(0, "CREATE STOCK 0");
    let mut read = reload(&pair.primary);
    for (name, packed) in NAMES {
        let before = pair.primary.seq();
        let event = pair.run(0, &text(&format!("RESTOCK 1 ID {name}"))).events;
        let mut written = Vec::new();
        pair.primary.encode_batch(before, 0, &mut written);
        // Version, seq, term, time; kind, ms, delta, has an id, id.
        let seq = u8::try_from(before.0).unwrap() + 1;
        let golden = [&[1, seq, 100, 0, 2, 0, 2, 1][..], &bytes(packed)].concat();
        assert_eq!(written, golden, "{name}");
        assert_eq!(read.apply_batch(&golden, Origin::Trusted), Ok(()), "{name}");
        let last = read.events(before).next().unwrap();
        assert_eq!(render::event(&read, &last.event), event, "{name}");
    }
}

/// A sale whose rules have attempts, and whose clock was set back. Kinds that came later.
#[rustfmt::skip]
const SECOND_BATCH: &[(u64, &str, &str, &str)] = &[
    // CREATED_ATTEMPTS: stock, limit, hold, opens, closes, attempts
    (300, "CREATE STOCK 9 ATTEMPTS 4294967295 HOLD 100",
        "CREATED 9 limit 0 attempts 4294967295 hold 100 window 0-0",
        "09 00  09  00  64  00  00  ff ff ff ff 0f"),
    // OPENED_HELD_PAST: order id, buyer, quantity, ms from the deadline to the event
    (0, "BUY ann o", "HELD o ann 1 until 1700000000100",
        "0b 00  01 6f  03 61 6e 6e  01  c8 01"),
    // HELD_PAST: order number, ms from the deadline to the event
    (1, "EXTEND o 298", "HELD o ann 1 until 1700000000299",
        "0c 00  00  01"),
    // HELD: a deadline at the event itself
    (1, "EXTEND o 299", "HELD o ann 1 until 1700000000300",
        "05 00  00  00"),
    // ALTERED_ATTEMPTS: limit, hold, opens, closes, attempts
    (2, "ALTER ATTEMPTS 0", "ALTERED limit 0 attempts 0 hold 100 window 0-0",
        "0a 00  00  64  00  00  00"),
];
const SECOND_HEAD: &str = "01  01  64  ac d2 95 ff bc 31";

/// A restock of nothing, which modules have always read, and write since it came to use up an id.
#[rustfmt::skip]
const THIRD_BATCH: &[(u64, &str, &str, &str)] = &[
    (0, "CREATE STOCK 9", "CREATED 9 limit 0 hold 0 window 0-0", "00 00  09  00  00  00  00"),
    (0, "RESTOCK 0 ID r", "RESTOCKED 0 r", "02 00  00  01  01 72"),
];

#[test]
fn attempts_and_deadlines_in_the_past_are_written_and_read() {
    must_be_written_and_read(SECOND_HEAD, SECOND_BATCH);
}

#[test]
fn a_restock_of_nothing_is_written_and_read() {
    must_be_written_and_read(BATCH_HEAD, THIRD_BATCH);
}

fn must_be_written_and_read(head: &str, events: &[(u64, &str, &str, &str)]) {
    let mut pair = Pair::new();
    let mut golden = bytes(head);
    for (at, command, event, hex) in events {
        assert_eq!(pair.run(START + at, command).events, *event);
        golden.extend(bytes(hex));
        let mut written = Vec::new();
        pair.primary.encode_batch(Seq(0), usize::MAX, &mut written);
        assert_eq!(written, golden, "{command}");
    }
    let mut read = blank();
    assert_eq!(read.apply_batch(&golden, Origin::Trusted), Ok(()));
    let views = |sale: &Sale| render::all_views(sale, UnixMs(START));
    assert_eq!(views(&read), views(&pair.primary));
    assert_eq!(read.audit(), Ok(()));
}

/// An AOF rewrite writes APPLY with no bytes after the batches of a copy that diverged.
#[test]
fn no_bytes_mark_a_copy_as_diverged() {
    for mut copy in [blank(), sale()] {
        let before = copy.seq();
        assert_eq!(copy.apply_batch(&[], Origin::Trusted), Err(ApplyError::Malformed(MalformedBatch::Head)));
        assert_eq!((copy.seq(), copy.diverged()), (before, true));
    }
}

/// What an AOF file holds besides the commands of users.
#[test]
fn the_commands_of_an_aof_are_written_and_read() {
    let commands: [(Command<'_>, &[&str]); 2] = [
        (Command::Apply { sale: b"sale", batch: b"batch" }, &["SECKILL.APPLY", "sale", "batch"]),
        (
            Command::Grant {
                key: b"key",
                token: token(b"token"),
                until: UnixMs(START),
                fence: Fence(1_700_000_000_000_000),
            },
            &["SECKILL.GRANT", "key", "token", "1700000000000", "1700000000000000"],
        ),
    ];
    for (command, golden) in commands {
        let golden: Vec<&[u8]> = golden.iter().map(|word| word.as_bytes()).collect();
        let mut written = Vec::new();
        command.encode(&mut |arg| written.push(arg.to_vec()));
        assert_eq!(written, golden);
        assert_eq!(Command::parse(&golden), Ok(command));
    }
}

#[test]
fn other_versions_of_a_batch_are_refused_and_nothing_is_applied() {
    for version in (0..=u8::MAX).filter(|version| *version != 1) {
        let mut batch = batch();
        batch[0] = version;
        let error = if version > 1 { MalformedBatch::Newer } else { MalformedBatch::Head };
        let mut sale = blank();
        assert_eq!(sale.apply_batch(&batch, Origin::Trusted), Err(ApplyError::Malformed(error)), "{version}");
        assert_eq!((sale.seq(), sale.diverged()), (Seq(0), true));
    }
}

#[test]
fn other_versions_and_flags_of_a_snapshot_are_refused() {
    let with_head = |head| load_parts(&[head, batch(), bytes(NEXT_BATCH)]).map(|_| ());
    assert_eq!(with_head(vec![1, 0, 14]), Ok(()));
    assert_eq!(with_head(vec![0, 0, 14]), Err(LoadError::Head), "never written");
    for version in 2..=u8::MAX {
        assert_eq!(with_head(vec![version, 0, 14]), Err(LoadError::Newer), "{version}");
        assert_eq!(with_head(vec![1, version, 14]), Err(LoadError::Head), "flags {version}");
    }
}

#[test]
fn unknown_kinds_and_tags_are_refused() {
    let newer = Err(ApplyError::Malformed(MalformedBatch::Newer));
    for unknown in 13..=u8::MAX {
        // Version, seq, term, time; kind, ms, and zeros for whatever the fields are.
        let batch = [&bytes("01 0f ff ff ff ff ff ff ff 0f c0 88 98 ff bc 31")[..], &[unknown, 0], &[0; 99]];
        assert_eq!(sale().apply_batch(&batch.concat(), Origin::Trusted), newer, "kind {unknown}");
    }
    let malformed = Err(ApplyError::Malformed(MalformedBatch::Event));
    for unknown in 129..=u8::MAX {
        let batch =
            [&bytes("01 0f ff ff ff ff ff ff ff 0f c0 88 98 ff bc 31  02 00  02  01")[..], &[unknown; 300]];
        assert_eq!(sale().apply_batch(&batch.concat(), Origin::Trusted), malformed, "tag {unknown}");
    }
}
