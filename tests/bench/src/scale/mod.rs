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
//! | [`refusals`] | refusals from memory |
//! | [`footprint`] | the memory of a process |
//! | [`costs`], [`model`] | a sale that is too large for this machine, simulated by what was measured here |

mod buyers;
mod callers;
mod costs;
mod footprint;
mod model;
mod orders;
mod place;
mod places;
mod plan;
mod process;
mod raw;
mod refusals;
mod rounds;
mod selling_out;

use std::io::{self, Write};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::pipe::Pipe;
use crate::progress::Progress;
use crate::table::Table;

use costs::Costs;
use footprint::Footprint;
use model::Outcome;
use orders::Orders;
use places::Places;
pub(crate) use plan::Options;
use plan::ScalePlan;
use refusals::Refusals;
use selling_out::SoldOut;

/// What was measured, and what follows.
#[derive(serde::Serialize)]
struct Report {
    machine: Machine,
    plan: ScalePlan,
    measured: Option<Measured>,
    costs: Costs,
    model: Vec<Outcome>,
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
    let measured = match options.model {
        true => None,
        false => Some(Measured::new(&plan, &mut places, progress).await?),
    };
    let costs = costs::run(&plan, &mut places, progress).await?;
    Ok(Report { machine, measured, model: model::run(&plan, costs, progress).await?, costs, plan })
}

/// What was measured here.
#[derive(serde::Serialize)]
struct Measured {
    orders: Vec<Orders>,
    selling_out: Vec<SoldOut>,
    refusals: Vec<Refusals>,
    footprints: Vec<Footprint>,
}

impl Measured {
    async fn new(plan: &ScalePlan, places: &mut Places, progress: &Progress) -> Result<Self, Failure> {
        let footprints = footprint::run(plan, places, progress).await?;
        Ok(Self {
            orders: orders::run(plan, places, progress).await?,
            selling_out: selling_out::run(plan, places, progress).await?,
            refusals: refusals::run(plan, places, progress).await?,
            footprints,
        })
    }

    fn tables(&self, plan: &ScalePlan) -> [Table; 4] {
        [
            orders::table(plan, &self.orders),
            selling_out::table(plan, &self.selling_out),
            refusals::table(plan, &self.refusals),
            footprint::table(plan, &self.footprints),
        ]
    }
}

impl Report {
    fn tables(&self) -> Vec<Table> {
        let Self { plan, measured, costs, model, .. } = self;
        let measured = measured.iter().flat_map(|measured| measured.tables(plan));
        measured.chain([costs::table(plan, costs), model::table(plan, costs, model)]).collect()
    }
}
