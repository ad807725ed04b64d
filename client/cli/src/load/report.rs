//! What a load came to.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use hdrhistogram::Histogram;

use super::books::Difference;
use super::record::{Counts, Latencies, Record};
use crate::output::Show;
use crate::times::length;

/// The differences that are listed; more are counted.
const LISTED: usize = 20;

/// The figures of a load, and whether the books agree.
#[derive(serde::Serialize)]
pub(super) struct Report {
    sale: String,
    /// The begin of the order ids.
    run: String,
    seconds: f64,
    purchases_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_per_second: Option<u32>,
    #[serde(flatten)]
    counts: Counts,
    refused: BTreeMap<String, u64>,
    first_error: Option<String>,
    latencies: Vec<Percentiles>,
    books: Option<Books>,
}

/// The latencies of a command.
#[derive(serde::Serialize)]
struct Percentiles {
    command: &'static str,
    calls: u64,
    p50_us: u64,
    p90_us: u64,
    p99_us: u64,
    p99_9_us: u64,
    max_us: u64,
}

/// What the comparison found.
#[derive(serde::Serialize)]
pub(super) struct Books {
    agree: bool,
    /// The events of the sale.
    events: u64,
    /// How many differences there are.
    different: usize,
    /// The first of them.
    differences: Vec<String>,
}

impl Report {
    pub(super) fn new(sale: &str, run: &str, rate: Option<u32>, took: Duration, record: &Record) -> Self {
        let seconds = took.as_secs_f64();
        Self {
            sale: sale.to_owned(),
            run: run.to_owned(),
            seconds,
            purchases_per_second: record.counts.purchases as f64 / seconds,
            asked_per_second: rate,
            counts: record.counts,
            refused: record.refused.clone(),
            first_error: record.first_error.as_ref().map(ToString::to_string),
            latencies: percentiles(&record.latencies),
            books: None,
        }
    }

    pub(super) fn with_books(self, books: Books) -> Self {
        Self { books: Some(books), ..self }
    }
}

impl Books {
    pub(super) fn new(events: u64, differences: &[Difference]) -> Self {
        let mut listed: Vec<String> = differences.iter().take(LISTED).map(ToString::to_string).collect();
        listed.sort();
        Self { agree: differences.is_empty(), events, different: differences.len(), differences: listed }
    }
}

fn percentiles(latencies: &Latencies) -> Vec<Percentiles> {
    let Latencies { buy, confirm, cancel } = latencies;
    let all = [("BUY", buy), ("CONFIRM", confirm), ("CANCEL", cancel)];
    let called = all.into_iter().filter(|(_, histogram)| !histogram.is_empty());
    called.map(|(command, histogram)| Percentiles::of(command, histogram)).collect()
}

impl Percentiles {
    fn of(command: &'static str, histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self {
            command,
            calls: histogram.len(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            max_us: histogram.max(),
        }
    }
}

impl Show for Report {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { sale, run, counts, .. } = self;
        writeln!(
            out,
            "{sale}  {} purchases in {:.2} s, {:.0} a second; orders {run}-…",
            counts.purchases, self.seconds, self.purchases_per_second
        )?;
        let mut line = |name: &str, value: String| writeln!(out, "  {name:<10} {value}");
        line("accepted", accepted(counts))?;
        line("refused", refused(&self.refused))?;
        if counts.retried > 0 {
            line("retried", counts.retried.to_string())?;
        }
        if counts.unknown > 0 {
            line("unknown", format!("{}: an error, or no answer", counts.unknown))?;
        }
        if let Some(error) = &self.first_error {
            line("errors", format!("{}, the first: {error}", counts.errors))?;
        }
        if let Some(asked) = self.asked_per_second {
            line("rate", kept_up(asked, counts))?;
        }
        writeln!(out)?;
        writeln!(out, "{}", table(&self.latencies))?;
        match &self.books {
            Some(books) => books.show(out),
            None => Ok(()),
        }
    }
}

impl Books {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)?;
        let events = self.events;
        if self.agree {
            return writeln!(
                out,
                "The books agree: {events} events of the sale, and what callers were told."
            );
        }
        writeln!(out, "THE BOOKS DIFFER in {} places ({events} events of the sale):", self.different)?;
        self.differences.iter().try_for_each(|difference| writeln!(out, "  {difference}"))?;
        match self.different.saturating_sub(self.differences.len()) {
            0 => Ok(()),
            more => writeln!(out, "  and {more} more"),
        }
    }
}

fn accepted(counts: &Counts) -> String {
    let Counts { accepted, confirmed, cancelled, abandoned, expired, .. } = counts;
    let endings =
        [(confirmed, "confirmed"), (cancelled, "cancelled"), (abandoned, "abandoned"), (expired, "expired")];
    let endings = endings.iter().filter(|(count, _)| **count > 0);
    let endings: Vec<String> = endings.map(|(count, word)| format!("{count} {word}")).collect();
    if endings.is_empty() { accepted.to_string() } else { format!("{accepted}: {}", endings.join(", ")) }
}

fn refused(refused: &BTreeMap<String, u64>) -> String {
    let all: u64 = refused.values().sum();
    let words: Vec<String> = refused.iter().map(|(word, count)| format!("{count} {word}")).collect();
    if words.is_empty() { all.to_string() } else { format!("{all}: {}", words.join(", ")) }
}

fn kept_up(asked: u32, counts: &Counts) -> String {
    let latest = length(Duration::from_millis(counts.latest_us / 1000));
    match counts.late {
        0 => format!("{asked} a second were asked for, and all began in time"),
        late => format!(
            "{asked} a second were asked for: NOT KEPT UP, {late} purchases began late, by up to {latest}"
        ),
    }
}

fn table(latencies: &[Percentiles]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "calls", "p50", "p90", "p99", "p99.9", "max"]);
    for of in latencies {
        let times = [of.p50_us, of.p90_us, of.p99_us, of.p99_9_us, of.max_us];
        let cells = [of.command.to_owned(), of.calls.to_string()];
        table.add_row(cells.into_iter().chain(times.map(millis)));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn millis(micros: u64) -> String {
    let decimals = if micros < 10_000 { 3 } else { 0 };
    format!("{:.decimals$} ms", micros as f64 / 1_000.0)
}
