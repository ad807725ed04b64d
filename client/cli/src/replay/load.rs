//! The load of a strategy. The same for all strategies.

use std::time::Duration;

use fastrand::Rng;

/// The load and its times.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct Load {
    /// Bottles for sale
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub bottles: u32,
    /// Buyers who come all at once, each for one bottle
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub buyers: u32,
    /// Connections that the handlers share
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: u16,
    /// Lease of the lock
    #[arg(long, default_value_t = 50, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    pub lease_ms: u64,
    /// Latency of the user service, give or take half of it
    #[arg(long, default_value_t = 5, value_name = "MS")]
    pub fast_ms: u64,
    /// How long the user service stalls at a time, first when the sale opens
    #[arg(long, default_value_t = 200, value_name = "MS")]
    pub slow_ms: u64,
    /// How much of the time the user service stalls
    #[arg(long, default_value_t = 40, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub slow_percent: u8,
    /// Pause before a busy lock is tried again, give or take half of it
    #[arg(long, default_value_t = 100, value_name = "MS")]
    pub backoff_ms: u64,
    /// A buyer who was not served by then gives up
    #[arg(long, default_value_t = 15_000, value_name = "MS")]
    pub deadline_ms: u64,
    /// Seed of latencies and pauses
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

impl Load {
    /// The lease of the lock.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// When buyers give up, counted from the beginning.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// The random numbers of one buyer: the same for every strategy.
    pub(super) fn rng(&self, buyer: u32) -> Rng {
        Rng::with_seed(self.seed.wrapping_add(u64::from(buyer) << 32))
    }

    /// How long the user service takes for a check when it does not stall.
    pub(super) fn latency(&self, rng: &mut Rng) -> Duration {
        around(self.fast_ms, rng)
    }

    /// How long to wait before a busy lock is tried again.
    pub(super) fn backoff(&self, rng: &mut Rng) -> Duration {
        around(self.backoff_ms, rng)
    }
}

fn around(ms: u64, rng: &mut Rng) -> Duration {
    Duration::from_millis(ms).mul_f64(0.5 + rng.f64())
}

#[cfg(test)]
impl Load {
    /// Three bottles for five buyers.
    pub(super) const SMALL: Self = Self {
        bottles: 3,
        buyers: 5,
        connections: 1,
        lease_ms: 10,
        fast_ms: 4,
        slow_ms: 100,
        slow_percent: 40,
        backoff_ms: 20,
        deadline_ms: 1_000,
        seed: 1,
    };
}
