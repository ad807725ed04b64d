//! `make bench`: Seckill beside what a user would do without it, in one run on one server.
//!
//! | module | concept |
//! | --- | --- |
//! | [`workload`] | what is measured, and what stands beside it |
//! | [`shop`] | a sale by commands of the module, and by Lua scripts |
//! | [`names`] | ids of orders, buyers and locks |
//! | [`pipe`] | commands in batches, every reply looked at |
//! | [`account`] | what the server says of its time and memory |
//! | [`measure`] | one workload, once: the figures |
//! | [`pass`] | all workloads, in rounds |
//! | [`contention`] | buyers who come all at once |
//! | [`growth`] | time and memory of an order, from small sales to large ones |
//! | [`storage`] | how fast a sale is saved, loaded, replayed and copied |
//! | [`removal`] | who waits when a large sale is deleted |
//! | [`goals`] | the ratios to reach |
//! | [`instructions`] | a mode of its own: counts in place of times |
//! | [`stage`], [`free_port`], [`machine`] | the servers, and what they run on |
//! | [`report`], [`spread`] | what it comes to |
//! | [`verdicts`] | which goals were reached |
//! | [`tables`], [`table`], [`numerals`] | the report in words |
//! | [`figures`], [`plot`] | the report in pictures |
//! | [`terminal`], [`page`] | where it is shown |

mod account;
mod contention;
mod figures;
#[path = "../src/free_port.rs"]
mod free_port;
mod goals;
mod growth;
mod instructions;
mod machine;
mod measure;
mod names;
mod numerals;
mod page;
mod pass;
mod pipe;
mod plot;
mod removal;
mod report;
mod shop;
mod spread;
mod stage;
mod storage;
mod table;
mod tables;
mod terminal;
mod verdicts;
mod workload;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use askama::Template;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use seckill_client::server::unless_interrupted;

use machine::Machine;
use page::Page;
use pass::Pass;
use pipe::Pipe;
use report::{Measured, Report};
use stage::{Programs, Stage};
use terminal::Terminal;
use workload::Size;

/// Orders that no machine has the memory for.
const MOST: u64 = 1_000_000_000;

/// Why there are no figures.
type Failure = Box<dyn Error + Send + Sync>;

/// Measure Seckill beside what a user would do without it
///
/// Starts servers of its own. Every workload runs once in each round, so that what else happens on the machine
/// hits all alike; figures are medians of the rounds, ratios are taken within a round. A reply that is not the
/// expected one ends the program.
#[derive(Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    programs: Programs,
    /// Rounds [default: 31, or 2 when quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Calls of each workload in a round, and units that buyers who come all at once find [default: 2000, or 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    calls: Option<u64>,
    /// Orders of the large sale [default: 1000000, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    orders: Option<u64>,
    /// Orders of the sale that grows; half as many has one that is deleted [default: 10000000, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST))]
    growth: Option<u64>,
    /// Commands that are sent at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    depth: u16,
    /// Buyers who come all at once, at least one for each connection
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(64..))]
    buyers: u16,
    /// Only show that everything can be measured, in some seconds
    #[arg(long)]
    quick: bool,
    /// Print one JSON object in place of the tables
    #[arg(long)]
    json: bool,
    /// Where to write the report as a page, with plots
    #[arg(long, value_name = "PATH", default_value = "target/bench.html")]
    page: PathBuf,
}

/// What is measured other than times.
#[derive(clap::Subcommand)]
enum Mode {
    Instructions(instructions::Options),
}

/// How much is done.
#[derive(Clone, serde::Serialize)]
struct Plan {
    rounds: u32,
    /// Of a workload in a round.
    calls: u64,
    /// Of the large sale.
    orders: u64,
    /// Orders of the sale that grows.
    growth: u64,
    /// Commands that are sent at once.
    depth: usize,
    /// Who come all at once.
    buyers: usize,
}

impl Plan {
    fn of(options: &Options) -> Self {
        let (rounds, calls, orders, growth) =
            if options.quick { (2, 200, 10_000, 10_000) } else { (31, 2_000, 1_000_000, 10_000_000) };
        Self {
            rounds: options.rounds.unwrap_or(rounds),
            calls: options.calls.unwrap_or(calls),
            orders: options.orders.unwrap_or(orders),
            growth: options.growth.unwrap_or(growth),
            depth: options.depth.into(),
            buyers: options.buyers.into(),
        }
    }

    /// The large sale.
    fn grown(&self) -> Size {
        Size::Grown { orders: self.orders }
    }
}

/// How far it is: a bar on stderr, which stays hidden where that is no terminal.
#[derive(Clone)]
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Result<Self, Failure> {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {msg}")?;
        Ok(Self(ProgressBar::new(0).with_style(style)))
    }

    fn begin(&self, what: &'static str, steps: usize) {
        self.0.set_message(what);
        self.0.set_length(steps as u64);
        self.0.set_position(0);
    }

    fn step(&self) {
        self.0.inc(1);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The clients share one thread: the other cores are the servers'.
fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(Mode::Instructions(options)) = &options.mode {
        let progress = Progress::new()?;
        return runtime.block_on(unless_interrupted(instructions::run(options, &progress)))?;
    }
    let report = runtime.block_on(unless_interrupted(measure_all(options)))??;
    let mut out = io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", Terminal(&report))?;
    }
    write_page(&report, &options.page).map_err(|error| format!("{}: {error}", options.page.display()))?;
    eprintln!("The same as a page, with plots: {}", options.page.display());
    Ok(())
}

fn write_page(report: &Report, path: &Path) -> Result<(), Failure> {
    let page = Page::of(report)?.render()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, page)?)
}

async fn measure_all(options: &Options) -> Result<Report, Failure> {
    let plan = Plan::of(options);
    let programs = &options.programs;
    let progress = Progress::new()?;
    let machine = look(programs).await?;
    let mut passes = Vec::new();
    for pass in Pass::ALL {
        passes.push((pass, pass::run(pass, &plan, programs, &progress).await?));
    }
    let measured = Measured {
        machine,
        passes,
        rushes: contention::run(&plan, programs, &progress).await?,
        growth: growth::run(&plan, programs, &progress).await?,
        storage: storage::run(&plan, programs, &progress).await?,
        removal: removal::run(&plan, programs, &progress).await?,
    };
    progress.end();
    Report::of(plan, measured)
}

/// Does what takes long on a thread of its own, where it blocks nobody. Should the program end meanwhile, the
/// servers are dropped, and with them this thread has none any more.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await?
}

/// Before anything is measured, so that the load told is that of others.
async fn look(programs: &Programs) -> Result<Machine, Failure> {
    let stage = Stage::alone(programs).await?;
    Machine::look(&mut Pipe::open(stage.primary.client(), 1)?)
}
