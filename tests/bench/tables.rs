//! The report as tables, for a terminal.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::growth::{Grown, MANY};
use crate::numerals::{thousands, times};
use crate::removal::Removed;
use crate::report::{Beside, Passed, Reached, Report, Rush};
use crate::spread::Spread;
use crate::storage::Stored;

pub(crate) struct Tables<'a>(pub(crate) &'a Report);

impl Display for Tables<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Report { machine, plan, passes, goals, contention, growth, storage, removal } = self.0;
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
        )?;
        writeln!(
            out,
            "\nA sale that grows by purchases, each of another buyer (12 bytes). µs a purchase are by commandstats, of \
             those since the size before; up to 100,000 orders they are medians of five sales. The longest purchase is \
             by the clock, so others on the machine are in it. Bytes an order are what MEMORY USAGE says of the sale, \
             and what the server uses more than before it."
        )?;
        for grown in growth {
            writeln!(out, "\n{}:\n{}\n{}", grown.sale, points(grown), judgement(grown))?;
        }
        writeln!(out, "\nA whole sale with UUIDs as ids:\n{}", storages(storage))?;
        writeln!(
            out,
            "\nA large sale that is deleted. Meanwhile another connection sends PING: the longest that it waits is by \
             the clock, so others on the machine are in it.\n{}",
            removals(removal)
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
            let verdict = verdict(pass.reached).to_owned();
            row.extend([times(pass.ratio.median), quartiles(&pass.ratio, times), verdict]);
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

fn points(grown: &Grown) -> Table {
    let mut table =
        table(["orders", "µs a purchase", "longest µs", "bytes an order", "of used_memory"], 0..5);
    for point in &grown.points {
        table.add_row([
            thousands(point.orders as f64),
            format!("{:.2}", point.us),
            thousands(point.slowest_us),
            format!("{:.1}", point.bytes),
            format!("{:.1}", point.used_bytes),
        ]);
    }
    table
}

fn judgement(grown: &Grown) -> String {
    let Grown { slowdown, most_slowdown, bytes, most_bytes, aim_bytes, .. } = grown;
    let time = format!(
        "The slowest size takes {slowdown:.2} × the time of the fastest (at most {most_slowdown}: {}).",
        verdict(slowdown <= most_slowdown)
    );
    let Some(bytes) = bytes else { return time };
    let aim = aim_bytes.map_or_else(String::new, |aim| format!("; aim {aim}: {}", verdict(*bytes <= aim)));
    format!(
        "{time}\nFrom {} orders on one takes up to {bytes:.1} bytes (at most {most_bytes}: {}{aim}).",
        thousands(MANY as f64),
        verdict(bytes <= most_bytes)
    )
}

fn storages(storage: &[Stored]) -> Table {
    let mut table = table(["what", "orders", "s", "orders/s", "aim", "", "by"], 1..5);
    for stored in storage {
        let reached = stored.aim.map(|aim| verdict(stored.orders_per_second >= aim));
        table.add_row([
            stored.what,
            &thousands(stored.orders as f64),
            &format!("{:.3}", stored.seconds),
            &thousands(stored.orders_per_second),
            &stored.aim.map_or_else(String::new, thousands),
            reached.unwrap_or_default(),
            stored.about,
        ]);
    }
    table
}

fn removals(removal: &[Removed]) -> Table {
    let header = ["way to delete", "orders", "µs of the call", "", "longest wait µs", "", "at most", ""];
    let mut table = table(header, 1..7);
    for removed in removal {
        table.add_row([
            removed.way,
            &thousands(removed.orders as f64),
            &thousands(removed.call_us.median),
            &quartiles(&removed.call_us, thousands),
            &thousands(removed.wait_us.median),
            &quartiles(&removed.wait_us, thousands),
            &thousands(removed.most_us),
            verdict(removed.wait_us.median <= removed.most_us),
        ]);
    }
    table
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "missed" }
}

/// An empty table; `numbers` are the columns to align on the right.
fn table<'a>(header: impl IntoIterator<Item = &'a str>, numbers: Range<usize>) -> Table {
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
