//! A queue of deadlines. It returns what is due; the caller acts on it.

use std::collections::BTreeMap;

use crate::protocol::{Millis, UnixMs};

/// An entry that is overdue by more than this was not acted on, and never will be.
const STALE_AFTER: Millis = Millis(1_000);

/// The place of an entry in a queue. It takes a ticket to cancel an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    due: UnixMs,
    number: u64,
}

impl Ticket {
    /// Whether the entry serves a deadline: it is due no later, and not stale.
    #[must_use]
    pub fn serves(&self, deadline: UnixMs, now: UnixMs) -> bool {
        self.due <= deadline && now <= self.due.plus(STALE_AFTER)
    }
}

/// Entries with a deadline each, the earliest first. Entries of one deadline keep the order in which they
/// came.
#[derive(Debug)]
pub struct Deadlines<T> {
    entries: BTreeMap<Ticket, T>,
    /// How many entries there ever were.
    pushed: u64,
}

impl<T> Deadlines<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: BTreeMap::new(), pushed: 0 }
    }

    /// Adds an entry.
    pub fn push(&mut self, due: UnixMs, entry: T) -> Ticket {
        self.pushed = self.pushed.saturating_add(1);
        let ticket = Ticket { due, number: self.pushed };
        self.entries.insert(ticket, entry);
        ticket
    }

    /// Takes an entry out, if it is still there.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        self.entries.remove(&ticket)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next_due(&self) -> Option<UnixMs> {
        self.entries.first_key_value().map(|(ticket, _)| ticket.due)
    }

    /// Takes out the earliest entry, if it is due.
    pub fn pop_due(&mut self, now: UnixMs) -> Option<T> {
        let first = self.entries.first_entry().filter(|first| first.key().due <= now)?;
        Some(first.remove())
    }

    /// Every entry, to change it.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.values_mut()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for Deadlines<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(u64),
        Cancel(usize),
        PopDue(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..50_u64).prop_map(Step::Push),
            (0..100_usize).prop_map(Step::Cancel),
            (0..60_u64).prop_map(Step::PopDue),
        ]
    }

    proptest! {
        /// The model is a list that is searched from its front for the earliest deadline.
        #[test]
        fn is_a_list_ordered_by_deadline_and_arrival(steps in prop::collection::vec(step(), 0..300)) {
            let mut queue = Deadlines::new();
            let mut model: Vec<(u64, usize)> = Vec::new();
            let mut tickets = Vec::new();
            for step in steps {
                match step {
                    Step::Push(due) => {
                        let ticket = queue.push(UnixMs(due), tickets.len());
                        prop_assert!(ticket.serves(UnixMs(due), UnixMs(0)));
                        model.push((due, tickets.len()));
                        tickets.push(ticket);
                    }
                    Step::Cancel(entry) => {
                        let Some(ticket) = tickets.get(entry) else { continue };
                        let expected = model.iter().position(|(_, known)| *known == entry);
                        prop_assert_eq!(queue.cancel(*ticket), expected.map(|place| model.remove(place).1));
                    }
                    Step::PopDue(now) => {
                        let due = model.iter().enumerate().filter(|(_, (due, _))| *due <= now);
                        let first = due.min_by_key(|(_, entry)| **entry).map(|(place, _)| place);
                        prop_assert_eq!(queue.pop_due(UnixMs(now)), first.map(|place| model.remove(place).1));
                    }
                }
                prop_assert_eq!(queue.next_due(), model.iter().map(|(due, _)| UnixMs(*due)).min());
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }

    #[test]
    fn an_entry_serves_a_later_deadline_until_it_is_stale() {
        let ticket = Deadlines::new().push(UnixMs(50), ());
        let serves = |deadline, now| ticket.serves(UnixMs(deadline), UnixMs(now));
        assert!(serves(50, 0) && serves(99, 1_050));
        assert!(!serves(49, 0), "it would come too late");
        assert!(!serves(99, 1_051), "it is stale");
    }

    #[test]
    fn an_entry_is_due_at_its_deadline() {
        let mut queue = Deadlines::new();
        queue.push(UnixMs(5), "a");
        assert_eq!(queue.pop_due(UnixMs(4)), None);
        assert_eq!(queue.pop_due(UnixMs(5)), Some("a"));
        assert!(queue.is_empty());
    }
}
