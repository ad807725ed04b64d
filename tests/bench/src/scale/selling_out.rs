//! Sales that are sold to the last unit: how many units are moved, and what the last ones take.

use std::time::Duration;

use hdrhistogram::Histogram;
use redis::streams::StreamRangeReply;
use redis::{AsyncCommands, from_redis_value_ref};
use seckill_client::connect::Connect;
use seckill_client::{Client, ShardedSale, Transfer};
use seckill_page::numerals::thousands;
use tokio::time::interval;

use super::buyers::{Homes, buyers};
use super::callers::{Bought, sell};
use super::place::{Place, SALE, create, open_in};
use super::places::Places;
use super::plan::ScalePlan;
use super::rounds::Rounds;
use crate::failure::Failure;
use crate::numerals::times;
use crate::progress::Progress;
use crate::spread::Spread;
use crate::table::{Table, number, words};

/// Between two rounds of the balancer.
const BALANCED_EVERY: Duration = Duration::from_millis(100);
/// The share of the stock that counts as the last units.
const LAST: u64 = 100;
/// Latencies are counted in µs, up to a minute, to three digits.
const LONGEST: u64 = 60_000_000;
const DIGITS: u8 = 3;

/// How a sale is sold.
#[derive(Clone, Copy, serde::Serialize)]
pub(super) struct Case {
    pub(super) name: &'static str,
    #[serde(skip)]
    is_ordinary: bool,
    homes: Homes,
    is_balanced: bool,
}

const CASES: [Case; 5] = [
    Case { name: "ordinary sale", is_ordinary: true, homes: Homes::Uniform, is_balanced: false },
    Case { name: "uniform", is_ordinary: false, homes: Homes::Uniform, is_balanced: false },
    Case { name: "uniform, balanced", is_ordinary: false, homes: Homes::Uniform, is_balanced: true },
    Case { name: "at home in two shards", is_ordinary: false, homes: Homes::InTwoShards, is_balanced: false },
    Case { name: "in two, balanced", is_ordinary: false, homes: Homes::InTwoShards, is_balanced: true },
];

struct Sample {
    orders_per_second: f64,
    transfers: f64,
    /// That they moved.
    units: f64,
    last_ms: f64,
    /// Of an accepted order among the last ones, in µs: p50, p99 and the longest.
    last_us: [f64; 3],
    before_us: [f64; 3],
    refused_too_early: f64,
}

/// The figures of a sale.
#[derive(serde::Serialize)]
pub(super) struct SoldOut {
    pub(super) case: Case,
    pub(super) orders_per_second: Spread,
    pub(super) transfers: Spread,
    pub(super) units: Spread,
    pub(super) last_ms: Spread,
    /// As a multiple of that of the ordinary sale, in the same round.
    pub(super) last_beside_ordinary: Spread,
    pub(super) last_us: [Spread; 3],
    pub(super) before_us: [Spread; 3],
    /// Purchases that ended refused before another one was begun that got a unit.
    pub(super) refused_too_early: Spread,
}

pub(super) async fn run(
    plan: &ScalePlan,
    places: &mut Places,
    progress: &Progress,
) -> Result<Vec<SoldOut>, Failure> {
    progress.begin("selling out", plan.rounds as usize * CASES.len());
    let mut rounds = Rounds::new(CASES.len());
    for round in 0..plan.rounds {
        for number in rounds.order(round) {
            let case = CASES[number];
            let sample = if case.is_ordinary {
                measure(plan, case, &mut places.alone, 1, Place::client).await?
            } else {
                measure(plan, case, places.largest(), plan.shards, Place::cluster_client).await?
            };
            rounds.add(number, sample);
            progress.step();
        }
    }
    let sold_out = CASES.into_iter().enumerate().map(|(number, case)| {
        let figure = |figure: fn(&Sample) -> f64| rounds.figure(number, figure);
        Ok(SoldOut {
            case,
            orders_per_second: figure(|sample| sample.orders_per_second)?,
            transfers: figure(|sample| sample.transfers)?,
            units: figure(|sample| sample.units)?,
            last_ms: figure(|sample| sample.last_ms)?,
            last_beside_ordinary: rounds.ratio(number, 0, |sample| sample.last_ms)?,
            last_us: [
                figure(|sample| sample.last_us[0])?,
                figure(|sample| sample.last_us[1])?,
                figure(|sample| sample.last_us[2])?,
            ],
            before_us: [
                figure(|sample| sample.before_us[0])?,
                figure(|sample| sample.before_us[1])?,
                figure(|sample| sample.before_us[2])?,
            ],
            refused_too_early: figure(|sample| sample.refused_too_early)?,
        })
    });
    sold_out.collect()
}

async fn measure<C: Connect>(
    plan: &ScalePlan,
    case: Case,
    place: &mut Place,
    shards: usize,
    client: impl Fn(&Place) -> Result<Client<C>, Failure>,
) -> Result<Sample, Failure> {
    let sale = create(&client(place)?, shards, plan.stock).await?;
    let buyers = buyers(&sale, case.homes, plan.stock);
    let sales = open_in(plan.processes, || client(place)).await?;
    let selling = sell(&sales, &buyers, plan.callers, plan.stock);
    let purchases = tokio::select! {
        purchases = selling => purchases?,
        Err(error) = balance(&sale, case.is_balanced) => return Err(error),
    };
    let moved = transfers(place, case).await?;
    place.clear()?;
    let accepted: Vec<Bought> = purchases.iter().copied().filter(|bought| bought.is_accepted).collect();
    let before = usize::try_from(plan.stock - plan.stock / LAST)?;
    let (first, last) = accepted.split_at(before);
    let (begun, almost, ended) = match (purchases.iter().map(|bought| bought.begun).min(), first, last) {
        (Some(begun), [.., almost], [.., last]) => (begun, almost.ended, last.ended),
        _ => return Err("too little was sold".into()),
    };
    let still_sold = accepted.iter().map(|bought| bought.begun).max();
    let is_too_early = |bought: &&Bought| !bought.is_accepted && Some(bought.ended) < still_sold;
    Ok(Sample {
        orders_per_second: plan.stock as f64 / (ended - begun).as_secs_f64(),
        transfers: moved.len() as f64,
        units: moved.iter().map(|transfer| transfer.units as f64).sum(),
        last_ms: (ended - almost).as_secs_f64() * 1e3,
        last_us: latencies(last)?,
        before_us: latencies(first)?,
        refused_too_early: purchases.iter().filter(is_too_early).count() as f64,
    })
}

/// Balances the sale as long as it is sold, if it is to be balanced. Ends only when that fails.
async fn balance<C: Connect>(sale: &ShardedSale<C>, is_balanced: bool) -> Result<(), Failure> {
    if !is_balanced {
        std::future::pending::<()>().await;
    }
    let (mut balancer, mut ticks) = (sale.balancer(), interval(BALANCED_EVERY));
    loop {
        ticks.tick().await;
        balancer.round().await?;
    }
}

/// The transfers that were done: those of the last minutes are kept.
async fn transfers(place: &Place, case: Case) -> Result<Vec<Transfer>, Failure> {
    if case.is_ordinary {
        return Ok(Vec::new());
    }
    let mut connection = place.cluster_connection().await?;
    let key: Vec<u8> = connection.hget(SALE, "done").await?;
    let done: StreamRangeReply = connection.xrange_all(key).await?;
    // One that became void has another field.
    let moved = done.ids.iter().filter_map(|entry| entry.map.get("transfer"));
    moved.map(|id| Ok(from_redis_value_ref::<String>(id)?.parse()?)).collect()
}

fn latencies(purchases: &[Bought]) -> Result<[f64; 3], Failure> {
    let mut latencies = Histogram::<u64>::new_with_max(LONGEST, DIGITS)?;
    for bought in purchases {
        latencies.saturating_record(u64::try_from(bought.took().as_micros())?);
    }
    let quantiles = [latencies.value_at_quantile(0.5), latencies.value_at_quantile(0.99), latencies.max()];
    Ok(quantiles.map(|us| us as f64))
}

fn ms(us: &Spread) -> String {
    format!("{:.1}", us.median / 1e3)
}

pub(super) fn table(plan: &ScalePlan, sold_out: &[SoldOut]) -> Table {
    let row = |sold: &SoldOut| {
        vec![
            sold.case.name.to_owned(),
            thousands(sold.orders_per_second.median),
            thousands(sold.transfers.median),
            thousands(sold.units.median),
            ms(&sold.before_us[0]),
            ms(&sold.before_us[1]),
            format!("{:.1}", sold.last_ms.median),
            times(sold.last_beside_ordinary.median),
            ms(&sold.last_us[0]),
            ms(&sold.last_us[1]),
            ms(&sold.last_us[2]),
            thousands(sold.refused_too_early.max),
        ]
    };
    Table {
        title: "A sale that is sold out".to_owned(),
        about: format!(
            "{} units by {} callers of {} processes; {} shards on 4 servers beside an ordinary sale; the last 1 %; ms",
            thousands(plan.stock as f64),
            plan.callers,
            plan.processes,
            plan.shards
        ),
        columns: vec![
            words("buyers"),
            number("orders/s"),
            number("transfers"),
            number("units moved"),
            number("p50"),
            number("p99"),
            number("the last"),
            number("× ordinary"),
            number("p50"),
            number("p99"),
            number("longest"),
            number("too early"),
        ],
        rows: sold_out.iter().map(row).collect(),
        notes: vec![
            "Latencies of accepted orders: first of the first 99 %, then of the last 1 %. Too early: orders that ended refused \
             before another one was begun that got a unit, the most of any round."
                .to_owned(),
            format!("Balanced: a round of the balancer every {} ms.", BALANCED_EVERY.as_millis()),
        ],
    }
}
