//! The report as tables of words. The terminal and the page show the same ones.

use crate::Plan;
use crate::numerals::{thousands, times, us};
use crate::report::{Beside, Figures, Passed, Reached, Report, Rush};
use crate::spread::Spread;

/// A table, and what one has to know to read it.
pub(crate) struct Table {
    pub(crate) title: String,
    /// What is seen, and what better means.
    pub(crate) about: String,
    pub(crate) columns: Vec<Column>,
    /// The first cell names the row.
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Numbers are aligned on the right.
    pub(crate) number: bool,
}

impl Table {
    /// A row, each cell with its column.
    pub(crate) fn cells<'t>(&'t self, row: &'t [String]) -> impl Iterator<Item = (&'t Column, &'t String)> {
        self.columns.iter().zip(row)
    }
}

const fn words(name: &'static str) -> Column {
    Column { name, number: false }
}

const fn number(name: &'static str) -> Column {
    Column { name, number: true }
}

/// What the figures were taken on, and how.
pub(crate) fn preface(report: &Report) -> Vec<String> {
    let Report { machine, plan, .. } = report;
    let mut lines = vec![format!(
        "{} on {} cores ({}), kernel {}, {}; load before: {}.",
        machine.server, machine.cores, machine.processor, machine.kernel, machine.allocator, machine.load
    )];
    if machine.load > machine.cores as f64 {
        lines.push(
            "Others wanted the cores, too: times by the clock are too long, and so are commandstats."
                .to_owned(),
        );
    }
    lines.push(format!(
        "{} rounds of {} calls, {} at once. Medians, and in brackets the quartiles. Ratios are of the µs, taken \
         within a round.",
        plan.rounds, plan.calls, plan.depth
    ));
    lines
}

/// All workloads of a pass.
pub(crate) fn workloads(pass: &Passed) -> Table {
    let columns = [
        words("workload"),
        number("µs a call"),
        number("quartiles"),
        number("calls/s"),
        number("× floor"),
        words("beside"),
    ];
    let row = |row: &Figures| {
        vec![
            row.workload.clone(),
            us(row.us.median),
            quartiles(&row.us, us),
            thousands(row.calls_per_second.median),
            format!("{:.1}", row.floors.median),
            compare(&row.beside, &row.workload).join("\n"),
        ]
    };
    let notes = pass.skipped.iter().map(|skipped| format!("Skipped: {}: {}.", skipped.workload, skipped.why));
    Table {
        title: format!("Time a call, {}", pass.pass),
        about: format!(
            "{} Less is better. Beside a command stands what a user would do without it, and the floor is the least \
             that any command of the module takes.",
            pass.about
        ),
        columns: columns.into(),
        rows: pass.workloads.iter().map(row).collect(),
        notes: notes.collect(),
    }
}

/// What was to be reached.
pub(crate) fn goals(goals: &[Reached]) -> Table {
    let columns = [
        words("workload"),
        words("beside"),
        words("server"),
        number("ratio"),
        number("quartiles"),
        number("at most"),
        number("aim"),
        words("goal"),
    ];
    let rows = goals.iter().flat_map(|goal| {
        goal.passes.iter().map(|pass| {
            vec![
                goal.workload.clone(),
                short(&goal.rival, &goal.workload).to_owned(),
                pass.pass.to_owned(),
                times(pass.ratio.median),
                quartiles(&pass.ratio, times),
                times(goal.most),
                goal.aim.map_or_else(String::new, times),
                if pass.reached { "✓ reached" } else { "✗ missed" }.to_owned(),
            ]
        })
    });
    Table {
        title: "To reach".to_owned(),
        about: "The time of a call as a multiple of what stands beside it. Less is better: at most so much is to be \
                reached, and the aim is what would be better still."
            .to_owned(),
        columns: columns.into(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// Buyers who came all at once.
pub(crate) fn contention(plan: &Plan, rushes: &[Rush]) -> Table {
    let columns = [
        words("way to buy"),
        number("connections"),
        number("orders/s"),
        number("quartiles"),
        number("p50 µs"),
        number("p99 µs"),
        number("p99.9 µs"),
        words("beside"),
    ];
    let row = |rush: &Rush| {
        vec![
            rush.way.to_owned(),
            rush.connections.to_string(),
            thousands(rush.orders_per_second.median),
            quartiles(&rush.orders_per_second, thousands),
            thousands(rush.p50_us as f64),
            thousands(rush.p99_us as f64),
            thousands(rush.p999_us as f64),
            compare(&rush.beside, rush.way).join("\n"),
        ]
    };
    Table {
        title: "A crowd of buyers".to_owned(),
        about: format!(
            "{} buyers at once, {} units a round. More orders a second are better, and ratios are of those. Latencies \
             are of whole purchases, from the first try to take the lock to the last reply; less is better.",
            plan.buyers,
            thousands(plan.calls as f64)
        ),
        columns: columns.into(),
        rows: rushes.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn quartiles(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    format!("({} … {})", show(spread.low), show(spread.high))
}

/// What a workload is of each rival.
pub(crate) fn compare(beside: &[Beside], workload: &str) -> Vec<String> {
    let ratio =
        |beside: &Beside| format!("{} × {}", times(beside.ratio.median), short(&beside.rival, workload));
    beside.iter().map(ratio).collect()
}

/// Of `Lua: BUY` beside `BUY` only `Lua` is said.
pub(crate) fn short<'a>(rival: &'a str, workload: &str) -> &'a str {
    rival.strip_suffix(workload).and_then(|start| start.strip_suffix(": ")).unwrap_or(rival)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_of_the_same_name_is_named_by_its_kind() {
        assert_eq!(short("Lua: BUY", "BUY"), "Lua");
        assert_eq!(short("HINCRBY", "BUY"), "HINCRBY");
    }
}
