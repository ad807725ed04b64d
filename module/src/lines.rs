//! Who waits for which lock, and when to look at a lock that is waited for.
//!
//! The server reports most of what frees a lock, but not all, and the expiry of a key with delay. So each line is
//! looked at when the lease ends, and again and again while it lasts.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use seckill_core::protocol::{Millis, UnixMs};
use seckill_core::waiting::Lines;

use crate::clocks;
use crate::key_name::KeyName;
use crate::redis::{Context, Str, Timer};

/// How often a lock that is waited for is looked at, if nothing is known of it.
const RECHECK: u64 = 1_000;
/// The same on a server that does not report what happens to keys.
const RECHECK_UNREPORTED: u64 = 100;

static LINES: Mutex<Lines<Arc<KeyName>>> = Mutex::new(Lines::new());
static IN_USE: AtomicBool = AtomicBool::new(false);
static WAITERS: AtomicUsize = AtomicUsize::new(0);
static UNREPORTED: AtomicBool = AtomicBool::new(false);

/// Fires when a lock is to be looked at.
pub(crate) static TIMER: Timer = Timer::new();

/// Whether anybody waits for a lock, or gets one now. All calls ask this first.
#[inline]
pub(crate) fn are_in_use() -> bool {
    IN_USE.load(Relaxed)
}

/// Reads or changes the lines. They are locked meanwhile, so no client may be unblocked.
pub(crate) fn with<T>(act: impl FnOnce(&mut Lines<Arc<KeyName>>) -> T) -> T {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let result = act(&mut lines);
    IN_USE.store(!lines.is_empty(), Relaxed);
    WAITERS.store(lines.len(), Relaxed);
    result
}

/// The server does not report what happens to keys.
pub(crate) fn watch_unreported() {
    UNREPORTED.store(true, Relaxed);
}

/// After which time a lock is looked at again.
pub(crate) fn recheck() -> Millis {
    if !UNREPORTED.load(Relaxed) {
        return Millis(RECHECK);
    }
    // At most so many are looked at in a ms.
    const LOOKS: usize = 20;
    let turn = u64::try_from(len() / LOOKS).unwrap_or(u64::MAX);
    Millis(turn.clamp(RECHECK_UNREPORTED, RECHECK))
}

/// When to look at a lock whose lease ends at this instant. The server deletes a key when its expiry has passed.
pub(crate) fn next_check(lease_end: Option<UnixMs>) -> UnixMs {
    let recheck = clocks::now().to_ms().plus(recheck());
    lease_end.map_or(recheck, |end| end.plus(Millis(1)).min(recheck))
}

/// Sets the timer for the first lock to look at. Only a primary grants locks.
pub(crate) fn arm(context: &Context) {
    if are_in_use()
        && context.flags().is_primary()
        && let Some(due) = with(|lines| lines.next_check())
    {
        TIMER.set(context, due.0);
    }
}

/// The lock at a key may have changed hands. It is looked at when the present command has ended.
pub(crate) fn touch(context: &Context, key: Str<'_>) {
    if are_in_use() && check_at(context, key, clocks::now().to_ms()) {
        TIMER.soon(context);
    }
}

/// Looks at the lock at a key in `check`, if anybody waits for it. Whether anybody does.
pub(crate) fn check_at(context: &Context, key: Str<'_>, check: UnixMs) -> bool {
    let lock = KeyName::new(context.db(), key.bytes());
    with(|lines| lines.check_at(&lock, check))
}

/// The same for all locks of a database; `None`: of all.
pub(crate) fn touch_all(context: &Context, db: Option<i32>) {
    if are_in_use() {
        let now = clocks::now().to_ms();
        with(|lines| lines.check_all_at(now, |lock| db.is_none_or(|db| lock.db == db)));
        TIMER.soon(context);
    }
}

/// How many callers wait for locks.
pub(crate) fn len() -> usize {
    WAITERS.load(Relaxed)
}
