//! When the held units of a sale fall due, as its events say.

use std::collections::HashMap;

use seckill_client::{Event, EventKind, Info, State};

/// Holds that are kept. Further ones count as those whose deadline is not known.
const MAX_HOLDS: usize = 200_000;
const MINUTE: u64 = 60_000;

/// The holds that are left after the events that were read.
#[derive(Debug, Default)]
pub(super) struct Holds {
    by_order: HashMap<Vec<u8>, Hold>,
    /// The `seq` and the term of the last event that was read.
    pub(super) position: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    deadline: u64,
    units: u64,
}

/// When held units fall due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// The next deadline that is known, in unix ms.
    pub(super) next: Option<u64>,
    pub(super) within_a_minute: u64,
    pub(super) later: u64,
    /// Units whose deadline is in events that were not read.
    pub(super) unknown: u64,
    /// Events that are still to be read.
    pub(super) unread: u64,
}

impl Holds {
    /// Takes over the next event.
    pub(super) fn push(&mut self, event: &Event) {
        self.position = Some((event.seq, event.term));
        let EventKind::Order { state, order, qty, deadline, .. } = &event.kind else { return };
        match (state, deadline) {
            (State::Held, Some(deadline)) => {
                if self.by_order.len() < MAX_HOLDS || self.by_order.contains_key(order) {
                    self.by_order.insert(order.clone(), Hold { deadline: *deadline, units: u64::from(*qty) });
                }
            }
            _ => drop(self.by_order.remove(order)),
        }
    }

    /// When the units fall due that the sale holds by these figures.
    pub(super) fn due(&self, info: &Info) -> Due {
        let mut due = Due {
            next: self.by_order.values().map(|hold| hold.deadline).min(),
            unread: info.seq.saturating_sub(self.position.map_or(0, |(seq, _)| seq)),
            ..Due::default()
        };
        for Hold { deadline, units } in self.by_order.values() {
            let part = if *deadline <= info.now + MINUTE { &mut due.within_a_minute } else { &mut due.later };
            *part += units;
        }
        due.unknown = info.held.saturating_sub(due.within_a_minute + due.later);
        due
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_sale::info;
    use super::*;

    fn event(seq: u64, order: &str, state: &str, deadline: Option<u64>) -> Event {
        let kind = json!({ "order": { "state": state, "order": order, "buyer": "ann", "qty": 2, "deadline": deadline } });
        serde_json::from_value(json!({ "seq": seq, "term": 1, "at": 1, "kind": kind })).unwrap()
    }

    fn due(holds: &Holds, held: u64) -> Due {
        holds.due(&info(json!({ "held": held, "now": 1_000, "seq": 5 })))
    }

    #[test]
    fn a_hold_is_due_at_its_last_deadline() {
        let mut holds = Holds::default();
        holds.push(&event(1, "a", "HELD", Some(5_000)));
        holds.push(&event(2, "b", "HELD", Some(90_000)));
        holds.push(&event(3, "a", "HELD", Some(7_000)));
        let expected = Due { next: Some(7_000), within_a_minute: 2, later: 2, unknown: 0, unread: 2 };
        assert_eq!(due(&holds, 4), expected);
        holds.push(&event(4, "a", "SOLD", None));
        assert_eq!(due(&holds, 2), Due { next: Some(90_000), later: 2, unread: 1, ..Due::default() });
        holds.push(&event(5, "b", "EXPIRED", None));
        assert_eq!(due(&holds, 3), Due { unknown: 3, ..Due::default() });
    }

    #[test]
    fn holds_are_bounded() {
        let mut holds = Holds::default();
        for number in 0..MAX_HOLDS as u64 + 10 {
            holds.push(&event(number, &number.to_string(), "HELD", Some(1)));
        }
        assert_eq!(holds.by_order.len(), MAX_HOLDS);
        assert_eq!(due(&holds, 2 * MAX_HOLDS as u64 + 20).unknown, 20);
    }
}
