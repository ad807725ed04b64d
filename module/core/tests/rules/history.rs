//! Terms, readers, and copies that diverged.

use seckill_core::error::Error;

use crate::support::{Shop, blank, bytes_of, go_on, reload, story, told};

#[test]
fn a_term_begins_with_the_first_decision_of_a_decider() {
    let shop = story(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (1, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (2, "takeover 200", "OK", ""),
        // What causes no event begins no term.
        (2, "BUY ann a", "SOLD", ""),
        (2, "BUY ann x QTY 99", "SHORT", ""),
        (2, "EVENTS 1", "2/100@1 SOLD a ann 1", ""),
        (3, "BUY ann b", "SOLD", "SOLD b ann 1"),
        (3, "BUY ann c", "SOLD", "SOLD c ann 1"),
        (4, "restart 300", "OK", ""),
        (4, "BUY ann d", "SOLD", "SOLD d ann 1"),
        (5, "replica 400", "OK", ""),
        (5, "CANCEL d REFUND", "CANCELLED", "CANCELLED d ann 1"),
        (
            5,
            "EVENTS 2",
            "3/200@3 SOLD b ann 1; 4/200@3 SOLD c ann 1; 5/300@4 SOLD d ann 1; \
            6/400@5 CANCELLED d ann 1",
            "",
        ),
    ]);
    go_on(
        shop,
        &[
            // A clock that lags behind does not make a term fall.
            (6, "takeover 50", "OK", ""),
            (6, "BUY ann e", "SOLD", "SOLD e ann 1"),
            (6, "EVENTS 6", "7/401@6 SOLD e ann 1", ""),
            // A copy is another sale, also where the same server decides.
            (7, "copy 500", "OK", ""),
            (7, "BUY ann f", "SOLD", "SOLD f ann 1"),
            (7, "BUY ann g", "SOLD", "SOLD g ann 1"),
            (7, "EVENTS 7", "8/500@7 SOLD f ann 1; 9/500@7 SOLD g ann 1", ""),
        ],
    );
}

#[test]
fn each_event_may_have_a_term_of_its_own() {
    let mut shop = story(&[(0, "CREATE STOCK 0", "OK", "CREATED 0 limit 0 hold 0 window 0-0")]);
    for n in 1..=100 {
        shop.say(0, &format!("takeover {}", 100 + n));
        shop.say(0, "RESTOCK 1");
    }
    for after in 0..=100 {
        let terms = shop.sale.events(after).map(|entry| entry.term);
        assert!(terms.eq(100 + after..=200), "after {after}");
    }
    shop.check(0);
}

#[test]
fn terms_end_where_integers_end() {
    story(&[
        (0, "takeover 9007199254740990", "OK", ""),
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "takeover 1", "OK", ""),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (0, "takeover 1", "OK", ""),
        (0, "BUY ann b", "SOLD", "SOLD b ann 1"),
        (0, "restart 1", "OK", ""),
        (0, "EVENTS 1", "2/9007199254740991@0 SOLD a ann 1; 3/9007199254740991@0 SOLD b ann 1", ""),
    ]);
}

#[test]
fn one_decision_is_one_term_and_one_time() {
    story(&[
        (0, "CREATE STOCK 1 HOLD 5", "OK", "CREATED 1 limit 0 hold 5 window 0-0"),
        (0, "BUY ann a", "HELD", "HELD a ann 1 until 5"),
        (1, "takeover 200", "OK", ""),
        (9, "BUY bob b", "HELD", "EXPIRED a ann 1; HELD b bob 1 until 14"),
        (9, "EVENTS 2", "3/200@9 EXPIRED a ann 1; 4/200@9 HELD b bob 1 until 14", ""),
    ]);
}

/// Terms 100 (seq 1 to 3), 200 (4 and 5) and 300 (6).
fn three_terms() -> Shop {
    story(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "RESTOCK 1", "10", "RESTOCKED 1"),
        (0, "RESTOCK 2", "12", "RESTOCKED 2"),
        (0, "takeover 200", "OK", ""),
        (0, "RESTOCK 3", "15", "RESTOCKED 3"),
        (0, "RESTOCK 4", "19", "RESTOCKED 4"),
        (0, "takeover 300", "OK", ""),
        (0, "RESTOCK 5", "24", "RESTOCKED 5"),
    ])
}

#[test]
fn a_reader_learns_where_the_histories_part() {
    // The last event that the reader stored, and the last seq that both share, if it is not here.
    let cases = [
        ((0, 0), None),
        ((77, 0), None),
        ((100, 1), None),
        ((100, 3), None),
        ((200, 4), None),
        ((200, 5), None),
        ((300, 6), None),
        // The reader's decider went on, and that was lost.
        ((100, 4), Some(3)),
        ((100, 9), Some(3)),
        ((200, 9), Some(5)),
        ((300, 7), Some(6)),
        // A decider that is unknown here, after 100, 200 or 300.
        ((150, 9), Some(3)),
        ((150, 4), Some(3)),
        ((150, 3), Some(2)),
        ((250, 7), Some(5)),
        ((900, 7), Some(6)),
        ((900, 99), Some(6)),
        // Before the first: nothing is shared.
        ((99, 9), Some(0)),
        ((99, 1), Some(0)),
        ((0, 5), Some(0)),
        // A seq that this term did not decide.
        ((200, 3), Some(2)),
        ((300, 5), Some(4)),
    ];
    let shop = three_terms();
    for ((term, seq), shared) in cases {
        let term_there = |seq| [0, 100, 100, 100, 200, 200, 300][seq as usize];
        let expected = shared.map_or(Ok(()), |seq| Err(Error::Forked { seq, term: term_there(seq) }));
        assert_eq!(shop.sale.check_reader(term, seq), expected, "term {term}, seq {seq}");
    }
    go_on(
        shop,
        &[
            (0, "EVENTS 5 TERM 200", "6/300@0 RESTOCKED 5", ""),
            (0, "EVENTS 9 TERM 200", "FORKED 5 200", ""),
            (0, "EVENTS 9", "", ""),
            (0, "EVENTS 1 COUNT 2", "2/100@0 RESTOCKED 1; 3/100@0 RESTOCKED 2", ""),
        ],
    );
}

#[test]
fn a_batch_is_of_one_term_and_makes_headway_whatever_its_size() {
    let sale = three_terms().sale;
    let lasts = |size: usize| {
        let mut out = b"before".to_vec();
        let mut lasts = Vec::new();
        while let Some(last) = sale.batch(lasts.last().copied().unwrap_or(0), size, &mut out) {
            assert!(Some(&last) > lasts.last(), "headway");
            lasts.push(last);
        }
        lasts
    };
    assert_eq!(lasts(0), [1, 2, 3, 4, 5, 6]);
    assert_eq!(lasts(usize::MAX), [3, 5, 6]);
}

/// A reader stored the history of one server; another, which had only a part of it, went on alone. Taking
/// back what it is told to, the reader ends where the two part, wherever that was, and needs no more answers
/// than it has terms.
#[test]
fn a_reader_that_takes_back_what_it_is_told_ends_at_the_fork() {
    for (shared, lost) in [(1, 0), (1, 5), (2, 3), (3, 9), (5, 1), (6, 6)] {
        let mut old = three_terms();
        let mut new = Shop::new();
        let mut batch = Vec::new();
        let mut after = 0;
        while after < shared {
            batch.clear();
            // A small batch holds one event.
            after = old.sale.batch(after, 0, &mut batch).unwrap();
            new.sale.follow(&batch).unwrap();
            new.copy.follow(&batch).unwrap();
        }
        for _ in 0..lost {
            old.say(0, "RESTOCK 7");
        }
        new.say(0, "takeover 500");
        new.say(0, "RESTOCK 8");
        let mut stored: Vec<(u64, u64)> = old.sale.events(0).map(|entry| (entry.term, entry.seq)).collect();
        let mut answers = 0;
        while let Some((term, seq)) = stored.last().copied() {
            let Err(Error::Forked { seq, term }) = new.sale.check_reader(term, seq) else { break };
            stored.retain(|stored| stored.0 <= term && stored.1 <= seq);
            answers += 1;
        }
        assert!(answers <= 3, "shared {shared}, lost {lost}: told {answers} times");
        assert_eq!(stored.len(), usize::try_from(shared).unwrap(), "shared {shared}, lost {lost}");
    }
}

#[test]
fn a_diverged_sale_is_read_but_decides_nothing() {
    let mut shop = story(&[
        (0, "CREATE STOCK 9 HOLD 5", "OK", "CREATED 9 limit 0 hold 5 window 0-0"),
        (0, "BUY ann a", "HELD", "HELD a ann 1 until 5"),
    ]);
    shop.sale.mark_diverged();
    let mut again = Shop { sale: reload(&shop.sale), ..Shop::new() };
    assert_eq!(bytes_of(&again.sale), bytes_of(&shop.sale), "it stays diverged in a snapshot");
    for shop in [&mut shop, &mut again] {
        for command in [
            "CREATE STOCK 9 HOLD 5",
            "ALTER LIMIT 1",
            "RESTOCK 1",
            "BUY ann a",
            "BUY ann b",
            "CONFIRM a",
            "EXTEND a 5",
            "CANCEL a",
        ] {
            let answer = shop.say(9, command);
            assert!(answer.reply.starts_with("CORRUPT "), "{command}: {}", answer.reply);
            assert_eq!(answer.events, "", "{command}");
        }
        assert_eq!(shop.say(9, "sweep 9").events, "", "and no hold runs out");
        assert_eq!(shop.say(4, "ORDER a").reply, "a ann 1 HELD at 0 until 5 seq 2");
        assert_eq!(shop.say(4, "BUYER ann").reply, "held 1 sold 0 orders a");
        assert_eq!(shop.say(4, "EVENTS 1").reply, "2/100@0 HELD a ann 1 until 5");
        assert!(shop.say(4, "INFO").reply.ends_with("diverged 1"));
        assert!(shop.say(4, "AUDIT").reply.starts_with("CORRUPT "));
    }
}

#[test]
fn a_blank_sale_shows_nothing() {
    let blank = blank();
    assert_eq!((blank.seq(), blank.term(), blank.next_deadline()), (0, 0, None));
    assert_eq!(blank.audit(), Ok(()));
    assert_eq!(told::events(&blank, 0, 9), "");
    assert_eq!(told::order(&blank, b"a", 0), "nil");
    assert_eq!(blank.batch(0, 99, &mut Vec::new()), None);
}
