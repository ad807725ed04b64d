//! The report as tables, for a terminal.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::numerals::{thousands, times};
use crate::report::{Beside, Passed, Reached, Report, Rush};
use crate::spread::Spread;

pub(crate) struct Tables<'a>(pub(crate) &'a Report);

impl Display for Tables<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Report { machine, plan, passes, goals, contention } = self.0;
        writeln!(
            out,
            "{} on {} cores ({}), kernel {}, {}; load before: {}.",
            machine.server, machine.cores, machine.processor, machine.kernel, machine.allocator, machine.load
        )?;
        if machine.load > machine.cores as f64 {
            writeln!(
                out,
                "Others wanted the cores, too: times by the clock are too long, and so are commandstats."
            )?;
        }
        writeln!(
            out,
            "{} rounds of {} calls, {} at once. Medians, and in brackets the quartiles. Ratios are of the µs, taken \
             within a round.",
            plan.rounds, plan.calls, plan.depth
        )?;
        for pass in passes {
            writeln!(out, "\n{}: {}\n{}", capital(pass.pass), pass.about, workloads(pass))?;
            for skipped in &pass.skipped {
                writeln!(out, "Skipped: {}: {}.", skipped.workload, skipped.why)?;
            }
        }
        writeln!(out, "\nTo reach:\n{}", reached(goals))?;
        writeln!(
            out,
            "\n{} buyers at once, {} units a round. Latencies are of whole purchases; ratios of orders a second.\n{}",
            plan.buyers,
            plan.calls,
            rushes(contention)
        )
    }
}

fn workloads(pass: &Passed) -> Table {
    let mut table = table(["workload", "µs a call", "", "calls/s", "× floor", "beside"], 1..5);
    for row in &pass.workloads {
        let beside: Vec<_> = row.beside.iter().map(|beside| compare(beside, &row.workload)).collect();
        table.add_row([
            row.workload.clone(),
            format!("{:.2}", row.us.median),
            quartiles(&row.us, |us| format!("{us:.2}")),
            thousands(row.calls_per_second.median),
            format!("{:.1}", row.floors.median),
            beside.join("\n"),
        ]);
    }
    table
}

fn reached(goals: &[Reached]) -> Table {
    let passes = goals.first().map_or(&[][..], |goal| &goal.passes);
    let titles = passes.iter().flat_map(|pass| [pass.pass, "", ""]);
    let header = ["workload", "beside", "at most", "aim"].into_iter().chain(titles);
    let mut table = table(header, 2..4 + 3 * passes.len());
    for goal in goals {
        let mut row = vec![
            goal.workload.clone(),
            short(&goal.rival, &goal.workload).to_owned(),
            times(goal.most),
            goal.aim.map_or_else(String::new, times),
        ];
        for pass in &goal.passes {
            let reached = if pass.reached { "reached" } else { "missed" };
            row.extend([times(pass.ratio.median), quartiles(&pass.ratio, times), reached.to_owned()]);
        }
        table.add_row(row);
    }
    table
}

fn rushes(rushes: &[Rush]) -> Table {
    let header = ["way to buy", "connections", "orders/s", "", "p50 µs", "p99 µs", "p99.9 µs", "beside"];
    let mut table = table(header, 1..7);
    for rush in rushes {
        let beside: Vec<_> = rush.beside.iter().map(|beside| compare(beside, rush.way)).collect();
        table.add_row([
            rush.way.to_owned(),
            rush.connections.to_string(),
            thousands(rush.orders_per_second.median),
            quartiles(&rush.orders_per_second, thousands),
            rush.p50_us.to_string(),
            rush.p99_us.to_string(),
            rush.p999_us.to_string(),
            beside.join("\n"),
        ]);
    }
    table
}

/// An empty table; `numbers` are the columns to align on the right.
pub(crate) fn table<'a>(header: impl IntoIterator<Item = &'a str>, numbers: Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn quartiles(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    format!("({} … {})", show(spread.low), show(spread.high))
}

fn compare(beside: &Beside, workload: &str) -> String {
    format!("{} × {}", times(beside.ratio.median), short(&beside.rival, workload))
}

/// Of `Lua: BUY` beside `BUY` only `Lua` is said.
fn short<'a>(rival: &'a str, workload: &str) -> &'a str {
    rival.strip_suffix(workload).and_then(|start| start.strip_suffix(": ")).unwrap_or(rival)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
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
