//! A sale that is too large for this machine, simulated: servers that serve one command after the other, in the time that
//! was measured here, and processes that do what the client does.
//!
//! | modules | concept |
//! | --- | --- |
//! | [`clock`] | time that passes only when nothing else can happen |
//! | [`scenario`] | what is simulated, and what came of it |
//! | [`world`] | the servers |
//! | [`process`] | a process of clients |

mod clock;
mod process;
mod scenario;
mod world;

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
use scenario::{PROCESSES, SERVERS, Scenario, Tally};
use world::World;

/// How often a process reads what all shards have, while buyers are refused from memory.
const READS_A_SECOND: f64 = 2.0;

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
    /// Until the last buyer had an answer.
    ended_ms: f64,
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
    let sale = |shards, stock| Scenario::new(shards, stock, buyers);
    vec![
        sale(64, few),
        sale(256, few),
        sale(1_024, few),
        sale(1_024, few).skewed(),
        sale(1_024, many),
        sale(64, few).returning(2),
    ]
}

fn play(scenario: Scenario, costs: Costs) -> Outcome {
    let world = simulate(|clock| {
        let world = World::new(scenario, costs, clock);
        clock.spawn(come(world.clone(), Rng::with_seed(1)));
        clock.spawn(give_back(world.clone(), Rng::with_seed(2)));
        world
    });
    Outcome::of(&world)
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
            ended_ms: ms(Some(world.scenario.time.max(tally.last_call))),
        }
    }

    fn row(&self) -> Vec<String> {
        let Scenario { shards, stock, is_skewed, returned, buyers, .. } = self.scenario;
        let count = |count: u64| thousands(count as f64);
        let share = |part: f64| format!("{:.1} %", 100.0 * part);
        let ms = |ms: f64| format!("{ms:.1}");
        vec![
            count(shards as u64),
            format!("{}{}", count(stock), if is_skewed { ", skewed" } else { "" }),
            returned.to_string(),
            ms(self.sold_out_ms),
            ms(self.accepted_ms[1]),
            ms(self.accepted_ms[2]),
            count(self.transfers),
            count(self.units),
            count(self.turns_in_vain),
            count(self.refused),
            ms(self.refused_ms[0]),
            ms(self.refused_ms[1]),
            share(self.refused_from_memory as f64 / buyers as f64),
            count(self.infos),
            count(self.pushes),
            share(self.busiest_ms / self.ended_ms),
        ]
    }
}

/// The median, 99 % and the longest, in ms.
fn quantiles(us: &Histogram<u64>) -> [f64; 3] {
    [us.value_at_quantile(0.5), us.value_at_quantile(0.99), us.max()].map(|us| us as f64 / 1e3)
}

pub(super) fn table(plan: &ScalePlan, costs: &Costs, outcomes: &[Outcome]) -> Table {
    Table {
        title: "A model of a large sale".to_owned(),
        about: format!(
            "{} buyers within 5 s, by {} processes, on {SERVERS} servers; 0.5 ms to a server and back; ms",
            thousands(plan.crowd as f64),
            thousands(PROCESSES as f64)
        ),
        columns: vec![
            number("shards"),
            number("stock"),
            number("come back a second"),
            number("sold out after"),
            number("accepted, p99"),
            number("longest"),
            number("transfers"),
            number("units"),
            number("turns in vain"),
            number("refused by servers"),
            number("p50"),
            number("p99"),
            number("from memory"),
            number("INFOs"),
            number("pushes"),
            number("busiest server"),
        ],
        rows: outcomes.iter().map(Outcome::row).collect(),
        notes: vec![
            "Servers serve one command after the other in the time above, each read and replied to alone; a process looks for \
             units, moves them and learns what is left as the client does. Skewed: the n-th shard has a stock in proportion to 1/n."
                .to_owned(),
            limits(costs),
        ],
    }
}

/// What grows with the number of processes.
fn limits(costs: &Costs) -> String {
    const SHARDS: f64 = 1_024.0;
    let (processes, servers) = (PROCESSES as f64, SERVERS as f64);
    let reads = READS_A_SECOND * processes * SHARDS;
    let busy = (reads * costs.info + READS_A_SECOND * processes * servers * costs.alone) / servers / 1e6;
    let push = processes * costs.push / 1e3;
    format!(
        "While buyers come to a sale that is sold out, each process reads all shards twice a second: with 1,024 shards {} INFOs, \
         {:.1} % of each server. A unit that comes back is pushed to all processes: {push:.1} ms of its server. A process has two \
         connections to each server: {} of the 10,000 that a server takes unless it is configured otherwise.",
        thousands(reads),
        100.0 * busy,
        thousands(2.0 * processes),
    )
}
