//! `make bench-scale`: one sale on many servers.
//!
//! | modules | concept |
//! | --- | --- |
//! | [`plan`] | how much is measured |
//! | [`place`], [`places`] | the servers: one alone, and clusters |
//! | [`buyers`], [`callers`], [`raw`] | who buys: through the client, or by raw commands |
//! | [`process`] | what this process takes of the machine |
//! | [`rounds`] | samples of cases that are measured side by side |
//! | [`orders`] | orders a second of one server and of several |
//! | [`selling_out`] | transfers, and the last units |

mod buyers;
mod callers;
mod orders;
mod place;
mod places;
mod plan;
mod process;
mod raw;
mod rounds;
mod selling_out;

use std::io::{self, Write};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::pipe::Pipe;
use crate::progress::Progress;
use crate::table::Table;

use orders::Orders;
use places::Places;
pub(crate) use plan::Options;
use plan::ScalePlan;
use selling_out::SoldOut;

/// All that was measured.
#[derive(serde::Serialize)]
struct Report {
    machine: Machine,
    plan: ScalePlan,
    orders: Vec<Orders>,
    selling_out: Vec<SoldOut>,
}

/// Measures, and prints the tables.
pub(crate) async fn run(options: &Options, progress: &Progress) -> Result<(), Failure> {
    let report = measure(options, progress).await?;
    progress.end();
    let mut out = io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        return Ok(writeln!(out)?);
    }
    let Machine { processor, cores, kernel, load, server, .. } = &report.machine;
    writeln!(out, "{server}; {cores} cores of {processor}, Linux {kernel}, load {load} before")?;
    report.tables().iter().try_for_each(|table| Ok(write!(out, "{table}")?))
}

async fn measure(options: &Options, progress: &Progress) -> Result<Report, Failure> {
    let plan = ScalePlan::of(options);
    let mut places = Places::start(&options.program).await?;
    let machine = Machine::inspect(&mut Pipe::open(places.alone.servers()[0].client(), 1)?)?;
    Ok(Report {
        machine,
        orders: orders::run(&plan, &mut places, progress).await?,
        selling_out: selling_out::run(&plan, &mut places, progress).await?,
        plan,
    })
}

impl Report {
    fn tables(&self) -> Vec<Table> {
        let Self { plan, orders, selling_out, .. } = self;
        vec![orders::table(plan, orders), selling_out::table(plan, selling_out)]
    }
}
