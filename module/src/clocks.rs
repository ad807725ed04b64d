//! The present time, and the numbers that come from it: fences, terms, the leadership epoch.
//!
//! The server calls on one thread. The statics are atomic or locked because Rust demands it of statics, not
//! because anything races.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seckill_core::Origin;
use seckill_core::clock::HybridClock;
use seckill_core::protocol::{Epoch, FOREIGN_LEAD, Fence, Term, UnixMicros};

use crate::redis::{Context, monotonic_time, unix_time};

/// The present time. A decision is made with one reading.
pub(crate) fn now() -> UnixMicros {
    UnixMicros(u64::try_from(unix_time().as_micros()).unwrap_or(u64::MAX))
}

/// The unix time less the monotonic one at the last call of [`step`], in µs; 0 before the first.
static LEAD: AtomicI64 = AtomicI64::new(0);

/// By how many µs the clock was set since the last call, if by more than a second. A machine that was suspended
/// counts as one whose clock was set forward.
pub(crate) fn step() -> Option<i64> {
    const LEAST: u64 = 1_000_000;
    let lead = unix_time().as_micros().saturating_sub(monotonic_time().as_micros());
    let lead = i64::try_from(lead).unwrap_or(i64::MAX);
    let before = LEAD.swap(lead, Relaxed);
    let step = lead.saturating_sub(before);
    (before != 0 && step.unsigned_abs() > LEAST).then_some(step)
}

/// The clock of fences.
static FENCES: Mutex<HybridClock<Fence>> = Mutex::new(HybridClock::new());
/// The clock of terms. When many terms begin at once it runs ahead of the time, which the clock of fences
/// must not: fences rise from one server to the next because both follow the time.
static TERMS: Mutex<HybridClock<Term>> = Mutex::new(HybridClock::new());

fn lock<T>(clock: &'static Mutex<HybridClock<T>>) -> MutexGuard<'static, HybridClock<T>> {
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out a fence.
pub(crate) fn next_fence(now: UnixMicros) -> Fence {
    lock(&FENCES).advance(now)
}

/// Observes a fence that another server gave out, or this one before a restart.
pub(crate) fn observe_fence(seen: Fence) {
    lock(&FENCES).observe(seen);
}

/// The last fence given out or observed.
pub(crate) fn last_fence() -> Fence {
    lock(&FENCES).last()
}

/// The term that would begin now.
pub(crate) fn next_term(now: UnixMicros) -> Term {
    lock(&TERMS).term(now, epoch().mark())
}

/// The latest term or fence, in µs, that is accepted from a client now.
pub(crate) fn latest_foreign() -> u64 {
    now().0.saturating_add(FOREIGN_LEAD)
}

/// What a client sent.
pub(crate) fn foreign() -> Origin {
    Origin::Foreign { latest_term: Term(latest_foreign()) }
}

/// A copy of the clock of terms.
pub(crate) fn terms() -> HybridClock<Term> {
    *lock(&TERMS)
}

/// Observes a term that began, here or elsewhere.
pub(crate) fn observe_term(seen: Term) {
    lock(&TERMS).observe(seen);
}

static EPOCH: AtomicU64 = AtomicU64::new(0);

/// The leadership epoch of this server.
pub(crate) fn epoch() -> Epoch {
    Epoch(EPOCH.load(Relaxed))
}

/// Begins the next leadership epoch: when the module is loaded, and with each change of role.
pub(crate) fn begin_epoch() {
    let mark = u16::from_le_bytes(Context::random());
    EPOCH.store(epoch().next(mark).0, Relaxed);
}
