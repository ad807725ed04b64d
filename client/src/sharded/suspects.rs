//! Shards that did not do their half of a transfer in time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long other shards are preferred to one that did not answer.
const SUSPECT_FOR: Duration = Duration::from_secs(10);
/// How long the transfers under way of such a shard are not tried again.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(1);

/// When each shard failed last.
#[derive(Default)]
pub(super) struct Suspects(Mutex<HashMap<usize, Instant>>);

impl Suspects {
    pub(super) fn note(&self, shard: usize) {
        let mut failed = self.lock();
        failed.retain(|_, at| at.elapsed() < SUSPECT_FOR);
        failed.insert(shard, Instant::now());
    }

    /// Whether the shard failed a short time ago, so that it may again.
    pub(super) fn has(&self, shard: usize) -> bool {
        self.failed_within(shard, SUSPECT_FOR)
    }

    /// Whether it failed just now.
    pub(super) fn is_left_alone(&self, shard: usize) -> bool {
        self.failed_within(shard, LEFT_ALONE_FOR)
    }

    fn failed_within(&self, shard: usize, time: Duration) -> bool {
        self.lock().get(&shard).is_some_and(|at| at.elapsed() < time)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
