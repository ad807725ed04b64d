//! Readers of EVENTS whose history is another one.

use seckill_core::protocol::{Error, Seq, Term};

use crate::support::Pair;
use crate::terms::three_terms;

#[test]
fn a_reader_learns_where_the_histories_fork() {
    // The last event that the reader stored, and the last seq that both share, if it is not here.
    let cases = [
        ((0, 0), None),
        ((77, 0), None),
        ((100, 1), None),
        ((100, 3), None),
        ((200, 4), None),
        ((200, 5), None),
        ((300, 6), None),
        // More events of that term were decided, and lost in a failover.
        ((100, 4), Some(3)),
        ((100, 9), Some(3)),
        ((200, 9), Some(5)),
        ((300, 7), Some(6)),
        // A term that is unknown here, after 100, 200 or 300.
        ((150, 9), Some(3)),
        ((150, 4), Some(3)),
        ((150, 3), Some(2)),
        ((250, 7), Some(5)),
        ((900, 7), Some(6)),
        ((900, 99), Some(6)),
        // A term before the first one: nothing is shared.
        ((99, 9), Some(0)),
        ((99, 1), Some(0)),
        ((0, 5), Some(0)),
        // A seq that belongs to another term here.
        ((200, 3), Some(2)),
        ((300, 5), Some(4)),
    ];
    let pair = three_terms();
    for ((term, seq), shared) in cases {
        let term_there = |seq| [0, 100, 100, 100, 200, 200, 300][seq as usize];
        let forked = |seq| Error::Forked { seq: Seq(seq), term: Term(term_there(seq)) };
        let expected = shared.map_or(Ok(()), |seq| Err(forked(seq)));
        assert_eq!(pair.primary.check_reader(Term(term), Seq(seq)), expected, "term {term}, seq {seq}");
    }
    pair.then(&[
        (0, "EVENTS 5 TERM 200", "6/300@0 RESTOCKED 5", ""),
        (0, "EVENTS 9 TERM 200", "FORKED 5 200", ""),
        (0, "EVENTS 9", "", ""),
        (0, "EVENTS 1 COUNT 2", "2/100@0 RESTOCKED 1; 3/100@0 RESTOCKED 2", ""),
    ]);
}

/// A reader stored the history of one primary. Another one, which had only a part of it, went on alone. When
/// the reader takes back what FORKED says, it ends where the two histories fork, and needs at most one reply
/// for each of its terms.
#[test]
fn a_reader_that_takes_back_what_forked_says_ends_at_the_fork() {
    for (shared, lost) in [(1, 0), (1, 5), (2, 3), (3, 9), (5, 1), (6, 6)] {
        let mut old = three_terms();
        let mut new = Pair::new();
        let mut batch = Vec::new();
        let mut after = Seq(0);
        while after < Seq(shared) {
            batch.clear();
            // A small batch holds one event.
            after = old.primary.encode_batch(after, 0, &mut batch).unwrap();
            new.primary.apply_batch(&batch).unwrap();
            new.replica.apply_batch(&batch).unwrap();
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
            let Err(Error::Forked { seq, term }) = new.primary.check_reader(term, seq) else { break };
            stored.retain(|stored| stored.0 <= term && stored.1 <= seq);
            replies += 1;
        }
        assert!(replies <= 3, "shared {shared}, lost {lost}: {replies} replies");
        assert_eq!(stored.len(), usize::try_from(shared).unwrap(), "shared {shared}, lost {lost}");
    }
}
