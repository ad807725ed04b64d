//! What is simulated, and what came of it.

use hdrhistogram::Histogram;

use super::clock::{MS, Ns, SECOND};

pub(super) const SERVERS: usize = 64;
pub(super) const PROCESSES: usize = 1_000;

/// Latencies are counted in µs, up to ten minutes.
const LONGEST_US: u64 = 600_000_000;
const DIGITS: u8 = 2;

/// A sale, and who buys.
#[derive(Clone, Copy, serde::Serialize)]
pub(crate) struct Scenario {
    pub(super) servers: usize,
    pub(super) shards: usize,
    pub(super) stock: u64,
    /// The stock of the n-th shard is in proportion to 1/n; else all have the same.
    pub(super) is_skewed: bool,
    /// Units that come back each second, as by cancellations, to random shards.
    pub(super) returned: u64,
    pub(super) processes: usize,
    pub(super) buyers: u64,
    /// In which all buyers come, evenly.
    pub(super) time: Ns,
    /// Between client and server, and back.
    pub(super) round_trip: Ns,
}

impl Scenario {
    /// In a data centre.
    pub(super) fn new(shards: usize, stock: u64, buyers: u64) -> Self {
        Self {
            servers: SERVERS,
            shards,
            stock,
            is_skewed: false,
            returned: 0,
            processes: PROCESSES,
            buyers,
            time: 5 * SECOND,
            round_trip: MS / 2,
        }
    }

    pub(super) fn skewed(self) -> Self {
        Self { is_skewed: true, ..self }
    }

    pub(super) fn returning(self, units: u64) -> Self {
        Self { returned: units, ..self }
    }

    /// The server that has a shard.
    pub(super) fn server_of(&self, shard: usize) -> usize {
        shard * self.servers / self.shards
    }

    /// The stock of each shard. The large ones are on all servers.
    pub(super) fn stocks(&self) -> Vec<u64> {
        let weight = |rank: usize| if self.is_skewed { 1.0 / (rank + 1) as f64 } else { 1.0 };
        let sum: f64 = (0..self.shards).map(weight).sum();
        let mut left = self.stock;
        let mut stocks = vec![0; self.shards];
        for rank in (0..self.shards).rev() {
            let part = if rank == 0 { left } else { (self.stock as f64 * weight(rank) / sum) as u64 };
            // Odd, so that each shard has one rank.
            stocks[rank * 619 % self.shards] = part;
            left -= part;
        }
        stocks
    }
}

/// What came of it.
pub(super) struct Tally {
    pub(super) accepted: Histogram<u64>,
    /// By a server, with the search for units, in µs.
    pub(super) refused: Histogram<u64>,
    pub(super) refused_from_memory: u64,
    /// Purchases of which nothing was known in time.
    pub(super) failed: u64,
    /// When so many units were sold: 99 %, and all but those that came back.
    pub(super) almost_sold_out: Option<Ns>,
    pub(super) sold_out: Option<Ns>,
    /// When the last purchase that went to a server was answered.
    pub(super) last_call: Ns,
    pub(super) transfers: u64,
    pub(super) units: u64,
    pub(super) looks: u64,
    /// Reads of INFO.
    pub(super) infos: u64,
    pub(super) pushes: u64,
    /// Turns that were waited for in vain.
    pub(super) turns_in_vain: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        let latencies = || Histogram::new_with_max(LONGEST_US, DIGITS).expect("the bounds of a histogram");
        Self {
            accepted: latencies(),
            refused: latencies(),
            refused_from_memory: 0,
            failed: 0,
            almost_sold_out: None,
            sold_out: None,
            last_call: 0,
            transfers: 0,
            units: 0,
            looks: 0,
            infos: 0,
            pushes: 0,
            turns_in_vain: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_units_are_in_some_shard() {
        let scenario = Scenario::new(1_024, 100_000, 1);
        for scenario in [scenario, scenario.skewed()] {
            assert_eq!(scenario.stocks().iter().sum::<u64>(), 100_000);
        }
        let skewed = scenario.skewed().stocks();
        assert_eq!(skewed.iter().filter(|stock| **stock > 1_000).count(), 13);
    }
}
