//! Which goals were reached.

use crate::growth::{Grown, MANY};
use crate::numerals::{bytes, thousands, times};
use crate::removal::Removed;
use crate::report::{Reached, Report};
use crate::spread::Spread;
use crate::storage::Stored;
use crate::table::{Table, number, words};
use crate::tables::{quartiles, rival_name};

/// All goals.
pub(crate) fn verdicts(report: &Report) -> Table {
    let Report { goals, growth, storage, removal, .. } = report;
    let rows = goals.iter().flat_map(ratios).chain(growth.iter().flat_map(grown));
    let rows = rows.chain(storage.iter().filter_map(stored)).chain(removal.iter().map(removed));
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
        about: "What was measured, what was to be reached, and an aim that would be better still. Where something is \
                told to stand beside it, the figures are ratios of the µs."
            .to_owned(),
        columns: columns.into(),
        rows: rows.map(|judged| judged.row()).collect(),
        notes: Vec::new(),
    }
}

/// A figure, and what it was to be.
struct Judged {
    what: String,
    figure: f64,
    spread: Option<Spread>,
    to_reach: Option<f64>,
    /// It would better be this.
    aim: Option<f64>,
    more_is_better: bool,
    show: fn(f64) -> String,
    beside: String,
}

impl Judged {
    fn row(&self) -> Vec<String> {
        let bound = |bound: Option<f64>| {
            let sign = if self.more_is_better { '≥' } else { '≤' };
            bound.map_or_else(String::new, |bound| format!("{sign} {}", (self.show)(bound)))
        };
        vec![
            self.what.clone(),
            self.verdict().to_owned(),
            (self.show)(self.figure),
            self.spread.map_or_else(String::new, |spread| quartiles(&spread, self.show)),
            bound(self.to_reach),
            bound(self.aim),
            self.beside.clone(),
        ]
    }

    fn verdict(&self) -> &'static str {
        let reaches = |bound| if self.more_is_better { self.figure >= bound } else { self.figure <= bound };
        match (self.to_reach.map(reaches), self.aim.map(reaches)) {
            (Some(false), _) => "✗ missed",
            (None, Some(false)) => "✗ aim missed",
            (_, Some(true)) => "✓ aim reached",
            _ => "✓ reached",
        }
    }
}

fn ratios(goal: &Reached) -> impl Iterator<Item = Judged> {
    goal.passes.iter().map(|pass| Judged {
        what: goal.workload.clone(),
        figure: pass.ratio.median,
        spread: Some(pass.ratio),
        to_reach: Some(goal.most),
        aim: goal.aim,
        more_is_better: false,
        show: times,
        beside: format!("{}, {}", rival_name(&goal.rival, &goal.workload), pass.pass),
    })
}

fn grown(grown: &Grown) -> impl Iterator<Item = Judged> {
    let time = Judged {
        what: format!("µs a purchase, {}", grown.sale),
        figure: grown.slowdown,
        spread: None,
        to_reach: Some(grown.most_slowdown),
        aim: None,
        more_is_better: false,
        show: times,
        beside: "the slowest size beside the fastest".to_owned(),
    };
    let memory = grown.bytes.map(|figure| Judged {
        what: format!("bytes an order, {}", grown.sale),
        figure,
        spread: None,
        to_reach: Some(grown.most_bytes),
        aim: grown.aim_bytes,
        more_is_better: false,
        show: bytes,
        beside: format!("from {} orders on", thousands(MANY as f64)),
    });
    [time].into_iter().chain(memory)
}

fn stored(stored: &Stored) -> Option<Judged> {
    Some(Judged {
        what: format!("orders/s, {}", stored.what),
        figure: stored.orders_per_second,
        spread: None,
        to_reach: None,
        aim: Some(stored.aim?),
        more_is_better: true,
        show: thousands,
        beside: String::new(),
    })
}

fn removed(removed: &Removed) -> Judged {
    Judged {
        what: format!("longest wait µs, {}", removed.way),
        figure: removed.wait_us.median,
        spread: Some(removed.wait_us),
        to_reach: Some(removed.most_us),
        aim: None,
        more_is_better: false,
        show: thousands,
        beside: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(figure: f64, to_reach: Option<f64>, aim: Option<f64>, more_is_better: bool) -> &'static str {
        let (what, beside) = (String::new(), String::new());
        Judged { what, figure, spread: None, to_reach, aim, more_is_better, show: times, beside }.verdict()
    }

    #[test]
    fn who_reaches_the_goal_may_reach_the_aim() {
        let verdicts = [0.5, 1.5, 2.5].map(|figure| verdict(figure, Some(2.0), Some(1.0), false));
        assert_eq!(verdicts, ["✓ aim reached", "✓ reached", "✗ missed"]);
    }

    #[test]
    fn there_may_be_an_aim_alone() {
        let verdicts = [1.5, 0.5].map(|figure| verdict(figure, None, Some(1.0), true));
        assert_eq!(verdicts, ["✓ aim reached", "✗ aim missed"]);
    }
}
