//! `seckill incident`.

use std::error::Error;
use std::io::{self, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Color, Table};
use seckill_launcher::{Program, Server, unless_interrupted};

use crate::exit::{Exit, Failure};
use crate::output::{Output, Show};
use crate::progress;
use crate::replay::{Load, Strategy, StrategyFigures, play};

/// Replay the incident: six ways to sell a hundred bottles, on the same load
///
/// Starts a redis-server of its own with the module and plays one strategy after the other with real
/// commands. All buyers come at once; each request is a task that takes the lock, asks a simulated user
/// service and sells, and that tries again after a pause while the lock is busy. A slow check takes longer
/// than the lease of its lock.
#[derive(clap::Args)]
#[command(after_help = COLUMNS)]
pub(crate) struct Incident {
    #[command(flatten)]
    load: Load,
    #[command(flatten)]
    program: Program,
}

const COLUMNS: &str = "\
Example:
  seckill incident --buyers 200 --bottles 20

Columns:
  orders                 orders that the handlers took
  oversold               orders without a bottle
  undersold              bottles left although a buyer got none; when the deadline is too short for the load
                         this shows that a strategy is slow (`gave_up` in the JSON), not that it is wrong
  worked without lock    times a handler read or changed the stock while the lock was not its own
  most checks at once    requests that asked the user service at the same time, which a lock is to prevent
  p50, p99               latency of a request from the opening to the answer: order, sold out or given up
  seconds                time until the last answer

The seckill strategies are compared with INFO, EVENTS and AUDIT of their sales; a difference is an error.";

const AGREEMENT: &str = "INFO, EVENTS and AUDIT of all seckill sales agree with their handlers.";

#[derive(serde::Serialize)]
struct Report<'a> {
    parameters: &'a Load,
    rows: &'a [StrategyFigures],
}

impl Show for Report<'_> {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}\n{}\n{AGREEMENT}", summary(self.parameters), table(self.rows))
    }
}

impl Incident {
    pub(crate) fn run(self, output: Output) -> Result<Exit, Failure> {
        let replayed = tokio::runtime::Runtime::new()?.block_on(unless_interrupted(self.replay()))?;
        let rows = replayed.map_err(Failure::server)?;
        output.print(&Report { parameters: &self.load, rows: &rows })?;
        Ok(Exit::Done)
    }

    async fn replay(&self) -> Result<Vec<StrategyFigures>, Box<dyn Error>> {
        let server = Server::start(&self.program, "").await?;
        let bar = progress::requests(u64::from(self.load.buyers) * Strategy::ALL.len() as u64)?;
        let mut rows = Vec::new();
        for strategy in Strategy::ALL {
            bar.set_message(strategy.name());
            let row = play(strategy, &self.load, &server, || bar.inc(1)).await;
            rows.push(row.map_err(|error| format!("{}: {error}", strategy.name()))?);
        }
        bar.finish_and_clear();
        Ok(rows)
    }
}

fn summary(load: &Load) -> String {
    format!(
        "{} bottles, {} buyers at once. The lock is leased for {} ms. A user check takes about {} ms, \
         but {} % of the time the service stalls, for {} ms.",
        load.bottles, load.buyers, load.lease_ms, load.fast_ms, load.slow_percent, load.slow_ms
    )
}

fn table(rows: &[StrategyFigures]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header([
        "strategy",
        "orders",
        "oversold",
        "undersold",
        "worked\nwithout lock",
        "most checks\nat once",
        "p50 ms",
        "p99 ms",
        "seconds",
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for row in rows {
        table.add_row([
            Cell::new(row.strategy),
            Cell::new(row.orders),
            alarming(row.oversold),
            alarming(row.undersold),
            row.worked_without_lock.map_or_else(|| Cell::new("no lock"), alarming),
            Cell::new(row.most_checks_at_once),
            Cell::new(format!("{:.0}", row.p50_ms)),
            Cell::new(format!("{:.0}", row.p99_ms)),
            Cell::new(format!("{:.2}", row.seconds)),
        ]);
    }
    table
}

/// A count that should be zero, in red when it is not.
fn alarming(count: u64) -> Cell {
    let cell = Cell::new(count);
    if count == 0 { cell } else { cell.fg(Color::Red) }
}
