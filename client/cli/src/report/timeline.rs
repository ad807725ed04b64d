//! What happened when: orders placed and units available, second by second.

use std::ops::Range;

/// More are merged, so that memory is bounded: a second in which something happened takes one.
const MOST_TICKS: usize = 1 << 20;
/// Bins of a series that shows the whole sale.
const MOST_BINS: u64 = 240;
/// Bins of a series that shows its busiest time.
const RUSH: u64 = 60;

/// The seconds of a sale in which something happened.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Seconds of a tick.
    width: u64,
    ticks: Vec<Tick>,
    /// Units available at first.
    at_first: u64,
}

#[derive(Debug, Clone, Copy)]
struct Tick {
    /// In unix time, in units of the width.
    number: u64,
    placed: u64,
    /// At its end.
    available: u64,
}

/// What happened in one time after the other, each of the same width.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Series {
    /// The unix time at which it begins, in s.
    pub(super) from: u64,
    /// Seconds of a bin.
    pub(super) width: u64,
    /// Units available before.
    pub(super) available_before: u64,
    pub(super) bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Bin {
    /// Orders placed in it.
    pub(super) placed: u64,
    /// Units available at its end.
    pub(super) available: u64,
}

/// The time in which the most orders were placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Peak {
    /// The unix time at which it begins, in s.
    pub(super) at: u64,
    /// Its seconds.
    pub(super) width: u64,
    pub(super) placed: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { width: 1, ticks: Vec::new(), at_first: 0 }
    }
}

impl Timeline {
    /// At an instant, in ms, some orders were placed, and then some units were available. Instants never fall.
    pub(super) fn add(&mut self, at: u64, placed: u64, available: u64) {
        if self.ticks.is_empty() {
            self.at_first = available;
        }
        let number = at / 1000 / self.width;
        match self.ticks.last_mut() {
            Some(last) if last.number >= number => {
                last.placed = last.placed.saturating_add(placed);
                last.available = available;
            }
            _ => self.ticks.push(Tick { number, placed, available }),
        }
        while self.ticks.len() > MOST_TICKS {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let width = wider(self.width);
        let factor = width / self.width;
        self.ticks.iter_mut().for_each(|tick| tick.number /= factor);
        self.ticks.dedup_by(|later, earlier| {
            let is_same = later.number == earlier.number;
            if is_same {
                earlier.placed = earlier.placed.saturating_add(later.placed);
                earlier.available = later.available;
            }
            is_same
        });
        self.width = width;
    }

    /// From an instant in ms to the last event.
    pub(super) fn since(&self, from: u64) -> Series {
        let first = from / 1000;
        let end = self.ticks.last().map_or(first, |last| self.end(last)).max(first.saturating_add(1));
        let mut width = self.width;
        while bins(&(first..end), width) > MOST_BINS {
            width = wider(width);
        }
        self.series(first..end, width)
    }

    /// The busiest times of a series, as fine as they are known, when the series itself is not.
    pub(super) fn rush(&self, whole: &Series) -> Option<Series> {
        let first = whole.from / self.width;
        let ticks = &self.ticks[self.ticks.partition_point(|tick| tick.number < first)..];
        let (mut begin, mut placed, mut most) = (0, 0_u64, (0, 0));
        for (end, tick) in ticks.iter().enumerate() {
            placed = placed.saturating_add(tick.placed);
            while tick.number - ticks[begin].number >= RUSH {
                placed = placed.saturating_sub(ticks[begin].placed);
                begin += 1;
            }
            if placed > most.0 {
                most = (placed, end);
            }
        }
        let last = ticks.get(most.1).filter(|_| most.0 > 0 && whole.width > self.width)?;
        let end = self.end(last).max(whole.from.saturating_add(RUSH * self.width));
        Some(self.series(end - RUSH * self.width..end, self.width))
    }

    pub(super) fn peak(&self) -> Option<Peak> {
        let busiest = self.ticks.iter().rev().max_by_key(|tick| tick.placed)?;
        let Tick { number, placed, .. } = *busiest;
        (placed > 0).then_some(Peak { at: number.saturating_mul(self.width), width: self.width, placed })
    }

    /// The second after a tick.
    fn end(&self, tick: &Tick) -> u64 {
        tick.number.saturating_add(1).saturating_mul(self.width)
    }

    fn series(&self, seconds: Range<u64>, width: u64) -> Series {
        let from = seconds.start / width * width;
        let first = from / self.width;
        let begin = self.ticks.partition_point(|tick| tick.number < first);
        let before = begin.checked_sub(1).map_or(self.at_first, |before| self.ticks[before].available);
        let mut ticks = self.ticks[begin..].iter().peekable();
        let mut bin = Bin { placed: 0, available: before };
        let bins = (1..=bins(&seconds, width)).map(|number| {
            let end = from.saturating_add(number.saturating_mul(width));
            bin.placed = 0;
            while let Some(tick) = ticks.next_if(|tick| self.end(tick) <= end) {
                bin.placed = bin.placed.saturating_add(tick.placed);
                bin.available = tick.available;
            }
            bin
        });
        Series { from, width, available_before: before, bins: bins.collect() }
    }
}

/// The bins of a width that cover some seconds. They begin at whole minutes, hours and days.
fn bins(seconds: &Range<u64>, width: u64) -> u64 {
    seconds.end.div_ceil(width).saturating_sub(seconds.start / width)
}

/// The next width: each is a multiple of the one before.
fn wider(width: u64) -> u64 {
    const WIDTHS: [u64; 9] = [5, 15, 60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400];
    WIDTHS.into_iter().find(|wider| *wider > width).unwrap_or(width.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(series: &Series) -> Vec<u64> {
        series.bins.iter().map(|bin| bin.placed).collect()
    }

    fn available(series: &Series) -> Vec<u64> {
        series.bins.iter().map(|bin| bin.available).collect()
    }

    #[test]
    fn seconds_without_events_are_shown_too() {
        let mut timeline = Timeline::default();
        timeline.add(1_000, 0, 10);
        timeline.add(5_100, 1, 9);
        timeline.add(5_900, 1, 8);
        timeline.add(8_000, 1, 7);
        let whole = timeline.since(4_500);
        assert_eq!((whole.from, whole.width), (4, 1));
        assert_eq!(placed(&whole), [0, 2, 0, 0, 1]);
        assert_eq!(available(&whole), [10, 8, 8, 8, 7]);
        assert_eq!(whole.available_before, 10);
        assert_eq!(timeline.rush(&whole), None);
        assert_eq!(timeline.peak(), Some(Peak { at: 5, width: 1, placed: 2 }));
    }

    #[test]
    fn a_sale_of_a_single_second_begins_with_its_stock() {
        let mut timeline = Timeline::default();
        timeline.add(7_000, 0, 3);
        timeline.add(7_001, 1, 2);
        timeline.add(7_999, 2, 0);
        let whole = timeline.since(7_001);
        assert_eq!((whole.from, whole.width, whole.available_before), (7, 1, 3));
        assert_eq!(whole.bins, [Bin { placed: 3, available: 0 }]);
    }

    #[test]
    fn a_long_sale_has_wider_bins_and_its_busiest_minute_by_the_second() {
        let mut timeline = Timeline::default();
        timeline.add(0, 0, 1000);
        for second in 0..1000 {
            timeline.add(second * 1000, if (500..520).contains(&second) { 10 } else { 1 }, 1000 - second);
        }
        let whole = timeline.since(0);
        assert_eq!((whole.from, whole.width, whole.bins.len()), (0, 5, 200));
        assert_eq!(placed(&whole).into_iter().sum::<u64>(), 1180);
        assert_eq!((whole.bins[0].available, whole.bins[199].available), (996, 1));
        let rush = timeline.rush(&whole).unwrap();
        assert_eq!((rush.from, rush.width, rush.bins.len() as u64), (460, 1, RUSH));
        assert_eq!(placed(&rush).into_iter().sum::<u64>(), 240);
    }

    #[test]
    fn memory_is_bounded_and_no_order_is_lost() {
        let mut timeline = Timeline::default();
        let seconds = 3 * MOST_TICKS as u64;
        (0..seconds).for_each(|second| timeline.add(second * 1000, 1, second));
        assert!(timeline.ticks.len() <= MOST_TICKS);
        assert_eq!(timeline.width, 5);
        let whole = timeline.since(0);
        assert!(whole.bins.len() as u64 <= MOST_BINS);
        assert_eq!(placed(&whole).into_iter().sum::<u64>(), seconds);
        assert_eq!(available(&whole).last(), Some(&(seconds - 1)));
    }

    #[test]
    fn absurd_instants_do_no_harm() {
        let mut timeline = Timeline::default();
        timeline.add(0, 1, 1);
        timeline.add(u64::MAX, 1, 0);
        let whole = timeline.since(0);
        assert!(whole.bins.len() as u64 <= MOST_BINS);
        assert_eq!(placed(&whole).into_iter().sum::<u64>(), 2);
        assert!(timeline.rush(&whole).is_some());
    }
}
