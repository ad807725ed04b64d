//! What ORDER, BUYER, EVENTS and INFO tell.

use crate::support::{Shop, go_on, story};

#[test]
fn order_tells_when_it_was_bought_how_long_it_is_held_and_its_last_event() {
    story(&[
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
        // A due hold is shown as expired before anything swept it.
        (12, "ORDER b", "b bob 1 HELD at 3 until 13 seq 3", ""),
        (13, "ORDER b", "b bob 1 EXPIRED at 3 until 0 seq 3", ""),
        (13, "sweep 9", "OK", "EXPIRED b bob 1"),
        (13, "ORDER b", "b bob 1 EXPIRED at 3 until 0 seq 7", ""),
        (13, "ORDER c", "nil", ""),
        (13, "ORDER ann", "nil", ""),
    ]);
}

#[test]
fn an_id_of_36_letters_and_a_uuid_come_back_as_they_were_written() {
    let uuid = "0191e0a4-7b6c-7def-8123-456789abcdef";
    let capital = "0191E0A4-7B6C-7DEF-8123-456789ABCDEF";
    let mut shop = Shop::new();
    shop.say(0, "CREATE STOCK 9");
    for id in [uuid, capital, "0191e0a4-7b6c-7def-8123-456789abcdeg", "0191e0a47-b6c-7def-8123-456789abcdef"]
    {
        assert_eq!(shop.say(0, &format!("BUY {id} {id}")).events, format!("SOLD {id} {id} 1"));
        assert_eq!(shop.say(0, &format!("RESTOCK 1 ID {id}")).events, format!("RESTOCKED 1 {id}"));
    }
    shop.check(0);
}

#[test]
fn buyer_tells_the_newest_hundred_orders() {
    let mut shop = Shop::new();
    shop.say(0, "CREATE STOCK 1000 HOLD 9");
    for n in 0..105 {
        assert_eq!(shop.say(0, &format!("BUY ann a{n}")).reply, "HELD");
        assert_eq!(shop.say(0, &format!("BUY bob b{n}")).reply, "HELD");
    }
    let newest: Vec<String> = (5..105).rev().map(|n| format!("a{n}")).collect();
    go_on(
        shop,
        &[
            (0, "CONFIRM a0", "SOLD", "SOLD a0 ann 1"),
            (0, "BUYER ann", &format!("held 104 sold 1 orders {}", newest.join(",")), ""),
            (0, "BUYER cem", "held 0 sold 0 orders ", ""),
        ],
    );
}

#[test]
fn events_come_in_pages() {
    let mut shop = Shop::new();
    shop.say(0, "CREATE STOCK 1");
    for n in 1..=100 {
        shop.say(n, "RESTOCK 1");
    }
    let count = |shop: &mut Shop, line: &str| shop.say(0, line).reply.matches(" RESTOCKED").count();
    assert_eq!(count(&mut shop, "EVENTS 0"), 99, "100 with the creation");
    assert_eq!(count(&mut shop, "EVENTS 1"), 100);
    assert_eq!(count(&mut shop, "EVENTS 64 COUNT 10"), 10);
    assert_eq!(count(&mut shop, "EVENTS 95 COUNT 10000"), 6);
    assert_eq!(shop.say(0, "EVENTS 100").reply, "101/100@100 RESTOCKED 1");
    for beyond in ["101", "102", "128", "4096", "9007199254740991"] {
        assert_eq!(shop.say(0, &format!("EVENTS {beyond}")).reply, "");
    }
}

#[test]
fn info_follows_the_clock() {
    let shop = story(&[(
        5,
        "CREATE STOCK 2 LIMIT 1 HOLD 50 OPENS 10 CLOSES 20",
        "OK",
        "CREATED 2 limit 1 hold 50 window 10-20",
    )]);
    let state = |shop: &Shop, now| shop.sale.info(now).state.to_string();
    assert_eq!(["UPCOMING", "OPEN", "OPEN", "CLOSED"], [9, 10, 19, 20].map(|now| state(&shop, now)));
    let shop = go_on(
        shop,
        &[
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
        ],
    );
    // Time was 14 here; an earlier one counts as that.
    assert_eq!(["SOLDOUT", "SOLDOUT", "CLOSED"], [9, 19, 20].map(|now| state(&shop, now)));
    assert_eq!(shop.sale.next_deadline(), Some(62));
}
