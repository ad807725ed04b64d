//! Which sale has holds that fall due, and when.
//!
//! The schedule is a queue of hints: at this instant, look at that key. A sale has one hint at most. Keys are
//! renamed and swapped without notice, so the caller that acts on a hint opens the key first and looks.
//! Replicas keep the schedule, too: when one is promoted, it is complete.

use std::sync::{Mutex, MutexGuard, PoisonError};

use seckill_core::deadlines::{Deadlines, Ticket};
use seckill_core::protocol::UnixMs;

use crate::clocks;
use crate::key_name::KeyName;
use crate::redis::{Context, Timer};

/// What a hint takes, in bytes: its share of a node of the tree, and a short key.
pub(crate) const HINT_MEMORY: usize = 96;

/// Kept by the sale that the hint is for. Dropping it cancels the hint.
#[derive(Debug)]
pub(crate) struct Scheduled(Ticket);

impl Drop for Scheduled {
    fn drop(&mut self) {
        queue().cancel(self.0);
    }
}

/// Locked for moments only. The server may free a sale on another thread.
static QUEUE: Mutex<Deadlines<KeyName>> = Mutex::new(Deadlines::new());

/// Fires when the first hint is due.
pub(crate) static TIMER: Timer = Timer::new();

fn queue() -> MutexGuard<'static, Deadlines<KeyName>> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a hint.
pub(crate) fn push(due: UnixMs, hint: KeyName) -> Scheduled {
    Scheduled(queue().push(due, hint))
}

/// Ensures that a sale has a hint that serves its next deadline. Returns whether it got a new one.
///
/// A stale hint names a key at which the sale is not any more.
pub(crate) fn update(
    scheduled: &mut Option<Scheduled>,
    deadline: Option<UnixMs>,
    db: i32,
    key: &[u8],
) -> bool {
    let Some(due) = deadline else { return false };
    let serves = |Scheduled(ticket): &Scheduled| ticket.serves(due, clocks::now().to_ms());
    if scheduled.as_ref().is_some_and(serves) {
        return false;
    }
    *scheduled = Some(push(due, KeyName::new(db, key)));
    true
}

/// Takes out the first hint, if it is due.
pub(crate) fn pop_due(now: UnixMs) -> Option<KeyName> {
    queue().pop_due(now)
}

/// Sets the timer for the first hint. Only a primary acts on hints.
pub(crate) fn arm(context: &Context) {
    if !context.flags().is_primary() {
        return;
    }
    let first = queue().next_due();
    if let Some(due) = first {
        TIMER.set(context, due.0);
    }
}

/// Two databases changed places.
pub(crate) fn swap(first: i32, second: i32) {
    for hint in queue().iter_mut() {
        hint.db = match hint.db {
            db if db == first => second,
            db if db == second => first,
            db => db,
        };
    }
}

/// How many sales have a hint.
pub(crate) fn len() -> u64 {
    u64::try_from(queue().len()).unwrap_or(u64::MAX)
}
