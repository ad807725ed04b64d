//! A rate, and what it was before.

use std::collections::VecDeque;

/// Rates that are remembered: ten minutes of one a second.
const REMEMBERED: usize = 600;

/// One rate a pass, the latest last; `None` where it is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    rates: VecDeque<Option<f64>>,
    /// Rates that are remembered no more.
    forgotten: usize,
}

impl Series {
    /// Adds the rate over so many passes, most of which may have been missed.
    pub(super) fn push(&mut self, rate: Option<f64>, passes: usize) {
        for _ in 0..passes.clamp(1, REMEMBERED) {
            if self.rates.len() == REMEMBERED {
                self.rates.pop_front();
                self.forgotten += 1;
            }
            self.rates.push_back(rate);
        }
    }

    pub(super) fn latest(&self) -> Option<f64> {
        self.rates.back().copied().flatten()
    }

    /// The last so many, oldest first.
    pub(super) fn last(&self, count: usize) -> impl ExactSizeIterator<Item = Option<f64>> {
        self.rates.iter().skip(self.rates.len().saturating_sub(count)).copied()
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.rates.len()
    }

    pub(super) fn highest(&self) -> Option<f64> {
        self.rates.iter().flatten().copied().reduce(f64::max)
    }

    /// All that are remembered in at most so many means, each of as many rates.
    ///
    /// A rate stays with its neighbours as time goes on, so that the means of the past do not change.
    pub(super) fn means(&self, count: usize) -> Vec<Option<f64>> {
        // One more, for the first and the last may be of fewer rates.
        let size = self.len().div_ceil(count.saturating_sub(1).max(1)).max(1);
        let size = if self.len() <= count { 1 } else { size };
        let mut groups: Vec<(usize, Vec<f64>)> = Vec::new();
        for (at, rate) in self.rates.iter().enumerate() {
            let group = (self.forgotten + at) / size;
            if groups.last().is_none_or(|(last, _)| *last != group) {
                groups.push((group, Vec::new()));
            }
            if let Some((_, rates)) = groups.last_mut() {
                rates.extend(rate);
            }
        }
        let mean =
            |rates: Vec<f64>| (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64);
        groups.into_iter().map(|(_, rates)| mean(rates)).collect()
    }

    /// The last so many as a line of bars, each relative to the highest of them.
    pub(super) fn bars(&self, width: usize) -> String {
        let highest = self.last(width).flatten().fold(0.0, f64::max);
        let bars: String = self.last(width).map(|rate| bar(rate, highest)).collect();
        let missing = width.saturating_sub(self.rates.len());
        " ".repeat(missing) + &bars
    }
}

fn bar(rate: Option<f64>, highest: f64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    match rate {
        None => ' ',
        Some(rate) if rate <= 0.0 => BARS[0],
        // What happened is told from what did not.
        Some(rate) => BARS[((rate / highest * 7.0).round() as usize).clamp(1, 7)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_relative_to_the_highest_in_sight() {
        let mut series = Series::default();
        series.push(Some(1000.0), 1);
        for rate in [None, Some(0.0), Some(1.0), Some(50.0), Some(100.0)] {
            series.push(rate, 1);
        }
        assert_eq!(series.bars(5), " ▁▂▅█");
        assert_eq!(series.bars(8), "  █ ▁▂▂▂");
        assert_eq!(series.latest(), Some(100.0));
    }

    #[test]
    fn missed_passes_have_the_rate_that_was_found_over_them() {
        let mut series = Series::default();
        series.push(Some(5.0), 0);
        series.push(Some(2.0), 3);
        assert_eq!(series.last(9).collect::<Vec<_>>(), [Some(5.0), Some(2.0), Some(2.0), Some(2.0)]);
        series.push(Some(1.0), usize::MAX);
        assert_eq!(series.last(usize::MAX).len(), REMEMBERED);
    }

    #[test]
    fn means_of_the_past_do_not_change() {
        let mut series = Series::default();
        for rate in 0..REMEMBERED + 7 {
            series.push(Some(rate as f64), 1);
        }
        let before = series.means(61);
        assert!((60..=61).contains(&before.len()), "{}", before.len());
        series.push(Some(0.0), 1);
        assert_eq!(series.means(61)[1..59], before[1..59]);
        for count in [0, 1, 2, 1000] {
            assert!(series.means(count).len() <= count.max(2), "{count}");
        }
    }
}
