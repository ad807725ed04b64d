//! The figures of all rounds. They are shown as tables, as a page, or as JSON.

use crate::comparison::Beside;
use crate::contention::{ContentionSamples, IN_LINE, Lock};
use crate::failure::Failure;
use crate::goals::goals;
use crate::growth::Grown;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::pass::{Pass, PassSamples, Skipped, WorkloadSamples};
use crate::plan::Plan;
use crate::removal::Removed;
use crate::small_sales::SmallSale;
use crate::spread::Spread;
use crate::storage::Stored;
use crate::verdicts::GoalResult;
use crate::workload::FLOOR;

/// The resolution of a distribution: the number of quantiles up to 50 %, from there to 75 %, and so on, each
/// time half of the way to 100 %.
const STEPS: u32 = 5;

/// All that was measured.
pub(crate) struct Measured {
    pub(crate) machine: Machine,
    pub(crate) passes: Vec<(Pass, PassSamples)>,
    pub(crate) contention: Vec<ContentionSamples>,
    pub(crate) growth: Vec<Grown>,
    pub(crate) small_sales: Vec<SmallSale>,
    pub(crate) storage: Vec<Stored>,
    pub(crate) removal: Vec<Removed>,
}

#[derive(serde::Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) plan: Plan,
    pub(crate) passes: Vec<Passed>,
    pub(crate) goals: Vec<GoalResult>,
    pub(crate) contention: Vec<ContentionFigures>,
    pub(crate) growth: Vec<Grown>,
    pub(crate) small_sales: Vec<SmallSale>,
    pub(crate) storage: Vec<Stored>,
    pub(crate) removal: Vec<Removed>,
}

/// A pass over all workloads.
#[derive(serde::Serialize)]
pub(crate) struct Passed {
    pub(crate) pass: &'static str,
    pub(crate) about: &'static str,
    pub(crate) workloads: Vec<WorkloadFigures>,
    pub(crate) skipped: Vec<Skipped>,
}

/// The figures of a workload.
#[derive(serde::Serialize)]
pub(crate) struct WorkloadFigures {
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
pub(crate) struct ContentionFigures {
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
        let Measured { machine, passes, contention, growth, small_sales, storage, removal } = measured;
        let mut goal_results = Vec::new();
        for goal in goals(plan.grown()) {
            for (pass, samples) in &passes {
                let ratio = ratio(*pass, samples, &goal.workload, &goal.rival)?;
                goal_results.push(GoalResult::ratio(&goal, pass.name(), ratio));
            }
        }
        let contention: Vec<_> =
            contention.iter().map(|way| ContentionFigures::of(way, &contention)).collect::<Result<_, _>>()?;
        goal_results.extend(
            contention
                .iter()
                .filter(|way| way.way == IN_LINE)
                .flat_map(|way| GoalResult::in_line(way.way, way.connections, &way.beside, way.p99_us)),
        );
        goal_results.extend(growth.iter().flat_map(GoalResult::growth));
        goal_results.extend(small_sales.iter().filter_map(GoalResult::small_sale));
        goal_results.extend(storage.iter().filter_map(GoalResult::storage));
        goal_results.extend(removal.iter().filter_map(GoalResult::removal));
        Ok(Self {
            goals: goal_results,
            contention,
            passes: passes
                .into_iter()
                .map(|(pass, samples)| Passed::of(pass, samples))
                .collect::<Result<_, _>>()?,
            growth,
            small_sales,
            storage,
            removal,
            machine,
            plan,
        })
    }
}

impl Passed {
    fn of(pass: Pass, samples: PassSamples) -> Result<Self, Failure> {
        let workloads =
            samples.workloads.iter().map(|workload| WorkloadFigures::of(pass, workload, &samples));
        Ok(Self {
            pass: pass.name(),
            about: pass.about(),
            workloads: workloads.collect::<Result<_, _>>()?,
            skipped: samples.skipped,
        })
    }
}

impl WorkloadFigures {
    fn of(pass: Pass, measured: &WorkloadSamples, all: &PassSamples) -> Result<Self, Failure> {
        // A rival that this server cannot run is left out.
        let rivals = measured.rivals.iter().filter(|rival| all.workload(rival).is_some());
        let beside = rivals.map(|rival| {
            Ok::<_, Failure>(Beside {
                rival: rival.clone(),
                ratio: ratio(pass, all, &measured.workload, rival)?,
            })
        });
        let spread = |figure: fn(&Sample) -> f64| spread(measured.samples.iter().map(figure));
        Ok(Self {
            workload: measured.workload.clone(),
            ours: measured.ours,
            us: self::spread(measured.samples.iter().map(|sample| pass.us(sample)))?,
            command_us: spread(|sample| sample.command_us)?,
            cpu_us: spread(|sample| sample.cpu_us)?,
            calls_per_second: spread(|sample| sample.calls_per_second)?,
            floors: ratio(pass, all, &measured.workload, FLOOR)?,
            beside: beside.collect::<Result<_, _>>()?,
        })
    }
}

impl ContentionFigures {
    fn of(measured: &ContentionSamples, all: &[ContentionSamples]) -> Result<Self, Failure> {
        let is_rival = |other: &&ContentionSamples| {
            measured.rivals.contains(&other.way) && measured.connections == other.connections
        };
        let beside = all.iter().filter(is_rival).map(|rival| {
            let pairs = measured.orders_per_second.iter().zip(&rival.orders_per_second);
            let ratio = spread(pairs.map(|(ours, theirs)| ours / theirs))?;
            Ok::<_, Failure>(Beside { rival: rival.way.to_owned(), ratio })
        });
        Ok(Self {
            way: measured.way,
            ours: !measured.rivals.is_empty(),
            lock: measured.lock,
            connections: measured.connections,
            orders_per_second: spread(measured.orders_per_second.iter().copied())?,
            p50_us: measured.latencies.value_at_quantile(0.5),
            p99_us: measured.latencies.value_at_quantile(0.99),
            p999_us: measured.latencies.value_at_quantile(0.999),
            latencies: measured
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
fn ratio(pass: Pass, all: &PassSamples, workload: &str, rival: &str) -> Result<Spread, Failure> {
    let samples =
        |name: &str| Ok::<_, Failure>(&all.workload(name).ok_or_else(|| format!("no {name}"))?.samples);
    let pairs = samples(workload)?.iter().zip(samples(rival)?);
    spread(pairs.map(|(ours, theirs)| pass.us(ours) / pass.us(theirs)))
}

fn spread(values: impl Iterator<Item = f64>) -> Result<Spread, Failure> {
    Spread::of(values).ok_or_else(|| "no rounds".into())
}
