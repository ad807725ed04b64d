//! The figures of all rounds. They are shown as tables, as a page, or as JSON.

use crate::comparison::Beside;
use crate::contention::{self, Lock};
use crate::failure::Failure;
use crate::goals::goals;
use crate::growth::Grown;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::pass::{Pass, Row, Rows, Skipped};
use crate::plan::Plan;
use crate::removal::Removed;
use crate::spread::Spread;
use crate::storage::Stored;
use crate::verdicts::GoalResult;
use crate::workload::FLOOR;

/// The resolution of a distribution: so many quantiles up to 50 %, as many from there to 75 %, and so on,
/// each time half of the way to 100 %.
const STEPS: u32 = 5;

/// All that was measured.
pub(crate) struct Measured {
    pub(crate) machine: Machine,
    pub(crate) passes: Vec<(Pass, Rows)>,
    pub(crate) rushes: Vec<contention::Row>,
    pub(crate) growth: Vec<Grown>,
    pub(crate) storage: Vec<Stored>,
    pub(crate) removal: Vec<Removed>,
}

#[derive(serde::Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) plan: Plan,
    pub(crate) passes: Vec<Passed>,
    pub(crate) goals: Vec<GoalResult>,
    pub(crate) contention: Vec<Rush>,
    pub(crate) growth: Vec<Grown>,
    pub(crate) storage: Vec<Stored>,
    pub(crate) removal: Vec<Removed>,
}

/// A pass over all workloads.
#[derive(serde::Serialize)]
pub(crate) struct Passed {
    pub(crate) pass: &'static str,
    pub(crate) about: &'static str,
    pub(crate) workloads: Vec<Figures>,
    pub(crate) skipped: Vec<Skipped>,
}

/// The figures of a workload.
#[derive(serde::Serialize)]
pub(crate) struct Figures {
    pub(crate) workload: String,
    /// Whether it is Seckill's.
    pub(crate) ours: bool,
    /// The µs of a call that count in this pass: one of the two below.
    pub(crate) us: Spread,
    pub(crate) command_us: Spread,
    pub(crate) cpu_us: Spread,
    pub(crate) calls_per_second: Spread,
    /// As a multiple of the least that a command of the module takes.
    pub(crate) floors: Spread,
    pub(crate) beside: Vec<Beside>,
}

/// Buyers who came all at once.
#[derive(serde::Serialize)]
pub(crate) struct Rush {
    pub(crate) way: &'static str,
    /// Whether it is Seckill's.
    pub(crate) ours: bool,
    pub(crate) lock: Lock,
    pub(crate) connections: usize,
    pub(crate) orders_per_second: Spread,
    /// Of whole purchases, from the first try to take the lock to the last reply.
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p999_us: u64,
    /// The whole distribution: of each quantile the µs.
    pub(crate) latencies: Vec<(f64, u64)>,
    /// Its orders a second as a multiple of those of each rival.
    pub(crate) beside: Vec<Beside>,
}

impl Report {
    pub(crate) fn of(plan: Plan, measured: Measured) -> Result<Self, Failure> {
        let Measured { machine, passes, rushes, growth, storage, removal } = measured;
        let mut goal_results = Vec::new();
        for goal in goals(plan.grown()) {
            for (pass, rows) in &passes {
                let ratio = ratio(*pass, rows, &goal.workload, &goal.rival)?;
                goal_results.push(GoalResult::ratio(&goal, pass.name(), ratio));
            }
        }
        goal_results.extend(growth.iter().flat_map(GoalResult::growth));
        goal_results.extend(storage.iter().filter_map(GoalResult::storage));
        goal_results.extend(removal.iter().filter_map(GoalResult::removal));
        Ok(Self {
            goals: goal_results,
            contention: rushes.iter().map(|row| Rush::of(row, &rushes)).collect::<Result<_, _>>()?,
            passes: passes
                .into_iter()
                .map(|(pass, rows)| Passed::of(pass, rows))
                .collect::<Result<_, _>>()?,
            growth,
            storage,
            removal,
            machine,
            plan,
        })
    }
}

impl Passed {
    fn of(pass: Pass, rows: Rows) -> Result<Self, Failure> {
        let workloads = rows.rows.iter().map(|row| Figures::of(pass, row, &rows));
        Ok(Self {
            pass: pass.name(),
            about: pass.about(),
            workloads: workloads.collect::<Result<_, _>>()?,
            skipped: rows.skipped,
        })
    }
}

impl Figures {
    fn of(pass: Pass, row: &Row, all: &Rows) -> Result<Self, Failure> {
        // A rival that this server cannot run is left out.
        let rivals = row.rivals.iter().filter(|rival| all.row(rival).is_some());
        let beside = rivals.map(|rival| {
            Ok::<_, Failure>(Beside { rival: rival.clone(), ratio: ratio(pass, all, &row.workload, rival)? })
        });
        let spread = |figure: fn(&Sample) -> f64| spread(row.samples.iter().map(figure));
        Ok(Self {
            workload: row.workload.clone(),
            ours: row.ours,
            us: self::spread(row.samples.iter().map(|sample| pass.us(sample)))?,
            command_us: spread(|sample| sample.command_us)?,
            cpu_us: spread(|sample| sample.cpu_us)?,
            calls_per_second: spread(|sample| sample.calls_per_second)?,
            floors: ratio(pass, all, &row.workload, FLOOR)?,
            beside: beside.collect::<Result<_, _>>()?,
        })
    }
}

impl Rush {
    fn of(row: &contention::Row, all: &[contention::Row]) -> Result<Self, Failure> {
        let is_rival = |other: &&contention::Row| {
            row.rivals.contains(&other.way) && row.connections == other.connections
        };
        let beside = all.iter().filter(is_rival).map(|rival| {
            let pairs = row.orders_per_second.iter().zip(&rival.orders_per_second);
            let ratio = spread(pairs.map(|(ours, theirs)| ours / theirs))?;
            Ok::<_, Failure>(Beside { rival: rival.way.to_owned(), ratio })
        });
        Ok(Self {
            way: row.way,
            ours: !row.rivals.is_empty(),
            lock: row.lock,
            connections: row.connections,
            orders_per_second: spread(row.orders_per_second.iter().copied())?,
            p50_us: row.latencies.value_at_quantile(0.5),
            p99_us: row.latencies.value_at_quantile(0.99),
            p999_us: row.latencies.value_at_quantile(0.999),
            latencies: row
                .latencies
                .iter_quantiles(STEPS)
                .map(|step| (step.quantile_iterated_to(), step.value_iterated_to()))
                .collect(),
            beside: beside.collect::<Result<_, _>>()?,
        })
    }
}

/// The figure of one workload as a multiple of another's, round by round, in which both had the same
/// conditions.
fn ratio(pass: Pass, all: &Rows, workload: &str, rival: &str) -> Result<Spread, Failure> {
    let samples = |name: &str| Ok::<_, Failure>(&all.row(name).ok_or_else(|| format!("no {name}"))?.samples);
    let pairs = samples(workload)?.iter().zip(samples(rival)?);
    spread(pairs.map(|(ours, theirs)| pass.us(ours) / pass.us(theirs)))
}

fn spread(values: impl Iterator<Item = f64>) -> Result<Spread, Failure> {
    Spread::of(values).ok_or_else(|| "no rounds".into())
}
