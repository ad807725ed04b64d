//! `make bench`: Seckill beside what a user would do without it, in one run on one server.
//!
//! | modules | concept |
//! | --- | --- |
//! | [`plan`] | how much is measured |
//! | [`workload`] | commands that are measured, and their alternatives without Seckill |
//! | [`sale`] | a sale by commands of the module, and by Lua scripts |
//! | [`names`] | ids of orders, buyers and locks |
//! | [`servers`], [`machine`] | the servers, and what they run on |
//! | [`pipe`] | commands in batches, whose replies are all checked |
//! | [`server_stats`] | what the server reports of its time and memory |
//! | [`measure`] | one workload, once: the figures |
//! | [`pass`] | all workloads, in rounds |
//! | [`contention`] | buyers who come all at once |
//! | [`growth`] | time and memory of an order, from small sales to large ones |
//! | [`small_sales`] | memory of sales with few orders |
//! | [`storage`] | how fast a sale is saved, loaded, replayed and copied |
//! | [`removal`] | how long other clients wait when a large sale is deleted |
//! | [`goals`], [`verdicts`] | the figures to reach, and whether they were |
//! | [`instructions`] | a mode of its own: counts in place of times |
//! | [`scale`] | a mode of its own: one sale on many servers |
//! | [`waiting`] | a mode of its own: what callers that wait cost |
//! | [`spread`], [`comparison`], [`report`] | the figures of all rounds |
//! | [`tables`], [`table`], [`numerals`] | the report as tables |
//! | [`figures`] | the report as bars and plots |
//! | [`terminal`], [`page`] | the report on a terminal, and as HTML |

mod blocking;
mod comparison;
mod contention;
mod failure;
mod figures;
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
mod plan;
mod progress;
mod removal;
mod report;
mod sale;
mod scale;
mod server_stats;
mod servers;
mod small_sales;
mod spread;
mod storage;
mod table;
mod tables;
mod terminal;
mod verdicts;
mod waiting;
mod workload;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use askama::Template;
use clap::Parser;
use seckill_launcher::unless_interrupted;

use failure::Failure;
use machine::Machine;
use page::HtmlReport;
use pass::Pass;
use pipe::Pipe;
use plan::Plan;
use progress::Progress;
use report::{Measured, Report};
use servers::{Programs, Servers};
use terminal::Terminal;

/// Measure Seckill beside what a user would do without it
///
/// Starts servers of its own. Every workload runs once in each round, so that what else happens on the
/// machine hits all alike; figures are medians of the rounds, ratios are taken within a round. A reply that
/// is not the expected one ends the program.
#[derive(Parser)]
#[command(name = "seckill-bench", args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    mode: Option<Mode>,
    #[command(flatten)]
    programs: Programs,
    #[command(flatten)]
    plan: plan::Options,
    /// Print one JSON object in place of the tables
    #[arg(long)]
    json: bool,
    /// Where to write the report as a page, with plots
    #[arg(long, value_name = "PATH", default_value = "target/bench.html")]
    page: PathBuf,
}

/// What is measured in place of the workloads.
#[derive(clap::Subcommand)]
enum Mode {
    Instructions(instructions::Options),
    Scale(scale::Options),
    Waiting(waiting::Options),
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

/// The clients share one thread, so that the other cores are free for the servers.
fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(mode) = &options.mode {
        return runtime.block_on(unless_interrupted(run_mode(mode, &Progress::new()?)))?;
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

async fn run_mode(mode: &Mode, progress: &Progress) -> Result<(), Failure> {
    match mode {
        Mode::Instructions(options) => instructions::run(options, progress).await,
        Mode::Scale(options) => scale::run(options, progress).await,
        Mode::Waiting(options) => waiting::run(options, progress).await,
    }
}

fn write_page(report: &Report, path: &Path) -> Result<(), Failure> {
    let page = HtmlReport::of(report)?.render()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, page)?)
}

async fn measure_all(options: &Options) -> Result<Report, Failure> {
    let plan = Plan::of(&options.plan);
    let programs = &options.programs;
    let progress = Progress::new()?;
    let machine = inspect_machine(programs).await?;
    let mut passes = Vec::new();
    for pass in Pass::ALL {
        passes.push((pass, pass::run(pass, &plan, programs, &progress).await?));
    }
    let measured = Measured {
        machine,
        passes,
        contention: contention::run(&plan, programs, &progress).await?,
        growth: growth::run(&plan, programs, &progress).await?,
        small_sales: small_sales::run(&plan, programs, &progress).await?,
        storage: storage::run(&plan, programs, &progress).await?,
        removal: removal::run(&plan, programs, &progress).await?,
    };
    progress.end();
    Report::of(plan, measured)
}

/// Before anything is measured, so that the load is that of other programs.
async fn inspect_machine(programs: &Programs) -> Result<Machine, Failure> {
    let servers = Servers::single(programs).await?;
    Machine::inspect(&mut Pipe::open(servers.primary.client(), 1)?)
}
