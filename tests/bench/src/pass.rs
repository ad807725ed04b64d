//! A pass over all workloads on one server, in rounds, so that other load on the machine affects all alike.

use redis::{Value, cmd};

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::measure::{Sample, measure};
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::servers::{Programs, Servers};
use crate::workload::{Size, Workload, bundles, grow, locks, plain, sales};

/// The setup under which workloads are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Without AOF and replica.
    Alone,
    /// With an AOF and a replica.
    Replicated,
}

impl Pass {
    pub(crate) const ALL: [Self; 2] = [Self::Alone, Self::Replicated];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Replicated => "with AOF and replica",
        }
    }

    /// What the µs of a call include.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Alone => {
                "µs a call by the server's commandstats: the command, and what a script calls; not reading, \
                 parsing, replying and propagation."
            }
            Self::Replicated => {
                "µs a call of processor time: all that the primary does on all its threads, until the replica has \
                 everything; with an AOF (everysec)."
            }
        }
    }

    /// The figure that counts in this pass.
    pub(crate) fn us(self, sample: &Sample) -> f64 {
        match self {
            Self::Alone => sample.command_us,
            Self::Replicated => sample.cpu_us,
        }
    }

    async fn servers(self, programs: &Programs) -> Result<Servers, Failure> {
        match self {
            Self::Alone => Servers::single(programs).await,
            Self::Replicated => Servers::with_replica(programs).await,
        }
    }
}

/// The samples of a workload, one a round.
pub(crate) struct WorkloadSamples {
    pub(crate) workload: String,
    /// Whether it is Seckill's.
    pub(crate) ours: bool,
    pub(crate) rivals: Vec<String>,
    pub(crate) samples: Vec<Sample>,
}

/// A workload that the server cannot run.
#[derive(serde::Serialize)]
pub(crate) struct Skipped {
    pub(crate) workload: String,
    pub(crate) why: String,
}

/// What was measured in a pass.
pub(crate) struct PassSamples {
    pub(crate) workloads: Vec<WorkloadSamples>,
    pub(crate) skipped: Vec<Skipped>,
}

impl PassSamples {
    pub(crate) fn workload(&self, name: &str) -> Option<&WorkloadSamples> {
        self.workloads.iter().find(|samples| samples.workload == name)
    }
}

/// Measures all workloads in a pass.
pub(crate) async fn run(
    pass: Pass,
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<PassSamples, Failure> {
    let servers = pass.servers(programs).await?;
    let pipe = Pipe::open(servers.primary.client(), plan.depth)?;
    let (plan, progress, replicas) = (plan.clone(), progress.clone(), servers.replicas());
    blocking(move || measure_all(pass, pipe, &plan, replicas, &progress)).await
}

fn measure_all(
    pass: Pass,
    mut pipe: Pipe,
    plan: &Plan,
    replicas: usize,
    progress: &Progress,
) -> Result<PassSamples, Failure> {
    crate::sale::load(&mut pipe)?;
    let (workloads, skipped) = choose(&mut pipe, all(plan))?;
    grow(&mut pipe, plan.orders)?;
    progress.begin(pass.name(), plan.rounds as usize * workloads.len());
    let mut measured: Vec<_> = workloads
        .iter()
        .map(|workload| WorkloadSamples {
            workload: workload.name.clone(),
            ours: workload.command().starts_with("SECKILL."),
            rivals: workload.rivals.clone(),
            samples: Vec::new(),
        })
        .collect();
    // Lower numbers are in use.
    let mut next = plan.orders.max(plan.calls);
    for round in 0..plan.rounds {
        let mut order: Vec<_> = workloads.iter().zip(&mut measured).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (workload, measured) in order {
            let sample = measure(&mut pipe, workload, next..next + plan.calls, replicas);
            measured.samples.push(sample.map_err(|error| format!("{}: {error}", workload.name))?);
            next += plan.calls;
            progress.step();
        }
    }
    Ok(PassSamples { workloads: measured, skipped })
}

/// All workloads, in the order of the tables.
pub(crate) fn all(plan: &Plan) -> Vec<Workload> {
    let sizes = [Size::New { calls: plan.calls }, plan.grown()];
    let sales = sizes.into_iter().flat_map(|size| sales(size, plan.calls));
    plain(plan.calls).into_iter().chain(locks(plan.calls)).chain(sales).chain(bundles()).collect()
}

/// Keeps the workloads whose commands the server knows.
fn choose(pipe: &mut Pipe, all: Vec<Workload>) -> Result<(Vec<Workload>, Vec<Skipped>), Failure> {
    let (mut chosen, mut skipped) = (vec![], vec![]);
    for workload in all {
        let command = workload.command();
        let known: Vec<Value> = pipe.ask(cmd("COMMAND").arg("INFO").arg(&command))?;
        if known.iter().all(|known| *known != Value::Nil) {
            chosen.push(workload);
            continue;
        }
        let who = if workload.of_peer { "no module in PEER_MODULES has" } else { "this server has no" };
        skipped.push(Skipped { workload: workload.name, why: format!("{who} {command}") });
    }
    Ok((chosen, skipped))
}
