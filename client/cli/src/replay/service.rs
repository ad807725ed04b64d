//! The user service, which every handler asks about its buyer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::load::Load;

/// A service that stalls from time to time, as under high load, and counts the requests that ask it at the
/// same time.
#[derive(Debug)]
pub(super) struct UserService {
    began: Instant,
    /// How long it stalls at a time, in µs.
    stall: u64,
    /// From the beginning of a stall to that of the next, in µs.
    cycle: u64,
    now: AtomicU64,
    most: AtomicU64,
}

/// A check that runs, until it is done or abandoned.
struct Running<'a>(&'a UserService);

impl<'a> Running<'a> {
    fn begin(service: &'a UserService) -> Self {
        let now = service.now.fetch_add(1, Ordering::Relaxed) + 1;
        service.most.fetch_max(now, Ordering::Relaxed);
        Self(service)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UserService {
    /// The service with the latencies of this load. Its first stall begins at `began`.
    pub(super) fn new(load: &Load, began: Instant) -> Self {
        let percent = u64::from(load.slow_percent);
        let stall = if percent == 0 { 0 } else { load.slow_ms.saturating_mul(1_000) };
        let cycle = stall.saturating_mul(100).checked_div(percent).unwrap_or_default();
        Self { began, stall, cycle, now: AtomicU64::new(0), most: AtomicU64::new(0) }
    }

    /// Checks a buyer, who always passes. Takes `latency` after the stall, if there is one.
    pub(super) async fn check(&self, latency: Duration) {
        let _running = Running::begin(self);
        tokio::time::sleep(self.rest_of_stall(self.began.elapsed()) + latency).await;
    }

    /// The most checks at once so far.
    pub(super) fn most_at_once(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// What is left of the current stall, this long after the beginning.
    fn rest_of_stall(&self, after: Duration) -> Duration {
        let now = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        // Without stalls there is no cycle.
        let within = now.checked_rem(self.cycle).unwrap_or_default();
        Duration::from_micros(self.stall.saturating_sub(within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(slow_ms: u64, slow_percent: u8, after_ms: u64) -> u128 {
        let load = Load { slow_ms, slow_percent, ..Load::SMALL };
        let service = UserService::new(&load, Instant::now());
        service.rest_of_stall(Duration::from_millis(after_ms)).as_millis()
    }

    #[test]
    fn it_stalls_at_first_and_then_in_every_cycle() {
        assert_eq!([0, 30, 99, 100, 249].map(|after| rest(100, 40, after)), [100, 70, 1, 0, 0]);
        assert_eq!([250, 300, 350].map(|after| rest(100, 40, after)), [100, 50, 0]);
    }

    #[test]
    fn it_may_never_stall_or_always() {
        assert_eq!([0, 50, 100].map(|after| rest(100, 0, after)), [0, 0, 0]);
        assert_eq!([0, 50, 100].map(|after| rest(0, 40, after)), [0, 0, 0]);
        assert_eq!([0, 50, 100].map(|after| rest(100, 100, after)), [100, 50, 100]);
    }
}
