//! ORDER, BUYER, EVENTS and INFO.

use seckill_core::protocol::{Seq, Term, UnixMs};

use crate::support::{Pair, blank, name, render, scenario};

#[test]
fn order_shows_when_it_was_bought_how_long_it_is_held_and_its_last_event() {
    scenario(&[
        (1, "CREATE STOCK 9 HOLD 10", "OK", "CREATED 9 limit 0 hold 10 window 0-0"),
        (2, "BUY ann a QTY 3", "HELD", "HELD a ann 3 until 12"),
        (3, "BUY bob b", "HELD", "HELD b bob 1 until 13"),
        (3, "ORDER a", "a ann 3 HELD at 2 until 12 seq 2", ""),
        (4, "EXTEND a 20", "HELD", "HELD a ann 3 until 24"),
        (5, "ORDER a", "a ann 3 HELD at 2 until 24 seq 4", ""),
        (6, "CONFIRM a", "SOLD", "SOLD a ann 3"),
        (6, "ORDER a", "a ann 3 SOLD at 2 until 0 seq 5", ""),
        (7, "CANCEL a REFUND", "CANCELLED", "CANCELLED a ann 3"),
        (7, "ORDER a", "a ann 3 CANCELLED at 2 until 0 seq 6", ""),
        // A hold that is due is shown as expired before it is.
        (12, "ORDER b", "b bob 1 HELD at 3 until 13 seq 3", ""),
        (13, "ORDER b", "b bob 1 EXPIRED at 3 until 0 seq 3", ""),
        (13, "expire 9", "OK", "EXPIRED b bob 1"),
        (13, "ORDER b", "b bob 1 EXPIRED at 3 until 0 seq 7", ""),
        (13, "ORDER c", "nil", ""),
        (13, "ORDER ann", "nil", ""),
    ]);
}

#[test]
fn names_come_back_as_they_were_written_uuids_included() {
    let uuid = "0191e0a4-7b6c-7def-8123-456789abcdef";
    let capital = "0191E0A4-7B6C-7DEF-8123-456789ABCDEF";
    let mut pair = Pair::new();
    pair.run(0, "CREATE STOCK 9");
    for id in [uuid, capital, "0191e0a4-7b6c-7def-8123-456789abcdeg", "0191e0a47-b6c-7def-8123-456789abcdef"]
    {
        assert_eq!(pair.run(0, &format!("BUY {id} {id}")).events, format!("SOLD {id} {id} 1"));
        assert_eq!(pair.run(0, &format!("RESTOCK 1 ID {id}")).events, format!("RESTOCKED 1 {id}"));
    }
    pair.check(0);
}

#[test]
fn buyer_shows_the_newest_hundred_orders() {
    let mut pair = Pair::new();
    pair.run(0, "CREATE STOCK 1000 HOLD 9");
    for n in 0..105 {
        assert_eq!(pair.run(0, &format!("BUY ann a{n}")).reply, "HELD");
        assert_eq!(pair.run(0, &format!("BUY bob b{n}")).reply, "HELD");
    }
    let newest: Vec<String> = (5..105).rev().map(|n| format!("a{n}")).collect();
    pair.then(&[
        (0, "CONFIRM a0", "SOLD", "SOLD a0 ann 1"),
        (0, "BUYER ann", &format!("held 104 sold 1 orders {}", newest.join(",")), ""),
        (0, "BUYER cem", "held 0 sold 0 orders ", ""),
    ]);
}

#[test]
fn events_come_in_pages() {
    let mut pair = Pair::new();
    pair.run(0, "CREATE STOCK 1");
    for n in 1..=100 {
        pair.run(n, "RESTOCK 1");
    }
    let count = |pair: &mut Pair, line: &str| pair.run(0, line).reply.matches(" RESTOCKED").count();
    assert_eq!(count(&mut pair, "EVENTS 0"), 99, "100 with the creation");
    assert_eq!(count(&mut pair, "EVENTS 1"), 100);
    assert_eq!(count(&mut pair, "EVENTS 64 COUNT 10"), 10);
    assert_eq!(count(&mut pair, "EVENTS 95 COUNT 1000"), 6);
    assert_eq!(pair.run(0, "EVENTS 100").reply, "101/100@100 RESTOCKED 1");
    for beyond in ["101", "102", "128", "4096", "9007199254740991"] {
        assert_eq!(pair.run(0, &format!("EVENTS {beyond}")).reply, "");
    }
}

#[test]
fn info_follows_the_clock() {
    let pair = scenario(&[(
        5,
        "CREATE STOCK 2 LIMIT 1 HOLD 50 OPENS 10 CLOSES 20",
        "OK",
        "CREATED 2 limit 1 hold 50 window 10-20",
    )]);
    let state = |pair: &Pair, now| pair.primary.info(UnixMs(now), 1_000).state.to_string();
    assert_eq!(["UPCOMING", "OPEN", "OPEN", "CLOSED"], [9, 10, 19, 20].map(|now| state(&pair, now)));
    let pair = pair.then(&[
        (12, "BUY ann a", "HELD", "HELD a ann 1 until 62"),
        (13, "BUY bob b", "HELD", "HELD b bob 1 until 63"),
        (14, "CONFIRM b", "SOLD", "SOLD b bob 1"),
        (
            19,
            "INFO",
            "SOLDOUT available 0 held 1 sold 1 orders 2 buyers 2 limit 1 hold 50 window 10-20 seq 4 \
            term 100 created 5 diverged 0",
            "",
        ),
    ]);
    // Whatever the time of the last event.
    assert_eq!(["UPCOMING", "SOLDOUT", "CLOSED"], [9, 19, 20].map(|now| state(&pair, now)));
    assert_eq!(pair.primary.next_deadline(), Some(UnixMs(62)));
}

#[test]
fn a_blank_sale_shows_nothing() {
    let blank = blank();
    assert_eq!((blank.seq(), blank.term(), blank.next_deadline()), (Seq(0), Term(0), None));
    assert_eq!(blank.audit(), Ok(()));
    assert_eq!(render::events(&blank, Seq(0), 9), "");
    assert_eq!(render::order(&blank, name("a"), UnixMs(0)), "nil");
    assert_eq!(blank.encode_batch(Seq(0), 99, &mut Vec::new()), None);
}
