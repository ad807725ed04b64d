//! Orders a second of one sale on one server and on several.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Cmd, cmd};
use seckill_client::connect::Connect;
use seckill_client::{Client, ShardedSale};
use seckill_page::numerals::thousands;

use super::buyers::{Homes, buyers, homes};
use super::callers::sell;
use super::place::{Place, create, open_in};
use super::places::{NODES, Places};
use super::plan::ScalePlan;
use super::process;
use super::raw::send_to_all;
use super::rounds::Rounds;
use crate::failure::Failure;
use crate::names;
use crate::numerals::{times, us};
use crate::progress::Progress;
use crate::spread::Spread;
use crate::table::{Table, number, words};

/// The sale to which the others are compared: the ordinary one.
const ORDINARY: usize = 0;
/// One on a server alone, and one in each cluster.
const SALES: usize = 1 + NODES.len();

/// By whom orders are sent.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) enum Way {
    /// `ShardedSale::buy`, by many callers.
    Client,
    /// Commands in batches, each to the server of the buyer's home.
    Raw,
}

const WAYS: [Way; 2] = [Way::Client, Way::Raw];

/// What one run showed.
struct Sample {
    orders_per_second: f64,
    /// Processor time of all servers for an order, in µs.
    server_us: f64,
    /// The same of this process.
    client_us: f64,
}

/// The figures of a sale in one way.
#[derive(serde::Serialize)]
pub(super) struct Orders {
    pub(super) way: Way,
    pub(super) servers: usize,
    pub(super) shards: usize,
    pub(super) orders_per_second: Spread,
    pub(super) server_us: Spread,
    pub(super) client_us: Spread,
    /// Orders a second as a multiple of those of the ordinary sale, in the same round.
    pub(super) beside_ordinary: Spread,
    /// Orders for the same processor time of the servers, likewise.
    pub(super) per_core_beside_ordinary: Spread,
}

pub(super) async fn run(
    plan: &ScalePlan,
    places: &mut Places,
    progress: &Progress,
) -> Result<Vec<Orders>, Failure> {
    progress.begin("orders", plan.rounds as usize * SALES * WAYS.len());
    let mut rounds = Rounds::new(SALES * WAYS.len());
    for round in 0..plan.rounds {
        for case in rounds.order(round) {
            let (way, sale) = (WAYS[case / SALES], case % SALES);
            let sample = if sale == ORDINARY {
                measure(plan, &mut places.alone, way, 1, Place::client).await?
            } else {
                let place = &mut places.clusters[sale - 1];
                measure(plan, place, way, plan.shards, Place::cluster_client).await?
            };
            rounds.add(case, sample);
            progress.step();
        }
    }
    let orders = (0..SALES * WAYS.len()).map(|case| {
        let (way, sale) = (WAYS[case / SALES], case % SALES);
        let ordinary = case - sale;
        let (servers, shards) = if sale == ORDINARY { (1, 1) } else { (NODES[sale - 1], plan.shards) };
        Ok(Orders {
            way,
            servers,
            shards,
            orders_per_second: rounds.figure(case, |sample| sample.orders_per_second)?,
            server_us: rounds.figure(case, |sample| sample.server_us)?,
            client_us: rounds.figure(case, |sample| sample.client_us)?,
            beside_ordinary: rounds.ratio(case, ordinary, |sample| sample.orders_per_second)?,
            per_core_beside_ordinary: rounds.ratio(case, ordinary, |sample| 1.0 / sample.server_us)?,
        })
    });
    orders.collect()
}

async fn measure<C: Connect>(
    plan: &ScalePlan,
    place: &mut Place,
    way: Way,
    shards: usize,
    client: impl Fn(&Place) -> Result<Client<C>, Failure>,
) -> Result<Sample, Failure> {
    let orders = match way {
        Way::Client => plan.orders,
        Way::Raw => plan.raw_orders,
    };
    // No shard runs dry.
    let sale = create(&client(place)?, shards, 4 * orders).await?;
    let names = buyers(&sale, Homes::Uniform, orders);
    let sample = match way {
        Way::Client => {
            let sales = open_in(plan.processes, || client(place)).await?;
            by_client(plan, place, &sales, &names).await
        }
        Way::Raw => by_raw_commands(place, &sale, &names).await,
    };
    place.clear()?;
    sample
}

async fn by_client<C: Connect>(
    plan: &ScalePlan,
    place: &mut Place,
    sales: &[ShardedSale<C>],
    buyers: &Arc<[String]>,
) -> Result<Sample, Failure> {
    let cpu = Cpu::now(place)?;
    let purchases = sell(sales, buyers, plan.callers, buyers.len() as u64).await?;
    let begun = purchases.iter().map(|bought| bought.begun).min().ok_or("no purchases")?;
    let ended = purchases.last().ok_or("no purchases")?.ended;
    if purchases.iter().any(|bought| !bought.is_accepted) {
        return Err("an order was refused while units were left".into());
    }
    cpu.sample(place, purchases.len(), ended - begun)
}

async fn by_raw_commands<C: Connect>(
    place: &mut Place,
    sale: &ShardedSale<C>,
    buyers: &[String],
) -> Result<Sample, Failure> {
    let (shards, servers) = (sale.shards(), place.servers().len());
    let mut commands = vec![Vec::new(); servers];
    for (number, (buyer, home)) in buyers.iter().zip(homes(sale, buyers)).enumerate() {
        commands[home * servers / shards.len()].push(buy(shards[home].key(), buyer, number));
    }
    let batches = place.pack(commands)?;
    let (cpu, begun) = (Cpu::now(place)?, Instant::now());
    send_to_all(batches).await?;
    cpu.sample(place, buyers.len(), begun.elapsed())
}

fn buy(shard: &[u8], buyer: &str, number: usize) -> Cmd {
    cmd("SECKILL.BUY").arg(shard).arg(buyer).arg(names::order(number as u64)).take()
}

/// Processor time so far, in µs.
struct Cpu {
    servers: f64,
    client: f64,
}

impl Cpu {
    fn now(place: &mut Place) -> Result<Self, Failure> {
        Ok(Self { servers: place.cpu_us()?, client: process::cpu_us()? })
    }

    fn sample(&self, place: &mut Place, orders: usize, took: Duration) -> Result<Sample, Failure> {
        let (now, orders) = (Self::now(place)?, orders as f64);
        Ok(Sample {
            orders_per_second: orders / took.as_secs_f64(),
            server_us: (now.servers - self.servers) / orders,
            client_us: (now.client - self.client) / orders,
        })
    }
}

impl Orders {
    /// How many cores servers and client had in use.
    fn cores(&self) -> f64 {
        self.orders_per_second.median * (self.server_us.median + self.client_us.median) / 1e6
    }

    fn row(&self) -> Vec<String> {
        let sale =
            if self.shards == 1 { "ordinary sale".to_owned() } else { format!("{} shards", self.shards) };
        vec![
            match self.way {
                Way::Client => format!("client: {sale}"),
                Way::Raw => format!("raw: {sale}"),
            },
            self.servers.to_string(),
            thousands(self.orders_per_second.median),
            times(self.beside_ordinary.median),
            us(self.server_us.median),
            us(self.client_us.median),
            us(self.cores()),
            thousands(1e6 / self.server_us.median),
            times(self.per_core_beside_ordinary.median),
        ]
    }
}

pub(super) fn table(plan: &ScalePlan, orders: &[Orders]) -> Table {
    Table {
        title: "Orders a second".to_owned(),
        about: format!(
            "{} callers of {} processes by the client, {} orders a round; raw commands in batches, {} orders",
            plan.callers,
            plan.processes,
            thousands(plan.orders as f64),
            thousands(plan.raw_orders as f64)
        ),
        columns: vec![
            words("sale"),
            number("servers"),
            number("orders/s"),
            number("× ordinary"),
            number("servers, µs an order"),
            number("client, µs an order"),
            number("cores in use"),
            number("orders/s and core of the servers"),
            number("× ordinary"),
        ],
        rows: orders.iter().map(Orders::row).collect(),
        notes: vec![
            "Servers and clients share the cores of this machine: what limits orders a second is shown by the cores in use, \
             and by how many of them the client takes (one thread; by raw commands one for each server). A server uses one core: \
             the column of orders a second and core says what each further machine would add."
                .to_owned(),
        ],
    }
}
