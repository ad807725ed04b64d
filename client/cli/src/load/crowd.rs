//! The buyers, and how often each of them comes.

use std::sync::Arc;

/// Buyers 1, 2 …, of whom buyer k comes in proportion to 1 / k^skew.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    /// The weights, each added to those before it.
    sums: Arc<[f64]>,
}

impl Crowd {
    pub(super) fn new(buyers: u32, skew: f64) -> Self {
        let weights = (1..=buyers).map(|buyer| f64::from(buyer).powf(-skew));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// The buyer at this quantile, which is below 1.
    pub(super) fn at(&self, quantile: f64) -> u32 {
        let all = self.sums.last().copied().unwrap_or_default();
        let before = self.sums.partition_point(|sum| *sum <= quantile * all);
        before.saturating_add(1).min(self.sums.len()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyer_comes_in_proportion_to_the_weight() {
        const DRAWS: u32 = 1_000_000;
        for skew in [0.0, 0.5, 1.0, 2.0, 10.0] {
            let crowd = Crowd::new(100, skew);
            let mut counts = [0; 100];
            for draw in 0..DRAWS {
                let buyer = crowd.at(f64::from(draw) / f64::from(DRAWS));
                counts[buyer as usize - 1] += 1;
            }
            let all: f64 = (1..=100).map(|k| 1.0 / f64::from(k).powf(skew)).sum();
            for (k, count) in (1..).zip(counts) {
                let share = 1.0 / f64::from(k).powf(skew) / all;
                assert!((f64::from(count) / f64::from(DRAWS) - share).abs() < 3e-6, "{skew}: buyer {k}");
            }
        }
    }

    #[test]
    fn the_last_buyer_is_the_last() {
        for (buyers, skew) in [(1, 0.0), (1, 10.0), (7, 0.0), (1_000_000, 10.0)] {
            let last = Crowd::new(buyers, skew).at(1.0_f64.next_down());
            assert!((1..=buyers).contains(&last), "{last}");
        }
        assert_eq!(Crowd::new(7, 0.0).at(1.0_f64.next_down()), 7);
    }
}
