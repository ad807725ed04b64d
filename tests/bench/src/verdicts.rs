//! Whether the goals were reached.

use seckill_page::numerals::thousands;

use crate::comparison::{Beside, quartiles, rival_name};
use crate::goals::Goal;
use crate::growth::{Grown, MANY};
use crate::numerals::{bytes, times};
use crate::removal::Removed;
use crate::small_sales::SmallSale;
use crate::spread::Spread;
use crate::storage::Stored;
use crate::table::{Table, number, words};

/// A figure and its goal.
#[derive(serde::Serialize)]
pub(crate) struct GoalResult {
    what: String,
    /// The rival, and where it was measured.
    beside: String,
    figure: f64,
    spread: Option<Spread>,
    to_reach: Option<f64>,
    /// A further aim.
    aim: Option<f64>,
    more_is_better: bool,
    verdict: Verdict,
    #[serde(skip)]
    show: fn(f64) -> String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
enum Verdict {
    Missed,
    Reached,
    AimMissed,
    AimReached,
}

/// A goal and a further aim: bounds of a figure.
#[derive(Clone, Copy, Default)]
struct Bounds {
    to_reach: Option<f64>,
    aim: Option<f64>,
    more_is_better: bool,
}

impl Bounds {
    fn verdict(self, figure: f64) -> Verdict {
        let reaches = |bound| if self.more_is_better { figure >= bound } else { figure <= bound };
        match (self.to_reach.map(reaches), self.aim.map(reaches)) {
            (Some(false), _) => Verdict::Missed,
            (None, Some(false)) => Verdict::AimMissed,
            (_, Some(true)) => Verdict::AimReached,
            _ => Verdict::Reached,
        }
    }
}

impl GoalResult {
    fn new(what: String, figure: f64, bounds: Bounds, show: fn(f64) -> String) -> Self {
        let Bounds { to_reach, aim, more_is_better } = bounds;
        let (beside, spread, verdict) = (String::new(), None, bounds.verdict(figure));
        Self { what, beside, figure, spread, to_reach, aim, more_is_better, verdict, show }
    }

    fn spread(self, spread: Spread) -> Self {
        Self { spread: Some(spread), ..self }
    }

    fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    pub(crate) fn ratio(goal: &Goal, pass: &str, ratio: Spread) -> Self {
        let bounds = Bounds { to_reach: Some(goal.most), aim: goal.aim, ..Bounds::default() };
        Self::new(goal.workload.clone(), ratio.median, bounds, times)
            .spread(ratio)
            .beside(format!("{}, {pass}", rival_name(&goal.rival, &goal.workload)))
    }

    pub(crate) fn growth(grown: &Grown) -> impl Iterator<Item = Self> {
        let even = |what, figure, beside| {
            let bounds = Bounds { to_reach: Some(grown.most_uneven), ..Bounds::default() };
            Self::new(format!("{what}, {}", grown.sale), figure, bounds, times).beside(beside)
        };
        let bounds = Bounds { to_reach: grown.most_bytes, aim: grown.aim_bytes, ..Bounds::default() };
        let bytes = grown.bytes.filter(|_| grown.most_bytes.is_some()).map(|figure| {
            Self::new(format!("bytes an order, {}", grown.sale), figure, bounds, bytes)
                .beside(format!("from {} orders on", thousands(MANY as f64)))
        });
        [
            even("µs a purchase", grown.uneven_us, "the slowest size beside the fastest"),
            even("bytes an order", grown.uneven_bytes, "the largest figure beside the smallest"),
        ]
        .into_iter()
        .chain(bytes)
    }

    /// Buyers who wait in line: their orders a second beside each way without Seckill, and how long they wait.
    pub(crate) fn in_line(
        way: &str,
        connections: usize,
        beside: &[Beside],
        p99_us: u64,
    ) -> impl Iterator<Item = Self> {
        let aim = |aim, more_is_better| Bounds { aim: Some(aim), more_is_better, ..Bounds::default() };
        let ratios = beside.iter().map(move |beside| {
            Self::new(format!("orders/s, {way}"), beside.ratio.median, aim(5.0, true), times)
                .spread(beside.ratio)
                .beside(format!("{}, {connections} connections", beside.rival))
        });
        let p99 = Self::new(format!("p99 µs, {way}"), p99_us as f64, aim(10_000.0, false), thousands);
        ratios.chain([p99.beside(format!("{connections} connections"))])
    }

    /// `None` where there is no goal.
    pub(crate) fn small_sale(small: &SmallSale) -> Option<Self> {
        let bounds = Bounds { to_reach: Some(small.most_bytes?), ..Bounds::default() };
        let what = format!("bytes a sale, orders held: {}", small.orders);
        Some(Self::new(what, small.used_bytes, bounds, thousands).beside("of used_memory"))
    }

    /// `None` where there is no goal.
    pub(crate) fn storage(stored: &Stored) -> Option<Self> {
        let bounds = Bounds { aim: Some(stored.aim?), more_is_better: true, ..Bounds::default() };
        Some(Self::new(format!("orders/s, {}", stored.what), stored.orders_per_second, bounds, thousands))
    }

    /// `None` where there is no goal.
    pub(crate) fn removal(removed: &Removed) -> Option<Self> {
        let bounds = Bounds { to_reach: Some(removed.most_us?), ..Bounds::default() };
        let wait = removed.wait_us;
        Some(
            Self::new(format!("longest wait µs, {}", removed.way), wait.median, bounds, thousands)
                .spread(wait),
        )
    }

    fn row(&self) -> Vec<String> {
        let bound = |bound: Option<f64>| {
            let sign = if self.more_is_better { '≥' } else { '≤' };
            bound.map_or_else(String::new, |bound| format!("{sign} {}", (self.show)(bound)))
        };
        let verdict = match self.verdict {
            Verdict::Missed => "✗ missed",
            Verdict::Reached => "✓ reached",
            Verdict::AimMissed => "✗ aim missed",
            Verdict::AimReached => "✓ aim reached",
        };
        vec![
            self.what.clone(),
            verdict.to_owned(),
            (self.show)(self.figure),
            self.spread.map_or_else(String::new, |spread| quartiles(&spread, self.show)),
            bound(self.to_reach),
            bound(self.aim),
            self.beside.clone(),
        ]
    }
}

/// All goals.
pub(crate) fn verdicts(goals: &[GoalResult]) -> Table {
    let columns = [
        words("what"),
        words("goal"),
        number("measured"),
        number("quartiles"),
        number("to reach"),
        number("aim"),
        words("beside, and where"),
    ];
    Table {
        title: "To reach".to_owned(),
        about: "Each figure with its goal and a further aim. Where there is a rival, the figures are ratios of the µs. A \
                purchase that is sold out writes nothing, so that an AOF and a replica cost it nothing."
            .to_owned(),
        columns: columns.into(),
        rows: goals.iter().map(GoalResult::row).collect(),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts_of(figures: [f64; 3], bounds: Bounds) -> [Verdict; 3] {
        figures.map(|figure| bounds.verdict(figure))
    }

    #[test]
    fn a_figure_may_reach_the_goal_and_the_aim() {
        let bounds = Bounds { to_reach: Some(2.0), aim: Some(1.0), more_is_better: false };
        let verdicts = verdicts_of([0.5, 1.5, 2.5], bounds);
        assert_eq!(verdicts, [Verdict::AimReached, Verdict::Reached, Verdict::Missed]);
    }

    #[test]
    fn there_may_be_an_aim_alone() {
        let bounds = Bounds { to_reach: None, aim: Some(1.0), more_is_better: true };
        let verdicts = verdicts_of([1.5, 1.0, 0.5], bounds);
        assert_eq!(verdicts, [Verdict::AimReached, Verdict::AimReached, Verdict::AimMissed]);
    }
}
