//! A sale that grows, purchase by purchase: what an order takes, in time and in memory.
//!
//! The server tells times by the clock on the wall, so what else the machine does is in them, and most of all in the
//! longest one. `make growth` measures the same without a server, in processor time, and the memory after every
//! purchase.

use redis::cmd;

use crate::account::{self, command_us, longest_us, note_longest};
use crate::names;
use crate::pipe::Pipe;
use crate::shop::{Seckill, Shop};
use crate::stage::{Programs, Stage};
use crate::workload::{Numbers, fill};
use crate::{Failure, Plan, Progress, aside};

/// Orders at the first point.
const FIRST: u64 = 1_000;
/// From so many orders on, what a sale has once does not weigh in.
pub(crate) const MANY: u64 = 10_000;
/// The time of an order at the slowest point is to be at most this multiple of that at the fastest.
const MOST_SLOWDOWN: f64 = 2.0;

/// Ids of 36 bytes.
#[derive(Clone, Copy)]
struct Ids {
    name: &'static str,
    of: fn(u64) -> String,
    most_bytes: f64,
    aim_bytes: Option<f64>,
}

const IDS: [Ids; 2] = [
    Ids { name: "UUID ids", of: names::order, most_bytes: 120.0, aim_bytes: Some(100.0) },
    Ids { name: "36-byte ids", of: names::plain_order, most_bytes: 150.0, aim_bytes: None },
];

/// A sale that has grown. Each order has a buyer of its own, of 12 bytes.
#[derive(serde::Serialize)]
pub(crate) struct Grown {
    /// By its orders' ids.
    pub(crate) sale: &'static str,
    pub(crate) points: Vec<Point>,
    /// The time of an order at the slowest point as a multiple of that at the fastest.
    pub(crate) slowdown: f64,
    /// It is to be at most this.
    pub(crate) most_slowdown: f64,
    /// Memory of an order, in bytes: the most that it is at any point with [`MANY`] orders.
    pub(crate) bytes: Option<f64>,
    /// It is to be at most this.
    pub(crate) most_bytes: f64,
    /// It would better be this.
    pub(crate) aim_bytes: Option<f64>,
}

/// A sale at one size.
#[derive(serde::Serialize)]
pub(crate) struct Point {
    pub(crate) orders: u64,
    /// The time of a purchase by the server's commandstats, in µs: of those since the point before.
    pub(crate) us: f64,
    /// The longest of them.
    pub(crate) slowest_us: f64,
    /// Memory of an order with its buyer and its event, in bytes: what MEMORY USAGE says of the sale.
    pub(crate) bytes: f64,
    /// The same by what the whole server uses more than before the sale.
    pub(crate) used_bytes: f64,
}

/// Lets a sale of each kind grow, on a server of its own.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<Grown>, Failure> {
    let marks = marks(plan.growth);
    progress.begin("growth", IDS.len() * marks.len());
    let mut grown = Vec::new();
    for ids in IDS {
        let stage = Stage::alone(programs).await?;
        let pipe = Pipe::open(stage.primary.client(), plan.depth)?;
        let (marks, progress) = (marks.clone(), progress.clone());
        let points = aside(move || grow(pipe, ids, &marks, &progress)).await?;
        grown.push(Grown::of(ids, points).ok_or("no points")?);
    }
    Ok(grown)
}

/// Sizes to measure at: 1, 2 and 5 times the powers of ten, and at last the greatest.
fn marks(greatest: u64) -> Vec<u64> {
    let powers = std::iter::successors(Some(FIRST), |power| power.checked_mul(10));
    let marks = powers.flat_map(|power| [1, 2, 5].map(|times| power.saturating_mul(times)));
    marks.take_while(|mark| *mark < greatest).chain([greatest]).collect()
}

fn grow(mut pipe: Pipe, ids: Ids, marks: &[u64], progress: &Progress) -> Result<Vec<Point>, Failure> {
    let greatest = marks.last().ok_or("no sizes")?;
    Seckill::allow(&mut pipe, *greatest)?;
    note_longest(&mut pipe)?;
    let sale = Seckill::new("grows");
    // The first purchases of a new server are slower than others.
    sale.open(&mut pipe)?;
    fill(&sale, &mut pipe, 0..FIRST, ids.of)?;
    pipe.ask::<()>(cmd("DEL").arg(sale.key()))?;

    let used_before = used(&mut pipe)?;
    sale.open(&mut pipe)?;
    let mut from = 0;
    let points = marks.iter().map(|&to| {
        let point = grow_to(&mut pipe, &sale, ids, from..to, used_before)?;
        from = to;
        progress.step();
        Ok(point)
    });
    points.collect()
}

fn grow_to(
    pipe: &mut Pipe,
    sale: &Seckill,
    ids: Ids,
    numbers: Numbers,
    used_before: f64,
) -> Result<Point, Failure> {
    const BUY: &str = "SECKILL.BUY";
    fill(sale, pipe, numbers.clone(), ids.of)?;
    let (orders, calls) = (numbers.end, numbers.end - numbers.start);
    let told: u64 = pipe.ask(cmd("MEMORY").arg("USAGE").arg(sale.key()))?;
    Ok(Point {
        orders,
        us: command_us(pipe, BUY, calls)? / calls as f64,
        slowest_us: longest_us(pipe, BUY)?,
        bytes: told as f64 / orders as f64,
        used_bytes: (used(pipe)? - used_before) / orders as f64,
    })
}

/// The memory that the server uses, in bytes, without its accounts of commands: they begin anew.
fn used(pipe: &mut Pipe) -> Result<f64, Failure> {
    account::reset(pipe)?;
    account::field(pipe, "memory", "used_memory")
}

impl Grown {
    /// `None` when there are no points.
    fn of(ids: Ids, points: Vec<Point>) -> Option<Self> {
        let times = || points.iter().map(|point| point.us);
        let slowdown = times().reduce(f64::max)? / times().reduce(f64::min)?;
        let large = points.iter().filter(|point| point.orders >= MANY);
        let bytes = large.map(|point| point.bytes).reduce(f64::max);
        let Ids { name: sale, most_bytes, aim_bytes, .. } = ids;
        Some(Self { sale, points, slowdown, most_slowdown: MOST_SLOWDOWN, bytes, most_bytes, aim_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_in_equal_steps_up_to_the_greatest() {
        assert_eq!(marks(10_000), [1_000, 2_000, 5_000, 10_000]);
        assert_eq!(marks(3_000), [1_000, 2_000, 3_000]);
        assert_eq!(marks(7), [7]);
    }
}
