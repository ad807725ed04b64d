//! A sale that grows, purchase by purchase: the time and memory of an order.
//!
//! The server measures by wall clock, so other load on the machine is in the times, and most of all in the
//! longest one. `make growth` measures the same without a server, in processor time, and the memory after
//! every purchase.

use redis::cmd;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::names;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::sale::{HOUR, ModuleSale, SaleBackend};
use crate::server_stats::{command_us, longest_us, record_longest, used_memory};
use crate::servers::{Programs, Servers};
use crate::spread::Spread;
use crate::workload::{Numbers, fill};

/// Orders at the first point.
const FIRST: u64 = 1_000;
/// Sales that grow to the small size; only the last one grows further. Of their times the medians count, and
/// of the longest times the longest.
const TIMES: usize = 5;
const SMALL: u64 = 100_000;
/// From this number of orders on, the fixed memory of a sale is negligible.
pub(crate) const MANY: u64 = 10_000;
/// Figures of an order at any two points differ at most by this factor.
const MOST_UNEVEN: f64 = 2.0;

/// A kind of sale; all ids are of 36 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    name: &'static str,
    id: fn(u64) -> String,
    /// How long an order is held, in ms; 0 sells it at once.
    hold: u64,
    most_bytes: Option<f64>,
    aim_bytes: Option<f64>,
}

pub(crate) const KINDS: [Kind; 3] = [
    Kind { name: "UUID ids", id: names::order, hold: 0, most_bytes: Some(120.0), aim_bytes: Some(100.0) },
    Kind { name: "36-byte ids", id: names::plain_order, hold: 0, most_bytes: Some(150.0), aim_bytes: None },
    // A deadline is stored in the queue of deadlines, and with the event. There is no goal for that.
    Kind { name: "UUID ids, held", id: names::order, hold: HOUR, most_bytes: None, aim_bytes: None },
];

/// A sale that has grown. Each order has a buyer of its own, of 12 bytes.
#[derive(serde::Serialize)]
pub(crate) struct Grown {
    /// Its kind.
    pub(crate) sale: &'static str,
    pub(crate) points: Vec<Point>,
    /// The time of an order at the slowest point as a multiple of that at the fastest.
    pub(crate) uneven_us: f64,
    /// Memory likewise.
    pub(crate) uneven_bytes: f64,
    /// The goal of both: at most this.
    pub(crate) most_uneven: f64,
    /// Memory of an order, in bytes: the most that it is at a point with [`MANY`] orders or more.
    pub(crate) bytes: Option<f64>,
    /// The goal: at most this.
    pub(crate) most_bytes: Option<f64>,
    /// A further aim: at most this.
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
    /// Memory of an order with its buyer and its event, in bytes: by MEMORY USAGE of the sale.
    pub(crate) bytes: f64,
    /// The same by the growth of the server's used_memory.
    pub(crate) used_bytes: f64,
}

/// Lets sales of each kind grow, on a server of its own.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<Grown>, Failure> {
    let sales = sales(plan.growth);
    progress.begin("growth", KINDS.len() * sales.iter().map(Vec::len).sum::<usize>());
    let mut grown = Vec::new();
    for kind in KINDS {
        let servers = Servers::single(programs).await?;
        let mut pipe = Pipe::open(servers.primary.client(), plan.depth)?;
        let (greatest, sales, progress) = (plan.growth, sales.clone(), progress.clone());
        let points = blocking(move || {
            ModuleSale::allow_orders(&mut pipe, greatest)?;
            record_longest(&mut pipe)?;
            // A deleted sale must be freed before the next one is measured.
            pipe.set("lazyfree-lazy-user-del", "no")?;
            sales.iter().map(|marks| grow(&mut pipe, kind, marks, &progress)).collect()
        });
        grown.push(Grown::of(kind, points.await?).ok_or("no points")?);
    }
    Ok(grown)
}

/// The sizes at which each sale is measured. Small sizes are measured several times, for there a single
/// interruption would weigh too much.
fn sales(greatest: u64) -> Vec<Vec<u64>> {
    let all = marks(greatest);
    let small: Vec<_> = all.iter().copied().filter(|mark| *mark <= SMALL).collect();
    let mut sales = vec![small; TIMES - 1];
    sales.push(all);
    sales
}

/// Sizes to measure at: 1, 2 and 5 times the powers of ten, and the greatest.
fn marks(greatest: u64) -> Vec<u64> {
    let powers = std::iter::successors(Some(FIRST), |power| power.checked_mul(10));
    let marks = powers.flat_map(|power| [1, 2, 5].map(|times| power.saturating_mul(times)));
    marks.take_while(|mark| *mark < greatest).chain([greatest]).collect()
}

fn grow(pipe: &mut Pipe, kind: Kind, marks: &[u64], progress: &Progress) -> Result<Vec<Point>, Failure> {
    let sale = ModuleSale::new("growing");
    pipe.ask::<()>(cmd("DEL").arg(sale.key()))?;
    let used_before = used_memory(pipe)?;
    sale.open(pipe)?;
    sale.set_hold(pipe, kind.hold)?;
    let mut from = 0;
    let points = marks.iter().map(|&to| {
        let point = grow_to(pipe, &sale, kind, from..to, used_before)?;
        from = to;
        progress.step();
        Ok(point)
    });
    points.collect()
}

fn grow_to(
    pipe: &mut Pipe,
    sale: &ModuleSale,
    kind: Kind,
    numbers: Numbers,
    used_before: f64,
) -> Result<Point, Failure> {
    const BUY: &str = "SECKILL.BUY";
    let state = if kind.hold == 0 { "SOLD" } else { "HELD" };
    fill(sale, pipe, numbers.clone(), kind.id, state)?;
    let (orders, calls) = (numbers.end, numbers.end - numbers.start);
    let reported: u64 = pipe.ask(cmd("MEMORY").arg("USAGE").arg(sale.key()))?;
    Ok(Point {
        orders,
        us: command_us(pipe, BUY, calls)? / calls as f64,
        slowest_us: longest_us(pipe, BUY)?,
        bytes: reported as f64 / orders as f64,
        used_bytes: (used_memory(pipe)? - used_before) / orders as f64,
    })
}

impl Grown {
    /// From the points of all sales; `None` when the last sale has none.
    fn of(kind: Kind, mut sales: Vec<Vec<Point>>) -> Option<Self> {
        let all = |place, time: fn(&Point) -> f64| {
            Spread::of(sales.iter().filter_map(|points| points.get(place)).map(time))
        };
        let times =
            |place| Some((all(place, |point| point.us)?.median, all(place, |point| point.slowest_us)?.max));
        let times: Vec<_> = (0..sales.last()?.len()).map_while(times).collect();
        let mut points = sales.pop()?;
        for (point, (us, slowest_us)) in points.iter_mut().zip(times) {
            (point.us, point.slowest_us) = (us, slowest_us);
        }

        let uneven = |figure: fn(&Point) -> f64| {
            let Spread { min, max, .. } = Spread::of(points.iter().map(figure))?;
            Some(max / min)
        };
        let (uneven_us, uneven_bytes) = (uneven(|point| point.us)?, uneven(|point| point.bytes)?);
        let large = points.iter().filter(|point| point.orders >= MANY);
        let bytes = large.map(|point| point.bytes).reduce(f64::max);
        let Kind { name: sale, most_bytes, aim_bytes, .. } = kind;
        Some(Self {
            sale,
            points,
            uneven_us,
            uneven_bytes,
            most_uneven: MOST_UNEVEN,
            bytes,
            most_bytes,
            aim_bytes,
        })
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
        assert_eq!(sales(5_000)[0], [1_000, 2_000, 5_000]);
        assert_eq!(sales(3_000_000)[0].last(), Some(&SMALL));
    }
}
