//! Batches and decisions that cannot be applied: each marks the sale as diverged, and changes nothing else.

mod support;

use seckill_core::format::BATCH_VERSION;
use seckill_core::format::kind::{
    ALTERED, ALTERED_ATTEMPTS, CANCELLED, CREATED, CREATED_ATTEMPTS, EXPIRED, HELD, HELD_PAST, OPENED_HELD,
    OPENED_HELD_PAST, OPENED_SOLD, RESTOCKED, SOLD,
};
use seckill_core::protocol::{Request, Seq, Term, UnixMs};
use seckill_core::{ApplyError, MalformedBatch, Origin, Sale};
use support::{Pair, blank, name, render, scenario, snapshot};

/// An integer in LEB128.
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
fn batch(seq: Seq, term: u64, at: u64, event: &[u8]) -> Vec<u8> {
    let (kind, fields) = event.split_first().unwrap();
    [&[BATCH_VERSION][..], &varint(seq.0), &varint(term), &varint(at), &[*kind, 0], fields].concat()
}

/// A sale whose next event is seq 11 of term 100 at 20. Order d is expired, a held, b sold and c cancelled,
/// in the sequence of their numbers; there is a restock r.
fn ten_events() -> Pair {
    scenario(&[
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

const NEXT_SEQ: Seq = Seq(11);
const D: u8 = 0;
const A: u8 = 1;
const B: u8 = 2;
const C: u8 = 3;

fn next(event: &[u8]) -> Vec<u8> {
    batch(NEXT_SEQ, 100, 20, event)
}

#[test]
fn the_next_batch_is_applied() {
    let batches = [
        next(&[ALTERED, 1, 1, 1, 2]),
        next(&[ALTERED_ATTEMPTS, 1, 1, 1, 2, 0]),
        next(&[OPENED_HELD_PAST, 1, b'e', 3, b'a', b'n', b'n', 1, 20]),
        next(&[HELD_PAST, A, 1]),
        next(&[RESTOCKED, 2, 1, 1, b's']),
        next(&[RESTOCKED, 7, 0]),
        next(&[OPENED_SOLD, 1, b'e', 1, b'x', 4]),
        next(&[OPENED_HELD, 1, b'e', 3, b'a', b'n', b'n', 1, 0]),
        next(&[HELD, A, 5]),
        next(&[SOLD, A]),
        next(&[CANCELLED, A]),
        next(&[EXPIRED, A]),
        next(&[CANCELLED, B]),
        batch(NEXT_SEQ, 101, 99, &[SOLD, A]),
    ];
    for batch in batches {
        let mut sale = ten_events().primary;
        assert_eq!(sale.apply_batch(&batch, Origin::Trusted), Ok(()), "{batch:?}");
        assert_eq!((sale.seq(), sale.audit()), (NEXT_SEQ, Ok(())), "{batch:?}");
    }
}

#[test]
fn any_other_batch_marks_the_sale_and_changes_nothing_else() {
    use ApplyError::*;
    let (no_batch, no_event) = (Malformed(MalformedBatch::Head), Malformed(MalformedBatch::Event));
    let too_much = [&[RESTOCKED][..], &varint((1 << 54) - 2), &[0]].concat();
    let cases: Vec<(ApplyError, Vec<u8>)> = vec![
        (no_batch, vec![]),
        (no_batch, vec![BATCH_VERSION - 1, 11, 100, 20, SOLD, 0, A]),
        (no_batch, vec![BATCH_VERSION, 11, 100]),
        (Malformed(MalformedBatch::Newer), vec![BATCH_VERSION + 1, 11, 100, 20, SOLD, 0, A]),
        (NoEvents, vec![BATCH_VERSION, 11, 100, 20]),
        (OutOfSequence, batch(Seq(10), 100, 20, &[SOLD, A])),
        (OutOfSequence, batch(Seq(12), 100, 20, &[SOLD, A])),
        (OutOfSequence, batch(Seq(0), 100, 20, &[SOLD, A])),
        (OutOfTime, batch(NEXT_SEQ, 100, 19, &[SOLD, A])),
        (EndedTerm, batch(NEXT_SEQ, 99, 20, &[SOLD, A])),
        (EndedTerm, batch(NEXT_SEQ, 0, 20, &[SOLD, A])),
        (Creation, next(&[CREATED, 5, 0, 0, 0, 0])),
        (RestockExists, next(&[RESTOCKED, 2, 1, 1, b'r'])),
        (NoStock, next(&[RESTOCKED, 9, 0])),
        (TooMuchStock, next(&too_much)),
        (OrderExists, next(&[OPENED_SOLD, 1, b'c', 1, b'x', 1])),
        (Units, next(&[OPENED_SOLD, 1, b'e', 1, b'x', 5])),
        (NoSuchOrder, next(&[SOLD, 4])),
        (StatusChange, next(&[SOLD, B])),
        (StatusChange, next(&[HELD, B, 9])),
        (StatusChange, next(&[EXPIRED, B])),
        (StatusChange, next(&[SOLD, C])),
        (StatusChange, next(&[CANCELLED, C])),
        (StatusChange, next(&[HELD, D, 9])),
        (StatusChange, next(&[EXPIRED, D])),
        (Malformed(MalformedBatch::Newer), next(&[13])),
        (Creation, next(&[CREATED_ATTEMPTS, 5, 0, 0, 0, 0, 0])),
        (no_event, next(&[HELD_PAST, A, 0])),
        (no_event, next(&[HELD_PAST, A, 21])),
        (no_event, next(&[ALTERED_ATTEMPTS, 1, 1, 1, 2])),
        (no_event, next(&[&[ALTERED_ATTEMPTS, 1, 1, 1, 2][..], &varint(1 << 32)].concat())),
        (no_event, next(&[SOLD])),
        (no_event, next(&[HELD, A])),
        (no_event, next(&[OPENED_SOLD, 1, b'e', 1, b'x', 0])),
        (no_event, next(&[OPENED_SOLD, 1, b'e', 1, b'x'])),
        (no_event, next(&[OPENED_SOLD, 129])),
        (no_event, next(&[RESTOCKED, 2, 2, 1, b's'])),
        (no_event, next(&[ALTERED, 1, 1, 2, 2])),
        (no_event, batch(NEXT_SEQ, 100, (1 << 53) - 1, &[HELD, A, 1])),
        (no_event, next(&[&[ALTERED][..], &varint(1 << 32), &[1, 1, 2]].concat())),
    ];
    for (reason, batch) in cases {
        let mut sale = ten_events().primary;
        let before = state_of(&sale);
        assert_eq!(sale.apply_batch(&batch, Origin::Trusted), Err(reason), "{batch:?}");
        assert!(sale.diverged(), "{reason}");
        assert_eq!(sale.next_deadline(), None, "{reason}: it expires no hold");
        assert_eq!(state_of(&sale), before, "{reason}");
        assert_eq!(sale.apply_batch(&next(&[SOLD, A]), Origin::Trusted), Err(Diverged), "{reason}");
        assert_eq!(state_of(&sale), before, "{reason}, and then");
    }
}

/// The parts and the views of a sale, without its mark.
fn state_of(sale: &Sale) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut views = render::all_views(sale, UnixMs(20));
    views[0] = views[0].replace("diverged 1", "diverged 0");
    (snapshot::parts(sale).split_off(1), views)
}

#[test]
fn a_batch_is_applied_up_to_the_first_event_that_cannot_be_applied() {
    let mut sale = ten_events().primary;
    let good = next(&[SOLD, A]);
    assert!(sale.apply_batch(&[&good[..], &[CANCELLED, 0, C]].concat(), Origin::Trusted).is_err());
    assert_eq!((sale.seq(), sale.diverged()), (NEXT_SEQ, true));
    assert!(render::order(&sale, name("a"), UnixMs(20)).contains("SOLD"));
}

#[test]
fn a_copy_that_missed_the_creation_is_marked() {
    let mut sale = blank();
    assert!(sale.apply_batch(&next(&[SOLD, A]), Origin::Trusted).is_err());
    assert!(sale.diverged());
    let mut sale = blank();
    assert_eq!(
        sale.apply_batch(&batch(Seq(1), 1, 0, &[RESTOCKED, 2, 0]), Origin::Trusted),
        Err(ApplyError::Creation)
    );
    let mut sale = blank();
    assert!(
        sale.apply_batch(&[BATCH_VERSION, 1, 1, 0], Origin::Trusted).is_err(),
        "an empty batch leaves no blank sale"
    );
    assert!(sale.diverged());
    // The mark is kept in a snapshot, though there is no history.
    assert!(snapshot::reload(&sale).diverged());
}

/// A decision is valid only for the state for which it was made.
#[test]
fn a_decision_about_an_earlier_state_is_refused() {
    let mut pair = ten_events();
    let moment = pair.moment(30);
    let sale = &mut pair.primary;
    let order = name("a");
    let [confirm, cancel] = [Request::Confirm { order }, Request::Cancel { order, refund: false }];
    let (confirmed, cancelled) = (sale.decide(&confirm, &moment), sale.decide(&cancel, &moment));
    sale.commit(&confirmed).unwrap();
    let before = state_of(sale);
    assert_eq!(sale.commit(&cancelled), Err(ApplyError::StaleDecision));
    assert!(sale.diverged(), "no replica applies it either");
    assert_eq!(state_of(sale), before);
}

/// A term or a time of a client must leave room for those that this server will give out.
#[test]
fn a_far_future_is_accepted_from_no_client() {
    const MOST: u64 = 200;
    const LAST_MS: u64 = (1 << 52) / 1_000;
    let foreign = Origin::Foreign { latest_term: Term(MOST) };
    let far = [batch(NEXT_SEQ, MOST + 1, 20, &[SOLD, A]), batch(NEXT_SEQ, 100, LAST_MS + 1, &[SOLD, A])];
    for batch in far {
        let mut sale = ten_events().primary;
        assert_eq!(sale.apply_batch(&batch, foreign), Err(ApplyError::FarFuture), "{batch:?}");
        assert_eq!(ten_events().primary.apply_batch(&batch, Origin::Trusted), Ok(()), "{batch:?}");
    }
    let near = batch(NEXT_SEQ, MOST, LAST_MS, &[SOLD, A]);
    let mut sale = ten_events().primary;
    assert_eq!(sale.apply_batch(&near, foreign), Ok(()));
    // It decides on, with terms of its own, and a replica applies them.
    let mut pair = Pair::of(sale, snapshot::reload(&ten_events().primary));
    assert_eq!(pair.replica.apply_batch(&near, Origin::Trusted), Ok(()));
    pair.run(30, "promote 30");
    assert_eq!(pair.run(30, "CANCEL b REFUND").reply, "CANCELLED");
    assert_eq!(pair.primary.term().0, MOST + 1);
    pair.check(30);
}
