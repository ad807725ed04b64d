//! Refusals from memory, on one core and on several at once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use seckill_client::connect::Connect;
use seckill_client::{Refusal, ShardedSale};
use seckill_page::numerals::thousands;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::place::create;
use super::places::Places;
use super::plan::ScalePlan;
use super::process::thread_cpu_ns;
use super::rounds::Rounds;
use crate::blocking::blocking;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::spread::Spread;
use crate::table::{Table, number, words};

/// Refusals between two looks at the clock.
const BATCH: u64 = 1_000;
/// A sale that is not known to be sold out by then never is.
const PATIENCE: Duration = Duration::from_secs(10);
/// The goal of `known_refusal`, a second and core.
const GOAL: f64 = 20e6;

/// How the sale is asked.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) enum Way {
    /// `known_refusal`.
    Known,
    /// `buy`, with an id of the caller, declared new.
    NewOrder,
    /// `buy`, with an id that the client makes.
    Buy,
}

/// Each way, and on how many cores at once.
const CASES: [(Way, usize); 6] =
    [(Way::Known, 1), (Way::Known, 2), (Way::NewOrder, 1), (Way::NewOrder, 2), (Way::Buy, 1), (Way::Buy, 2)];

/// The figures of a way.
#[derive(serde::Serialize)]
pub(super) struct Refusals {
    pub(super) way: Way,
    pub(super) cores: usize,
    /// Processor time of a refusal, in ns.
    pub(super) ns: Spread,
    pub(super) per_second_and_core: f64,
}

pub(super) async fn run(
    plan: &ScalePlan,
    places: &mut Places,
    progress: &Progress,
) -> Result<Vec<Refusals>, Failure> {
    progress.begin("refusals", plan.rounds as usize * CASES.len());
    let place = places.largest();
    let sale = create(&place.cluster_client()?, plan.shards, 0).await?;
    // While somebody waits for a change, what is known is learned again in time.
    let waiting = tokio::spawn({
        let sale = sale.clone();
        async move { sale.changed(1).await }
    });
    until_known(&sale).await?;
    let (time, mut rounds) = (Duration::from_millis(plan.refusing_ms), Rounds::new(CASES.len()));
    for round in 0..plan.rounds {
        for number in rounds.order(round) {
            let (way, cores) = CASES[number];
            let threads = (0..cores).map(|_| {
                let (sale, runtime) = (sale.clone(), Handle::current());
                blocking(move || measure(&sale, way, time, &runtime))
            });
            let ns = try_join_all(threads).await?;
            rounds.add(number, ns.iter().sum::<f64>() / cores as f64);
            progress.step();
        }
    }
    waiting.abort();
    place.clear()?;
    let refusals = CASES.into_iter().enumerate().map(|(number, (way, cores))| {
        let ns = rounds.figure(number, |ns| *ns)?;
        Ok(Refusals { way, cores, ns, per_second_and_core: 1e9 / ns.median })
    });
    refusals.collect()
}

pub(super) async fn until_known<C: Connect>(sale: &ShardedSale<C>) -> Result<(), Failure> {
    let begun = Instant::now();
    while sale.known_refusal(1).is_none() {
        if begun.elapsed() > PATIENCE {
            return Err("the client does not learn that the sale is sold out".into());
        }
        sale.buy("ann").await?;
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// The ns of a refusal on this thread.
fn measure<C: Connect>(
    sale: &ShardedSale<C>,
    way: Way,
    time: Duration,
    runtime: &Handle,
) -> Result<f64, Failure> {
    let (begun, before, mut refusals) = (Instant::now(), thread_cpu_ns()?, 0);
    while begun.elapsed() < time {
        refusals += match way {
            Way::Known => ask(sale),
            Way::NewOrder | Way::Buy => runtime.block_on(buy(sale, way))?,
        };
    }
    Ok((thread_cpu_ns()? - before) / refusals as f64)
}

/// How many of a batch were refused.
fn ask<C: Connect>(sale: &ShardedSale<C>) -> u64 {
    let is_refused = |_: &u64| black_box(sale).known_refusal(black_box(1)) == Some(Refusal::SoldOut);
    (0..BATCH).filter(is_refused).count() as u64
}

/// How many of a batch were refused from memory.
async fn buy<C: Connect>(sale: &ShardedSale<C>, way: Way) -> Result<u64, Failure> {
    let mut refused = 0;
    for _ in 0..BATCH {
        let purchase = sale.buy(black_box("ann"));
        let receipt = match way {
            Way::NewOrder => purchase.new_order("0190163d-8694-739b-aea5-966c26f8ad91").await?,
            _ => purchase.await?,
        };
        refused += u64::from(receipt.from_memory);
    }
    Ok(refused)
}

pub(super) fn table(plan: &ScalePlan, refusals: &[Refusals]) -> Table {
    let row = |refusals: &Refusals| {
        let way = match refusals.way {
            Way::Known => "known_refusal",
            Way::NewOrder => "buy, new_order(id)",
            Way::Buy => "buy, the client makes the id",
        };
        vec![
            way.to_owned(),
            refusals.cores.to_string(),
            format!("{:.1}", refusals.ns.median),
            format!("{:.1}", refusals.ns.low),
            format!("{:.1}", refusals.ns.high),
            thousands(refusals.per_second_and_core),
        ]
    };
    Table {
        title: "Refusals from memory".to_owned(),
        about: format!("a sale of {} shards that is sold out; ns of processor time", plan.shards),
        columns: vec![
            words("way"),
            number("cores"),
            number("ns"),
            number("low"),
            number("high"),
            number("a second and core"),
        ],
        rows: refusals.iter().map(row).collect(),
        notes: vec![format!("Goal of known_refusal: {} a second and core.", thousands(GOAL))],
    }
}
