//! Copies that diverged.

use seckill_core::protocol::{Alteration, Request};
use seckill_core::{ApplyError, AuditError, MalformedBatch, Origin};

use crate::support::{Pair, blank, scenario, snapshot};

#[test]
fn a_diverged_sale_is_read_but_decides_nothing() {
    let mut pair = scenario(&[
        (0, "CREATE STOCK 9 HOLD 5", "OK", "CREATED 9 limit 0 hold 5 window 0-0"),
        (0, "BUY ann a", "HELD", "HELD a ann 1 until 5"),
    ]);
    assert!(pair.primary.apply_batch(b"", Origin::Trusted).is_err());
    assert!(pair.primary.diverged());
    let mut reloaded = Pair::of(snapshot::reload(&pair.primary), blank());
    assert_eq!(snapshot::parts(&reloaded.primary), snapshot::parts(&pair.primary), "it stays diverged");
    for pair in [&mut pair, &mut reloaded] {
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
            let response = pair.run(9, command);
            assert!(response.reply.starts_with("CORRUPT "), "{command}: {}", response.reply);
            assert_eq!(response.events, "", "{command}");
        }
        assert_eq!(pair.run(9, "expire 9").events, "", "no hold expires");
        assert_eq!(pair.run(4, "ORDER a").reply, "a ann 1 HELD at 0 until 5 seq 2");
        assert_eq!(pair.run(4, "BUYER ann").reply, "held 1 sold 0 orders a");
        assert_eq!(pair.run(4, "EVENTS 1").reply, "2/100@0 HELD a ann 1 until 5");
        assert!(pair.run(4, "INFO").reply.ends_with("diverged 1"));
        assert_eq!(pair.primary.audit(), Err(AuditError::Diverged));
        assert!(pair.run(4, "AUDIT").reply.starts_with("CORRUPT "));
    }
}

#[test]
fn a_copy_that_diverged_applies_nothing_more() {
    let Pair { mut primary, mut replica, .. } = scenario(&[
        (0, "CREATE STOCK 9", "OK", "CREATED 9 limit 0 hold 0 window 0-0"),
        (0, "BUY ann a", "SOLD", "SOLD a ann 1"),
    ]);
    let mut missed = Vec::new();
    let before = primary.seq();
    let alteration = Alteration { limit: Some(1), ..Alteration::default() };
    let moment = Pair::new().moment(0);
    let decision = primary.decide(&Request::Alter(alteration), &moment);
    primary.commit(&decision).unwrap();
    primary.encode_batch(before, usize::MAX, &mut missed).unwrap();
    assert_eq!(replica.apply_batch(b"", Origin::Trusted), Err(ApplyError::Malformed(MalformedBatch::Head)));
    assert_eq!(
        replica.apply_batch(&missed, Origin::Trusted),
        Err(ApplyError::Diverged),
        "though it is the next one"
    );
    assert_eq!((replica.seq(), replica.next_deadline()), (before, None));
}
