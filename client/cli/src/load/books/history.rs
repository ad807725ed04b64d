//! The states that an order went through.

use std::fmt;

use crate::load::told::Status;

/// The states of an order by its events, the first one first. No order has more than three: held, sold, cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct History {
    first: Status,
    then: [Option<Status>; 2],
}

impl History {
    pub(super) fn begin(first: Status) -> Self {
        Self { first, then: [None; 2] }
    }

    pub(super) fn states(&self) -> impl Iterator<Item = Status> {
        [Some(self.first), self.then[0], self.then[1]].into_iter().flatten()
    }

    pub(super) fn last(&self) -> Status {
        self.states().last().unwrap_or(self.first)
    }

    /// Goes on to a state; `false` when no rule leads there.
    pub(super) fn go(&mut self, to: Status) -> bool {
        use Status::{Cancelled, Expired, Held, Sold};
        let is_possible = matches!((self.last(), to), (Held, Sold | Cancelled | Expired) | (Sold, Cancelled));
        match self.then.iter_mut().find(|state| state.is_none()) {
            Some(next) if is_possible => *next = Some(to),
            _ => return false,
        }
        true
    }
}

/// `HELD, SOLD`.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.then.iter().flatten().try_for_each(|state| write!(f, ", {state}"))
    }
}
