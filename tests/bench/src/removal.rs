//! A large sale that is deleted: how long other clients wait meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use redis::cmd;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::names;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::sale::{ModuleSale, SaleBackend};
use crate::server_stats::{self, command_us};
use crate::servers::{Programs, Servers};
use crate::spread::Spread;
use crate::workload::fill;

/// How often a sale is deleted in each way.
const TIMES: u32 = 5;
/// The goal of the longest wait where the server frees on another thread, in µs: about a time slice of the
/// system.
const MOST_US: f64 = 5_000.0;
/// Between two calls of the other client.
const STEP: Duration = Duration::from_micros(100);
/// Freeing takes less, unless the server has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A way to delete.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    command: &'static str,
    /// The server's lazyfree-lazy-user-del.
    lazy: &'static str,
    most_us: Option<f64>,
}

const WAYS: [Way; 3] = [
    Way { name: "UNLINK", command: "UNLINK", lazy: "no", most_us: Some(MOST_US) },
    Way { name: "DEL, lazyfree-lazy-user-del yes", command: "DEL", lazy: "yes", most_us: Some(MOST_US) },
    Way { name: "DEL, lazyfree-lazy-user-del no", command: "DEL", lazy: "no", most_us: None },
];

/// The cost of deleting a sale.
#[derive(serde::Serialize)]
pub(crate) struct Removed {
    pub(crate) way: &'static str,
    pub(crate) orders: u64,
    /// The call, by the server's commandstats, in µs.
    pub(crate) call_us: Spread,
    /// The longest that another connection waited for a reply until all was freed, in µs by wall clock.
    pub(crate) wait_us: Spread,
    /// The goal: at most this.
    pub(crate) most_us: Option<f64>,
}

/// Deletes sales in each way. They are copies of one.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<Removed>, Failure> {
    progress.begin("removal", WAYS.len() * TIMES as usize);
    let servers = Servers::single(programs).await?;
    let open = || Pipe::open(servers.primary.client(), plan.depth);
    let (mut pipe, mut other) = (open()?, open()?);
    let (orders, progress) = (plan.growth / 2, progress.clone());
    blocking(move || {
        let sale = ModuleSale::new("original");
        ModuleSale::allow_orders(&mut pipe, orders)?;
        sale.open(&mut pipe)?;
        fill(&sale, &mut pipe, 0..orders, names::order, "SOLD")?;
        let mut samples = WAYS.map(|way| (way, vec![]));
        for _ in 0..TIMES {
            for (way, samples) in &mut samples {
                samples.push(remove(&mut pipe, &mut other, &sale, *way)?);
                progress.step();
            }
        }
        let removed = samples.map(|(way, samples)| Removed::of(way, orders, &samples).ok_or("no samples"));
        removed.into_iter().map(|removed| Ok(removed?)).collect()
    })
    .await
}

/// The cost of one deletion, in µs.
struct Deletion {
    call_us: f64,
    wait_us: f64,
}

/// Deletes a copy of the sale.
fn remove(pipe: &mut Pipe, other: &mut Pipe, sale: &ModuleSale, way: Way) -> Result<Deletion, Failure> {
    const COPY: &str = "copy";
    pipe.set("lazyfree-lazy-user-del", way.lazy)?;
    pipe.ask::<()>(cmd("COPY").arg(sale.key()).arg(COPY))?;
    server_stats::reset(pipe)?;
    let wait = longest_wait(other, || {
        pipe.ask::<()>(cmd(way.command).arg(COPY))?;
        all_is_freed(pipe)
    })?;
    Ok(Deletion { call_us: command_us(pipe, way.command, 1)?, wait_us: wait.as_secs_f64() * 1e6 })
}

/// Waits until the server's background thread has freed everything.
fn all_is_freed(pipe: &mut Pipe) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while server_stats::field::<u64>(pipe, "memory", "lazyfree_pending_objects")? > 0 {
        if Instant::now() > deadline {
            return Err("the deleted sale is not freed".into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The longest that another connection waits for a reply during the work.
fn longest_wait(
    other: &mut Pipe,
    work: impl FnOnce() -> Result<(), Failure> + Send,
) -> Result<Duration, Failure> {
    thread::scope(|scope| {
        let work = scope.spawn(work);
        let mut longest = Duration::ZERO;
        loop {
            let asked = Instant::now();
            other.ask::<()>(&cmd("PING"))?;
            longest = longest.max(asked.elapsed());
            if work.is_finished() {
                break;
            }
            thread::sleep(STEP);
        }
        work.join().map_err(|_| "the thread that deletes has failed")??;
        Ok(longest)
    })
}

impl Removed {
    /// `None` when there are no samples.
    fn of(way: Way, orders: u64, samples: &[Deletion]) -> Option<Self> {
        Some(Self {
            way: way.name,
            orders,
            call_us: Spread::of(samples.iter().map(|sample| sample.call_us))?,
            wait_us: Spread::of(samples.iter().map(|sample| sample.wait_us))?,
            most_us: way.most_us,
        })
    }
}
