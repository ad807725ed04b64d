//! The figures of a strategy, as they are reported.

use hdrhistogram::Histogram;

use super::error::Error;
use super::load::Load;
use super::request::{Answer, Outcome};
use super::strategy::Strategy;

/// Latencies are counted in µs, up to an hour, to three digits.
const LONGEST: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// The figures of one strategy.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StrategyFigures {
    /// Its name.
    pub strategy: &'static str,
    /// Orders that the handlers took.
    pub orders: u64,
    /// Orders without a bottle.
    pub oversold: u64,
    /// Bottles left although a buyer got none, because the buyer was refused or not served in time.
    pub undersold: u64,
    /// Buyers who were not served in time.
    pub gave_up: u64,
    /// Times a handler read or changed the stock while the lock was not its own. `None` without a lock.
    pub worked_without_lock: Option<u64>,
    /// Times a purchase was refused because the lock was lost; the handler then tried again.
    pub lock_lost: u64,
    /// The most requests that asked the user service at the same time.
    pub most_checks_at_once: u64,
    /// The median latency of a request, from the beginning to the answer, in ms.
    pub p50_ms: f64,
    /// Its 99th percentile.
    pub p99_ms: f64,
    /// The time until the last answer.
    pub seconds: f64,
}

impl StrategyFigures {
    pub(super) fn of(
        strategy: Strategy,
        load: &Load,
        answers: &[Answer],
        most_checks_at_once: u64,
        seconds: f64,
    ) -> Result<Self, Error> {
        let count = |is: fn(&Answer) -> bool| answers.iter().filter(|answer| is(answer)).count() as u64;
        let orders = count(|answer| answer.outcome == Outcome::Ordered);
        let without_lock = count(|answer| answer.without_lock);
        let latencies = latencies(answers)?;
        let quantile_ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
        Ok(Self {
            strategy: strategy.name(),
            orders,
            oversold: orders.saturating_sub(load.bottles.into()),
            undersold: u64::from(load.bottles.min(load.buyers)).saturating_sub(orders),
            gave_up: count(|answer| answer.outcome == Outcome::GaveUp),
            worked_without_lock: strategy.is_locked().then_some(without_lock),
            lock_lost: answers.iter().map(|answer| answer.lock_lost).sum(),
            most_checks_at_once,
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
            seconds,
        })
    }
}

fn latencies(answers: &[Answer]) -> Result<Histogram<u64>, Error> {
    let mut histogram = Histogram::new_with_max(LONGEST, DIGITS)?;
    for answer in answers {
        let micros = u64::try_from(answer.took.as_micros()).unwrap_or(u64::MAX);
        histogram.saturating_record(micros);
    }
    Ok(histogram)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn figures(strategy: Strategy, outcomes: [Outcome; 5]) -> StrategyFigures {
        let answers: Vec<_> = (1..)
            .zip(outcomes)
            .map(|(buyer, outcome)| Answer {
                buyer,
                outcome,
                took: Duration::from_millis(buyer.into()),
                without_lock: buyer == 1,
                lock_lost: 2,
            })
            .collect();
        StrategyFigures::of(strategy, &Load::SMALL, &answers, 4, 0.5).expect("a histogram")
    }

    #[test]
    fn too_many_orders_are_oversold() {
        use Outcome::{Ordered, SoldOut};
        let figures = figures(Strategy::Naive, [Ordered, Ordered, SoldOut, Ordered, Ordered]);
        assert_eq!((figures.orders, figures.oversold, figures.undersold, figures.gave_up), (4, 1, 0, 0));
        assert_eq!(
            (figures.worked_without_lock, figures.lock_lost, figures.most_checks_at_once),
            (Some(1), 10, 4)
        );
        assert_eq!((figures.p50_ms.round(), figures.p99_ms.round(), figures.seconds), (3.0, 5.0, 0.5));
    }

    #[test]
    fn bottles_that_a_buyer_wanted_are_undersold() {
        use Outcome::{GaveUp, Ordered, SoldOut};
        let figures = figures(Strategy::SeckillUnlocked, [Ordered, GaveUp, SoldOut, Ordered, GaveUp]);
        assert_eq!((figures.orders, figures.oversold, figures.undersold, figures.gave_up), (2, 0, 1, 2));
        assert_eq!(figures.worked_without_lock, None);
    }
}
