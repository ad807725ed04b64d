//! A sale that is too large for this machine, simulated: servers that serve one command after the other, in the time that
//! was measured here, and processes that do what the client does.

mod clock;
mod process;
mod scenario;
mod world;

use std::cell::RefCell;
use std::rc::Rc;

use fastrand::Rng;
use hdrhistogram::Histogram;
use seckill_page::numerals::thousands;

use super::costs::Costs;
use super::plan::ScalePlan;
use crate::blocking::blocking;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::table::{Table, number};

use clock::{MS, Ns, SECOND, simulate};
use process::Process;
use scenario::{Scenario, Tally};
use world::World;

/// Buyers come in groups, so often.
const TICK: Ns = MS / 20;

/// What came of a scenario. Times are in ms.
#[derive(serde::Serialize)]
pub(super) struct Outcome {
    scenario: Scenario,
    accepted: u64,
    /// From the first buyer until 99 % of the units were sold, and all.
    almost_sold_out_ms: f64,
    sold_out_ms: f64,
    accepted_ms: [f64; 3],
    /// Refusals that were not from memory.
    refused: u64,
    refused_ms: [f64; 3],
    refused_from_memory: u64,
    failed: u64,
    transfers: u64,
    units: u64,
    looks: u64,
    infos: u64,
    pushes: u64,
    turns_in_vain: u64,
    busiest_ms: f64,
    longest_wait_ms: f64,
}

pub(super) async fn run(
    plan: &ScalePlan,
    costs: Costs,
    progress: &Progress,
) -> Result<Vec<Outcome>, Failure> {
    let scenarios = scenarios(plan);
    progress.begin("model", scenarios.len());
    let mut outcomes = Vec::new();
    for scenario in scenarios {
        // On a thread without a runtime, whose budget of steps would end.
        outcomes.push(blocking(move || Ok(play(scenario, costs))).await?);
        progress.step();
    }
    Ok(outcomes)
}

fn scenarios(plan: &ScalePlan) -> Vec<Scenario> {
    let (buyers, few, many) = (plan.crowd, plan.crowd / 100, plan.crowd / 10);
    let on_64 = |shards, stock| Scenario::new(64, shards, stock, buyers);
    vec![
        Scenario::new(1, 1, few, buyers),
        on_64(64, few),
        on_64(256, few),
        on_64(1_024, few),
        on_64(64, few).skewed(),
        on_64(1_024, few).skewed(),
        on_64(64, many),
        on_64(1_024, many),
        on_64(64, few).returning(10),
        on_64(1_024, few).returning(10),
    ]
}

fn play(scenario: Scenario, costs: Costs) -> Outcome {
    let played = RefCell::new(None);
    simulate(|clock| {
        let world = World::new(scenario, costs, clock);
        clock.spawn(come(world.clone(), Rng::with_seed(1)));
        clock.spawn(give_back(world.clone(), Rng::with_seed(2)));
        played.replace(Some(world));
    });
    played.into_inner().map(|world| Outcome::of(&world)).unwrap_or_else(|| unreachable!())
}

/// The buyers, each of a random process, at a random home.
async fn come(world: Rc<World>, mut random: Rng) {
    let Scenario { processes, shards, buyers, time, .. } = world.scenario;
    let processes: Vec<_> = (0..processes).map(|number| Process::new(number, &world)).collect();
    let ticks = time / TICK;
    for tick in 0..ticks {
        for _ in buyers * tick / ticks..buyers * (tick + 1) / ticks {
            let process = &processes[random.usize(..processes.len())];
            if process.knows() {
                world.tally.borrow_mut().refused_from_memory += 1;
            } else {
                world.clock.spawn(process.clone().buy(random.usize(..shards)));
            }
        }
        world.clock.sleep(TICK).await;
    }
}

/// Units that come back.
async fn give_back(world: Rc<World>, mut random: Rng) {
    let Scenario { shards, returned, time, .. } = world.scenario;
    for _ in 0..returned * time / SECOND {
        world.clock.sleep(SECOND / returned).await;
        world.give_back(random.usize(..shards)).await;
    }
}

impl Outcome {
    fn of(world: &World) -> Self {
        let tally = world.tally.borrow();
        let Tally { accepted, refused, .. } = &*tally;
        let ms = |time: Option<Ns>| time.map_or(f64::NAN, |time| time as f64 / MS as f64);
        let (busiest, longest) = world.busiest();
        Self {
            scenario: world.scenario,
            accepted: accepted.len(),
            almost_sold_out_ms: ms(tally.almost_sold_out),
            sold_out_ms: ms(tally.sold_out),
            accepted_ms: quantiles(accepted),
            refused: refused.len(),
            refused_ms: quantiles(refused),
            refused_from_memory: tally.refused_from_memory,
            failed: tally.failed,
            transfers: tally.transfers,
            units: tally.units,
            looks: tally.looks,
            infos: tally.infos,
            pushes: tally.pushes,
            turns_in_vain: tally.turns_in_vain,
            busiest_ms: ms(Some(busiest)),
            longest_wait_ms: ms(Some(longest)),
        }
    }

    fn row(&self) -> Vec<String> {
        let Scenario { servers, shards, stock, is_skewed, returned, .. } = self.scenario;
        let count = |count: u64| thousands(count as f64);
        let ms = |ms: f64| format!("{ms:.1}");
        vec![
            servers.to_string(),
            count(shards as u64),
            format!("{}{}", count(stock), if is_skewed { ", skewed" } else { "" }),
            returned.to_string(),
            ms(self.almost_sold_out_ms),
            ms(self.sold_out_ms),
            ms(self.accepted_ms[1]),
            ms(self.accepted_ms[2]),
            count(self.transfers),
            count(self.units),
            count(self.refused),
            ms(self.refused_ms[1]),
            ms(self.refused_ms[2]),
            count(self.refused_from_memory),
            count(self.failed),
            count(self.infos),
            count(self.pushes),
            count(self.turns_in_vain),
            ms(self.busiest_ms),
            ms(self.longest_wait_ms),
        ]
    }
}

/// The median, 99 % and the longest, in ms.
fn quantiles(us: &Histogram<u64>) -> [f64; 3] {
    [us.value_at_quantile(0.5), us.value_at_quantile(0.99), us.max()].map(|us| us as f64 / 1e3)
}

pub(super) fn table(plan: &ScalePlan, outcomes: &[Outcome]) -> Table {
    Table {
        title: "A model of a large sale".to_owned(),
        about: format!(
            "{} buyers within 5 s, in 1,000 processes; 0.5 ms to a server and back; ms",
            thousands(plan.crowd as f64)
        ),
        columns: vec![
            number("servers"),
            number("shards"),
            number("stock"),
            number("back/s"),
            number("99 % sold"),
            number("all"),
            number("bought p99"),
            number("longest"),
            number("transfers"),
            number("units"),
            number("refused"),
            number("p99"),
            number("longest"),
            number("from memory"),
            number("failed"),
            number("INFOs"),
            number("pushes"),
            number("turns in vain"),
            number("busiest server"),
            number("its longest queue"),
        ],
        rows: outcomes.iter().map(Outcome::row).collect(),
        notes: vec![],
    }
}
