//! How long held orders took until they were confirmed.

use hdrhistogram::Histogram;

/// All times until confirmation, in ms. Three of their digits are kept.
pub(super) struct Waits(Histogram<u64>);

/// How long it took at most, for a share of the orders: in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Percentiles {
    pub(super) orders: u64,
    pub(super) least: u64,
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p99: u64,
    pub(super) most: u64,
}

impl Waits {
    pub(super) fn new() -> Result<Self, hdrhistogram::CreationError> {
        Histogram::new_with_max(u64::MAX / 2, 3).map(Self)
    }

    pub(super) fn add(&mut self, millis: u64) {
        self.0.saturating_record(millis);
    }

    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| Percentiles {
            orders: self.0.len(),
            least: self.0.min(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            most: self.0.max(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_times() {
        let mut waits = Waits::new().unwrap();
        assert_eq!(waits.percentiles(), None);
        (1..=1000).for_each(|millis| waits.add(millis));
        waits.add(u64::MAX);
        let Percentiles { orders, least, p50, p90, p99, most } = waits.percentiles().unwrap();
        assert_eq!((orders, least, p50, p90, p99), (1001, 1, 501, 901, 991));
        assert!(most > u64::MAX / 4);
    }
}
