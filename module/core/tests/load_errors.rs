//! Snapshots that are refused.

mod support;

use seckill_core::{ApplyError, LoadError};
use support::snapshot::{load_parts, parts};
use support::{Pair, scenario};

/// The head and the only part of a snapshot of three events.
fn three_events() -> [Vec<u8>; 2] {
    let Pair { primary, .. } = scenario(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
        (0, "BUY bob b", "SOLD", "SOLD b bob 1"),
    ]);
    parts(&primary).try_into().unwrap()
}

fn load(parts: &[Vec<u8>]) -> Result<(), LoadError> {
    load_parts(parts).map(|_| ())
}

/// The other versions and flags are in `golden`.
#[test]
fn a_head_is_a_version_flags_and_a_seq() {
    let [head, part] = three_events();
    let with_head = |head: &[u8]| load(&[head.to_vec(), part.clone()]);
    assert_eq!(with_head(&head), Ok(()));
    assert_eq!(with_head(&[]), Err(LoadError::ShortHead));
    assert_eq!(with_head(&head[..2]), Err(LoadError::ShortHead));
    assert_eq!(with_head(&[&head[..], &[0]].concat()), Err(LoadError::Head), "longer than a head");
}

#[test]
fn the_parts_have_as_many_events_as_the_head_says() {
    let [head, part] = three_events();
    let with_seq = |seq| load(&[vec![head[0], head[1], seq], part.clone()]);
    assert_eq!(with_seq(2), Err(LoadError::EventCount));
    assert_eq!(with_seq(4), Err(LoadError::EventCount));
    assert_eq!(load(&[head, part.clone(), part]), Err(LoadError::Part(ApplyError::OutOfSequence)));
}

#[test]
fn a_part_has_events() {
    let [head, part] = three_events();
    // Version, seq, term and time, without an event.
    let empty = vec![1, 4, 100, 0];
    assert_eq!(load(&[head, part, empty]), Err(LoadError::Part(ApplyError::NoEvents)));
}

#[test]
fn a_snapshot_without_events_is_that_of_a_copy_that_diverged() {
    assert_eq!(load(&[vec![1, 0, 0]]), Err(LoadError::EventCount));
    assert_eq!(load(&[vec![1, 1, 0]]), Ok(()));
}
