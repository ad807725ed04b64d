//! When the load ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Lets purchases begin until there were enough, the time is up, or it is closed.
pub(super) struct Gate {
    next: AtomicU64,
    orders: Option<u64>,
    until: Option<Instant>,
    is_closed: AtomicBool,
}

impl Gate {
    pub(super) fn new(orders: Option<u64>, until: Option<Instant>) -> Self {
        Self { next: AtomicU64::new(0), orders, until, is_closed: AtomicBool::new(false) }
    }

    /// The number of the next purchase, which begins now.
    pub(super) fn enter(&self) -> Option<u64> {
        if self.is_closed.load(Relaxed) || self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let number = self.next.fetch_add(1, Relaxed);
        self.orders.is_none_or(|orders| number < orders).then_some(number)
    }

    /// Lets no more purchases begin.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Relaxed);
    }
}
