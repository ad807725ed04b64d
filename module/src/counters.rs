//! What is counted since the module was loaded, for INFO.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use seckill_core::protocol::{Error, Refusal};

/// A counter, or a maximum.
pub(crate) struct Counter {
    name: &'static str,
    value: AtomicU64,
}

impl Counter {
    const fn new(name: &'static str) -> Self {
        Self { name, value: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, count: usize) {
        self.value.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Relaxed);
    }

    /// Keeps a number, if it is the greatest so far.
    pub(crate) fn record(&self, number: u64) {
        self.value.fetch_max(number, Relaxed);
    }
}

/// Locks that were granted.
pub(crate) static GRANTS: Counter = Counter::new("grants");
/// Calls of LOCK that had to wait.
pub(crate) static WAITS: Counter = Counter::new("waits");
/// Locks that were granted to callers that waited.
pub(crate) static HANDOFFS: Counter = Counter::new("handoffs");
/// The longest time that a caller waited until it was granted the lock, in ms.
pub(crate) static LONGEST_WAIT: Counter = Counter::new("longest_wait_ms");
/// Orders that became held or sold.
pub(crate) static ORDERS_ACCEPTED: Counter = Counter::new("orders_accepted");
/// Commands that were refused because the sale has as much as it may have.
static REFUSED_FULL: Counter = Counter::new("refused_full");
/// Held orders that passed their deadline.
pub(crate) static HOLDS_EXPIRED: Counter = Counter::new("holds_expired");
/// The most processor time that the timer spent at once on expiring holds, in µs.
pub(crate) static LONGEST_SWEEP: Counter = Counter::new("longest_sweep_us");
/// Sales that were marked diverged.
pub(crate) static SALES_DIVERGED: Counter = Counter::new("sales_diverged");

/// Sales that the server evicted.
pub(crate) static EVICTED_SALES: Counter = Counter::new("evicted_sales");
/// Other keys that the server evicted. Locks are among them.
pub(crate) static EVICTED_OTHER_KEYS: Counter = Counter::new("evicted_other_keys");

/// In the order of [`Refusal::ALL`].
static REFUSALS: [AtomicU64; Refusal::ALL.len()] = [const { AtomicU64::new(0) }; Refusal::ALL.len()];

pub(crate) fn count_refusal(refusal: Refusal) {
    if let Some(count) = REFUSALS.get(refusal as usize) {
        count.fetch_add(1, Relaxed);
    }
}

pub(crate) fn count_error(error: &Error) {
    if matches!(error, Error::Full { .. }) {
        REFUSED_FULL.add(1);
    }
}

/// All of them, with their names.
pub(crate) fn all() -> impl Iterator<Item = (String, u64)> {
    let counters = [
        &GRANTS,
        &WAITS,
        &HANDOFFS,
        &LONGEST_WAIT,
        &ORDERS_ACCEPTED,
        &HOLDS_EXPIRED,
        &LONGEST_SWEEP,
        &SALES_DIVERGED,
        &EVICTED_SALES,
        &EVICTED_OTHER_KEYS,
    ];
    let refusals = Refusal::ALL.iter().zip(&REFUSALS).map(|(refusal, count)| {
        (format!("refused_{}", refusal.as_str().to_ascii_lowercase()), count.load(Relaxed))
    });
    let named = |counter: &Counter| (counter.name.to_owned(), counter.value.load(Relaxed));
    counters.into_iter().map(named).chain(refusals).chain([named(&REFUSED_FULL)])
}
