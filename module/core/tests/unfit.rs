//! Events that do not follow: each marks the sale diverged, and changes nothing else.

mod support;

use seckill_core::command::Request;
use seckill_core::decide::Moment;
use seckill_core::events::VERSION;
use seckill_core::snapshot::Loading;
use seckill_core::{Sale, Seed, Unfit};
use support::{Shop, snapshot, story, told};

/// An integer as it travels.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(u8::try_from(value & 127).unwrap() | 128);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// A batch of one event.
fn batch(seq: u64, term: u64, at: u64, event: &[u8]) -> Vec<u8> {
    let (kind, fields) = event.split_first().unwrap();
    [&[VERSION][..], &varint(seq), &varint(term), &varint(at), &[*kind, 0], fields].concat()
}

// Kinds of events, each with its fields as far as they are the same in all that is told here.
const CREATED: &[u8] = &[0, 5, 0, 0, 0, 0];
const ALTERED: u8 = 1;
const RESTOCKED: u8 = 2;
const OPENED_HELD: u8 = 3;
const OPENED_SOLD: u8 = 4;
const HELD: u8 = 5;
const SOLD: u8 = 6;
const CANCELLED: u8 = 7;
const EXPIRED: u8 = 8;

/// Five units: a (order 0) is held, b (1) sold, c (2) cancelled, d (3) expired; a restocking r. At 20 comes
/// seq 11 of term 100.
fn shop() -> Shop {
    story(&[
        (0, "CREATE STOCK 5 HOLD 10", "OK", "CREATED 5 limit 0 hold 10 window 0-0"),
        (0, "BUY ann d", "HELD", "HELD d ann 1 until 10"),
        (10, "ALTER HOLD 100", "OK", "ALTERED limit 0 hold 100 window 0-0"),
        (10, "BUY ann a", "HELD", "EXPIRED d ann 1; HELD a ann 1 until 110"),
        (10, "BUY ann b", "HELD", "HELD b ann 1 until 110"),
        (10, "BUY bob c", "HELD", "HELD c bob 1 until 110"),
        (20, "CONFIRM b", "SOLD", "SOLD b ann 1"),
        (20, "CANCEL c", "CANCELLED", "CANCELLED c bob 1"),
        (20, "RESTOCK 1 ID r", "4", "RESTOCKED 1 r"),
    ])
}

const SEQ: u64 = 11;
const D: u8 = 0;
const A: u8 = 1;
const B: u8 = 2;
const C: u8 = 3;

fn next(event: &[u8]) -> Vec<u8> {
    batch(SEQ, 100, 20, event)
}

/// What one decision took into account may be different after another.
#[test]
fn a_decision_about_what_has_changed_since_is_refused() {
    let mut sale = shop().sale;
    let moment = Moment { now: 30, tenure: 1, term: 100, max_orders: 9, lock_held: false };
    let [confirm, cancel] =
        [Request::Confirm { order: b"a" }, Request::Cancel { order: b"a", refund: false }];
    let (confirmed, cancelled) = (sale.decide(&confirm, &moment), sale.decide(&cancel, &moment));
    sale.commit(&confirmed).unwrap();
    let before = snapshot(&sale);
    assert_eq!(sale.commit(&cancelled), Err(Unfit("a decision about what has changed since")));
    assert_eq!(snapshot(&sale), before);
}

#[test]
fn what_follows_is_followed() {
    let fitting = [
        next(&[ALTERED, 1, 1, 1, 2]),
        next(&[RESTOCKED, 2, 1, 1, b's']),
        next(&[RESTOCKED, 7, 0]),
        next(&[OPENED_SOLD, 1, b'e', 1, b'x', 4]),
        next(&[OPENED_HELD, 1, b'e', 3, b'a', b'n', b'n', 1, 0]),
        next(&[HELD, A, 5]),
        next(&[SOLD, A]),
        next(&[CANCELLED, A]),
        next(&[EXPIRED, A]),
        next(&[CANCELLED, B]),
        batch(SEQ, 101, 99, &[SOLD, A]),
    ];
    for batch in fitting {
        let mut sale = shop().sale;
        assert_eq!(sale.follow(&batch), Ok(()), "{batch:?}");
        assert_eq!((sale.seq(), sale.audit()), (SEQ, Ok(())), "{batch:?}");
    }
}

#[test]
fn what_does_not_follow_changes_nothing_but_the_mark() {
    let missing = "an event is missing, or came twice";
    let no_event = "bytes that are no event";
    let state = "an order's state that cannot follow the one it has";
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("bytes that are no batch", vec![]),
        ("bytes that are no batch", vec![VERSION - 1, 11, 100, 20, SOLD, 0, A]),
        ("bytes that are no batch", vec![VERSION, 11, 100]),
        ("a newer version of the module wrote it", vec![VERSION + 1, 11, 100, 20, SOLD, 0, A]),
        ("a batch without events", vec![VERSION, 11, 100, 20]),
        (missing, batch(SEQ - 1, 100, 20, &[SOLD, A])),
        (missing, batch(SEQ + 1, 100, 20, &[SOLD, A])),
        (missing, batch(0, 100, 20, &[SOLD, A])),
        ("time runs backwards", batch(SEQ, 100, 19, &[SOLD, A])),
        ("a term that has ended", batch(SEQ, 99, 20, &[SOLD, A])),
        ("a term that has ended", batch(SEQ, 0, 20, &[SOLD, A])),
        ("a sale begins with its creation, once", next(CREATED)),
        ("a restocking id that is taken", next(&[RESTOCKED, 2, 1, 1, b'r'])),
        ("more is taken than is available", next(&[RESTOCKED, 9, 0])),
        ("too much stock", batch(SEQ, 100, 20, &[&[RESTOCKED][..], &varint((1 << 54) - 2), &[0]].concat())),
        ("an order id that is taken", next(&[OPENED_SOLD, 1, b'c', 1, b'x', 1])),
        ("more units than there are", next(&[OPENED_SOLD, 1, b'e', 1, b'x', 5])),
        ("an order that does not exist", next(&[SOLD, 4])),
        (state, next(&[SOLD, B])),
        (state, next(&[HELD, B, 9])),
        (state, next(&[EXPIRED, B])),
        (state, next(&[SOLD, C])),
        (state, next(&[CANCELLED, C])),
        (state, next(&[HELD, D, 9])),
        (state, next(&[EXPIRED, D])),
        (no_event, next(&[9])),
        (no_event, next(&[SOLD])),
        (no_event, next(&[HELD, A])),
        (no_event, next(&[OPENED_SOLD, 1, b'e', 1, b'x', 0])),
        (no_event, next(&[OPENED_SOLD, 1, b'e', 1, b'x'])),
        (no_event, next(&[OPENED_SOLD, 129])),
        (no_event, next(&[RESTOCKED, 2, 2, 1, b's'])),
        (no_event, next(&[ALTERED, 1, 1, 2, 2])),
        (no_event, batch(SEQ, 100, (1 << 53) - 1, &[HELD, A, 1])),
        (no_event, next(&[&[ALTERED][..], &varint(1 << 32), &[1, 1, 2]].concat())),
    ];
    for (reason, batch) in cases {
        let mut sale = shop().sale;
        let before = state_of(&sale);
        assert_eq!(sale.follow(&batch), Err(Unfit(reason)), "{batch:?}");
        assert!(sale.diverged(), "{reason}");
        assert_eq!(state_of(&sale), before, "{reason}");
        assert_eq!(sale.follow(&next(&[SOLD, A])), Err(Unfit("it diverged before")), "{reason}");
        assert_eq!(state_of(&sale), before, "{reason}, and then");
    }
}

/// All that a sale tells, but for the mark: its parts, its views and its next deadline.
fn state_of(sale: &Sale) -> (Vec<Vec<u8>>, Vec<String>, Option<u64>) {
    let mut views = told::everything(sale, 20);
    views[0] = views[0].replace("diverged 1", "diverged 0");
    (snapshot(sale).split_off(1), views, sale.next_deadline())
}

#[test]
fn a_batch_is_followed_up_to_the_first_event_that_does_not_follow() {
    let mut sale = shop().sale;
    let good = next(&[SOLD, A]);
    assert!(sale.follow(&[&good[..], &[CANCELLED, 0, C]].concat()).is_err());
    assert_eq!((sale.seq(), sale.diverged()), (SEQ, true));
    assert!(told::order(&sale, b"a", 20).contains("SOLD"));
}

#[test]
fn a_copy_that_missed_the_creation_is_marked() {
    let mut sale = support::blank();
    assert!(sale.follow(&next(&[SOLD, A])).is_err());
    assert!(sale.diverged());
    let mut sale = support::blank();
    assert_eq!(
        sale.follow(&batch(1, 1, 0, &[RESTOCKED, 2, 0])).unwrap_err().0,
        "a sale begins with its creation, once"
    );
    let mut sale = support::blank();
    assert!(sale.follow(&[VERSION, 1, 1, 0]).is_err(), "nor is a blank sale left by an empty batch");
    assert!(sale.diverged());
    // What it is marked with stays with it, though it has no history.
    assert!(support::reload(&sale).diverged());
}

#[test]
fn a_snapshot_that_is_none_is_refused() {
    let parts = snapshot(&shop().sale);
    let load = |parts: &[Vec<u8>]| {
        let mut loading = Loading::new(&parts[0], Seed([1, 2]))?;
        for part in &parts[1..] {
            loading.part(part)?;
        }
        loading.finish().map(|_| ())
    };
    let with_head = |head: &[u8]| load(&[vec![head.to_vec()], parts[1..].to_vec()].concat());
    let head = &parts[0];
    assert_eq!(load(&parts), Ok(()));
    assert_eq!(with_head(&[]), Err(Unfit("a head that is cut short")));
    assert_eq!(with_head(&head[..2]), Err(Unfit("a head that is cut short")));
    assert_eq!(with_head(&[2, 0, 10]), Err(Unfit("a newer version of the module wrote it")));
    assert_eq!(with_head(&[0, 0, 10]), Err(Unfit("a head that is malformed")));
    assert_eq!(with_head(&[1, 2, 10]), Err(Unfit("a head that is malformed")));
    assert_eq!(with_head(&[1, 0, 10, 0]), Err(Unfit("a head that is malformed")));
    let number = Err(Unfit("another number of events than the head says"));
    assert_eq!(with_head(&[1, 0, 9]), number);
    assert_eq!(with_head(&[1, 0, 11]), number);
    assert_eq!(load(&[vec![1, 0, 0]]), number, "a blank sale is no sale");
    assert_eq!(load(&[vec![1, 1, 0]]), Ok(()), "unless it is marked");
    let empty = vec![VERSION, 11, 100, 20];
    assert_eq!(load(&[parts.clone(), vec![empty]].concat()), Err(Unfit("a batch without events")));
    assert!(load(&[parts.clone(), parts[1..].to_vec()].concat()).is_err());
}
