//! Who waits for the events of which sale.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seckill_core::waiting::{Pace, Readers};

use crate::key_name::KeyName;
use crate::redis::{Context, Str, Timer, cpu_time, monotonic_time};

static READERS: Mutex<Readers<Arc<KeyName>>> = Mutex::new(Readers::new());
static IN_USE: AtomicBool = AtomicBool::new(false);
static PACE: Mutex<Pace> = Mutex::new(Pace::new());

/// Fires when there are readers to look at.
pub(crate) static TIMER: Timer = Timer::new();

/// Reads or changes who waits. That is locked meanwhile, so no client may be unblocked.
pub(crate) fn with<T>(act: impl FnOnce(&mut Readers<Arc<KeyName>>) -> T) -> T {
    let mut readers = READERS.lock().unwrap_or_else(PoisonError::into_inner);
    let result = act(&mut readers);
    IN_USE.store(!readers.is_empty(), Relaxed);
    result
}

/// The sale at a key changed. Its readers are looked at when the present command has ended.
#[inline]
pub(crate) fn sale_changed(context: &Context, key: Str<'_>) {
    if are_in_use() {
        let sale = KeyName::new(context.db(), key.bytes());
        // If they are looked at already, the timer is set.
        if with(|readers| readers.changed(&sale)) {
            TIMER.soon(context);
        }
    }
}

/// All sales of a database may have changed; `None`: those of all.
pub(crate) fn all_changed(context: &Context, db: Option<i32>) {
    if are_in_use() {
        with(|readers| readers.all_changed(|sale| db.is_none_or(|db| sale.db == db)));
        TIMER.soon(context);
    }
}

static RECHECKED_AT: AtomicU64 = AtomicU64::new(0);

/// Looks at some sales again, so that each has its turn within a second: the server does not report all that happens
/// to a key.
pub(crate) fn recheck(context: &Context) {
    const PERIOD: u64 = 900_000;
    if !are_in_use() {
        return;
    }
    let now = us(monotonic_time());
    let passed = now.saturating_sub(RECHECKED_AT.load(Relaxed)).min(PERIOD);
    let sales = u64::try_from(with(|readers| readers.sales())).unwrap_or(u64::MAX);
    let count = sales.saturating_mul(passed) / PERIOD;
    if count > 0 {
        RECHECKED_AT.store(now, Relaxed);
        with(|readers| readers.recheck(usize::try_from(count).unwrap_or(usize::MAX)));
        TIMER.soon(context);
    }
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Whether any reader waits. All calls ask this first.
#[inline]
pub(crate) fn are_in_use() -> bool {
    IN_USE.load(Relaxed)
}

/// Whether another reader may be served now.
pub(crate) fn may_be_served() -> bool {
    pace(|pace| pace.allows(us(monotonic_time()), || us(cpu_time())))
}

/// Reads or changes the budget.
pub(crate) fn pace<T>(act: impl FnOnce(&mut Pace) -> T) -> T {
    act(&mut PACE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How many readers wait.
pub(crate) fn len() -> usize {
    with(|readers| readers.len())
}
