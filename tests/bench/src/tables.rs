//! The report as tables. The terminal and the page show the same ones.

use seckill_page::numerals::thousands;

use crate::comparison::{compare, quartiles};
use crate::growth::{Grown, Point};
use crate::numerals::{bytes, us};
use crate::plan::Plan;
use crate::removal::Removed;
use crate::report::{ContentionFigures, Passed, Report, WorkloadFigures};
use crate::small_sales::SmallSale;
use crate::storage::Stored;
use crate::table::{Table, number, words};

/// On what the figures were taken, and how.
pub(crate) fn preface(report: &Report) -> Vec<String> {
    let Report { machine, plan, .. } = report;
    let mut lines = vec![format!(
        "{} on {} cores ({}), kernel {}, {}; load before: {}.",
        machine.server, machine.cores, machine.processor, machine.kernel, machine.allocator, machine.load
    )];
    if machine.load > machine.cores as f64 {
        lines.push(
            "The machine was busy: times by wall clock are too long, and so are commandstats.".to_owned(),
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
    let row = |row: &WorkloadFigures| {
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
            "{} Less is better. Each command stands beside what a user would do without it. The floor is the least \
             that any command of the module takes.",
            pass.about
        ),
        columns: columns.into(),
        rows: pass.workloads.iter().map(row).collect(),
        notes: notes.collect(),
    }
}

/// Buyers who came all at once.
pub(crate) fn contention(plan: &Plan, ways: &[ContentionFigures]) -> Table {
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
    let row = |way: &ContentionFigures| {
        vec![
            way.way.to_owned(),
            way.connections.to_string(),
            thousands(way.orders_per_second.median),
            quartiles(&way.orders_per_second, thousands),
            thousands(way.p50_us as f64),
            thousands(way.p99_us as f64),
            thousands(way.p999_us as f64),
            compare(&way.beside, way.way).join("\n"),
        ]
    };
    Table {
        title: "Contention".to_owned(),
        about: format!(
            "{} buyers at once, {} units a round. More orders a second are better, and ratios are of those. Latencies \
             are of whole purchases, from the first try to take the lock to the last reply; less is better.",
            plan.buyers,
            thousands(plan.calls as f64)
        ),
        columns: columns.into(),
        rows: ways.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// Sales that grow.
pub(crate) fn growth(growth: &[Grown]) -> Table {
    let columns = [
        words("sale"),
        number("orders"),
        number("µs a purchase"),
        number("longest µs"),
        number("bytes an order"),
        number("of used_memory"),
    ];
    let row = |sale: &str, point: &Point| {
        vec![
            sale.to_owned(),
            thousands(point.orders as f64),
            us(point.us),
            thousands(point.slowest_us),
            bytes(point.bytes),
            bytes(point.used_bytes),
        ]
    };
    let rows = growth.iter().flat_map(|grown| grown.points.iter().map(|point| row(grown.sale, point)));
    Table {
        title: "A sale that grows".to_owned(),
        about: "It grows by purchases, each of another buyer (12 bytes). µs a purchase are by commandstats, of those \
                since the size before; up to 100,000 orders they are medians of five sales. The longest purchase is by \
                wall clock, so other load on the machine is in it. Bytes an order are by MEMORY USAGE of the sale, \
                and by the growth of used_memory. Less is better, and figures that stay the same while the sale \
                grows."
            .to_owned(),
        columns: columns.into(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// Sales of few orders.
pub(crate) fn small_sales(small_sales: &[SmallSale]) -> Table {
    let columns =
        [number("orders"), number("bytes a sale"), number("of used_memory"), number("bytes an order")];
    let row = |small: &SmallSale| {
        vec![
            thousands(small.orders as f64),
            thousands(small.bytes),
            thousands(small.used_bytes),
            bytes(small.used_bytes / small.orders as f64),
        ]
    };
    Table {
        title: "Small sales".to_owned(),
        about: "The memory of a sale with few orders, which are held; their ids are UUIDs, and each is of another \
                buyer (12 bytes). Bytes a sale are by MEMORY USAGE, and by the growth of used_memory, with all that \
                the server keeps for a key. Bytes an order are of used_memory. Less is better."
            .to_owned(),
        columns: columns.into(),
        rows: small_sales.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// A sale on disk, and on its way to a replica.
pub(crate) fn storage(storage: &[Stored]) -> Table {
    let row = |stored: &Stored| {
        vec![
            stored.what.to_owned(),
            thousands(stored.orders as f64),
            format!("{:.3}", stored.seconds),
            thousands(stored.orders_per_second),
            stored.about.to_owned(),
        ]
    };
    Table {
        title: "A sale saved and loaded".to_owned(),
        about: "How fast a sale is saved, loaded, replayed and copied; UUIDs are the ids of its orders. More orders a \
                second are better."
            .to_owned(),
        columns: vec![words("what"), number("orders"), number("s"), number("orders/s"), words("by")],
        rows: storage.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// Large sales that are deleted.
pub(crate) fn removal(removal: &[Removed]) -> Table {
    let columns = [
        words("way to delete"),
        number("orders"),
        number("µs of the call"),
        number("quartiles"),
        number("longest wait µs"),
        number("quartiles"),
    ];
    let row = |removed: &Removed| {
        vec![
            removed.way.to_owned(),
            thousands(removed.orders as f64),
            thousands(removed.call_us.median),
            quartiles(&removed.call_us, thousands),
            thousands(removed.wait_us.median),
            quartiles(&removed.wait_us, thousands),
        ]
    };
    Table {
        title: "A sale deleted".to_owned(),
        about: "Meanwhile another connection sends PING: the longest that it waits is by wall clock, so other load on \
                the machine is in it. Less is better."
            .to_owned(),
        columns: columns.into(),
        rows: removal.iter().map(row).collect(),
        notes: Vec::new(),
    }
}
