//! Readers of EVENTS whose stored history is not that of the sale.

use seckill_core::protocol::{Error, Seq, Term};
use seckill_core::{Origin, Role};

use crate::support::Pair;
use crate::terms::three_terms;

#[test]
fn forked_names_the_last_shared_event() {
    // The term and seq of the last event that the reader stored; if the sale does not have it, the seq of the
    // last shared event.
    let cases = [
        ((0, 0), None),
        ((77, 0), None),
        ((100, 1), None),
        ((100, 3), None),
        ((200, 4), None),
        ((200, 5), None),
        ((300, 6), None),
        // An event of a known term, which a failover lost.
        ((100, 4), Some(3)),
        ((100, 9), Some(3)),
        ((200, 9), Some(5)),
        ((300, 7), Some(6)),
        // A term that the sale does not have, after its term 100, 200 or 300.
        ((150, 9), Some(3)),
        ((150, 4), Some(3)),
        ((150, 3), Some(2)),
        ((250, 7), Some(5)),
        ((900, 7), Some(6)),
        ((900, 99), Some(6)),
        // A term before the first one of the sale: nothing is shared.
        ((99, 9), Some(0)),
        ((99, 1), Some(0)),
        ((0, 5), Some(0)),
        // A seq that has another term in the sale.
        ((200, 3), Some(2)),
        ((300, 5), Some(4)),
    ];
    let pair = three_terms();
    for ((term, seq), shared) in cases {
        let term_at = |seq| [0, 100, 100, 100, 200, 200, 300][seq as usize];
        let forked = |seq| Error::Forked { seq: Seq(seq), term: Term(term_at(seq)) };
        let expected = shared.map_or(Ok(()), |seq| Err(forked(seq)));
        assert_eq!(
            pair.primary.check_reader(Term(term), Seq(seq), Role::Primary),
            expected,
            "term {term}, seq {seq}"
        );
    }
    pair.then(&[
        (0, "EVENTS 5 TERM 200", "6/300@0 RESTOCKED 5", ""),
        (0, "EVENTS 9 TERM 200", "FORKED 5 200", ""),
        (0, "EVENTS 9", "", ""),
        (0, "EVENTS 1 COUNT 2", "2/100@0 RESTOCKED 1; 3/100@0 RESTOCKED 2", ""),
    ]);
}

/// A reader stored the history of the old primary. The new primary has only a part of that history, and decided
/// another event. The reader takes back all events after the one that FORKED names: it keeps the shared events,
/// and gets at most one FORKED for each of its terms.
#[test]
fn a_reader_that_obeys_forked_keeps_the_shared_events() {
    for (shared, lost) in [(1, 0), (1, 5), (2, 3), (3, 9), (5, 1), (6, 6)] {
        let mut old = three_terms();
        let mut new = Pair::new();
        let mut batch = Vec::new();
        let mut after = Seq(0);
        while after < Seq(shared) {
            batch.clear();
            // A size of 0 makes a batch of one event.
            after = old.primary.encode_batch(after, 0, &mut batch).unwrap();
            new.primary.apply_batch(&batch, Origin::Trusted).unwrap();
            new.replica.apply_batch(&batch, Origin::Trusted).unwrap();
        }
        for _ in 0..lost {
            old.run(0, "RESTOCK 7");
        }
        new.run(0, "promote 500");
        new.run(0, "RESTOCK 8");
        let mut stored: Vec<(Term, Seq)> =
            old.primary.events(Seq(0)).map(|entry| (entry.term, entry.seq)).collect();
        let mut replies = 0;
        while let Some((term, seq)) = stored.last().copied() {
            let Err(Error::Forked { seq, term }) = new.primary.check_reader(term, seq, Role::Primary) else {
                break;
            };
            stored.retain(|stored| stored.0 <= term && stored.1 <= seq);
            replies += 1;
        }
        assert!(replies <= 3, "shared {shared}, lost {lost}: {replies} replies");
        assert_eq!(stored.len(), usize::try_from(shared).unwrap(), "shared {shared}, lost {lost}");
    }
}

/// A replica does not know what it has not been sent: only what it has can contradict a reader.
#[test]
fn a_replica_that_lags_does_not_take_events_back() {
    let replica = three_terms().replica;
    let check = |term, seq| replica.check_reader(Term(term), Seq(seq), Role::Replica);
    // The sale ends with seq 6 of term 300.
    for (term, seq) in [(300, 6), (300, 7), (300, 99), (400, 7), (400, 99)] {
        assert_eq!(check(term, seq), Ok(()), "term {term}, seq {seq}");
    }
    let forked = |seq, term| Err(Error::Forked { seq: Seq(seq), term: Term(term) });
    // Events that another primary decided, which are not in the history that this copy has.
    assert_eq!(check(200, 9), forked(5, 200), "term 200 ended with seq 5");
    assert_eq!(check(250, 7), forked(5, 200));
    assert_eq!(check(400, 6), forked(5, 200), "seq 6 belongs to term 300");
}
