//! How fast a sale is saved, loaded, replayed from an AOF, and copied to a replica.

use std::time::{Duration, Instant};

use redis::{InfoDict, cmd};
use seckill_launcher::Server;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::names;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::sale::{ModuleSale, SaleBackend};
use crate::server_stats::{self, command_us};
use crate::servers::{AOF, Programs};
use crate::spread::Spread;
use crate::workload::fill;

/// How often each is done; the median counts.
const TIMES: usize = 3;
/// However slow the machine is, a server that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two polls of a server.
const PAUSE: Duration = Duration::from_millis(2);
/// The server logs the time of a load in ms.
const SHORTEST: f64 = 0.001;

/// A measurement of a whole sale, whose orders have UUIDs as ids.
#[derive(serde::Serialize)]
pub(crate) struct Stored {
    pub(crate) what: &'static str,
    /// The source of the time.
    pub(crate) about: &'static str,
    pub(crate) orders: u64,
    pub(crate) seconds: f64,
    pub(crate) orders_per_second: f64,
    /// The aim for the orders a second.
    pub(crate) aim: Option<f64>,
}

/// The aims for orders loaded and replayed a second.
const AIM_LOADED: f64 = 1e6;
const AIM_REPLAYED: f64 = 5e5;

const COMMANDSTATS: &str = "commandstats";
const LOG: &str = "the server's log";
const CLOCK: &str = "the clock, from REPLICAOF until the link is up";

/// Saves, loads, replays and copies a sale.
pub(crate) async fn run(
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<Stored>, Failure> {
    progress.begin("storage", 5 * TIMES);
    let by_rdb = by_rdb(plan, programs, progress).await?;
    let by_aof = by_aof(plan, programs, progress).await?;
    Ok(by_rdb.into_iter().chain(by_aof).collect())
}

async fn by_rdb(plan: &Plan, programs: &Programs, progress: &Progress) -> Result<[Stored; 3], Failure> {
    let (mut primary, port) = programs.start_primary("").await?;
    sell(&primary, plan).await?;
    let save = save(&primary, progress).await?;
    let load = restarts(&mut primary, plan, progress).await?;
    let resync = resync(port, plan, programs, progress).await?;
    Ok([
        Stored::of("RDB save (SAVE)", COMMANDSTATS, plan, None, save)?,
        Stored::of("RDB load", LOG, plan, Some(AIM_LOADED), load)?,
        Stored::of("full resync of a new replica", CLOCK, plan, None, resync)?,
    ])
}

async fn by_aof(plan: &Plan, programs: &Programs, progress: &Progress) -> Result<[Stored; 2], Failure> {
    // With this setting the file has all replied writes when the server is killed: only the system may buffer
    // them.
    let mut server = programs.start(&format!("{AOF}appendfsync no")).await?;
    sell(&server, plan).await?;
    let replay = restarts(&mut server, plan, progress).await?;
    rewrite(&server).await?;
    let load = restarts(&mut server, plan, progress).await?;
    Ok([
        Stored::of("AOF replay, purchase by purchase", LOG, plan, Some(AIM_REPLAYED), replay)?,
        Stored::of("load of a rewritten AOF", LOG, plan, Some(AIM_LOADED), load)?,
    ])
}

impl Stored {
    fn of(
        what: &'static str,
        about: &'static str,
        plan: &Plan,
        aim: Option<f64>,
        seconds: Vec<f64>,
    ) -> Result<Self, Failure> {
        let seconds = Spread::of(seconds).ok_or("it was never done")?.median.max(SHORTEST);
        let orders = plan.orders;
        Ok(Self { what, about, orders, seconds, orders_per_second: orders as f64 / seconds, aim })
    }
}

fn sale() -> ModuleSale {
    ModuleSale::new("stored")
}

/// Sells all orders, by single purchases.
async fn sell(server: &Server, plan: &Plan) -> Result<(), Failure> {
    let mut pipe = Pipe::open(server.client(), plan.depth)?;
    let orders = plan.orders;
    blocking(move || {
        let sale = sale();
        ModuleSale::allow_orders(&mut pipe, orders)?;
        sale.open(&mut pipe)?;
        fill(&sale, &mut pipe, 0..orders, names::order, "SOLD")
    })
    .await
}

/// The seconds that each save took.
async fn save(server: &Server, progress: &Progress) -> Result<Vec<f64>, Failure> {
    let mut pipe = Pipe::open(server.client(), 1)?;
    let progress = progress.clone();
    let save = move |_| {
        server_stats::reset(&mut pipe)?;
        pipe.ask::<()>(&cmd("SAVE"))?;
        progress.step();
        Ok(command_us(&mut pipe, "SAVE", 1)? / 1e6)
    };
    blocking(move || (0..TIMES).map(save).collect()).await
}

/// Kills a server and restarts it on its files. The seconds of each load, by its log.
async fn restarts(server: &mut Server, plan: &Plan, progress: &Progress) -> Result<Vec<f64>, Failure> {
    let mut seconds = Vec::new();
    for _ in 0..TIMES {
        server.restart().await?;
        must_have(server, plan)?;
        seconds.push(loaded(&server.log()).ok_or("the log has no line about loading")?);
        progress.step();
    }
    Ok(seconds)
}

/// The seconds of the last load in a log, as in "DB loaded from disk: 0.123 seconds". For an AOF there is a
/// line for each file, and then one for all.
fn loaded(log: &str) -> Option<f64> {
    let line = log.lines().rfind(|line| line.contains("DB loaded from "))?;
    line.strip_suffix(" seconds")?.rsplit(' ').next()?.parse().ok()
}

/// Rewrites the AOF, as the server does by itself when it has grown. Its base is an RDB file then.
async fn rewrite(server: &Server) -> Result<(), Failure> {
    let mut connection = server.connect().await?;
    cmd("BGREWRITEAOF").exec_async(&mut connection).await?;
    until(server, "persistence", |info| {
        let is = |field, value: &str| info.get::<String>(field).is_some_and(|is| is == value);
        is("aof_rewrite_in_progress", "0")
            && is("aof_rewrite_scheduled", "0")
            && is("aof_last_bgrewrite_status", "ok")
    })
    .await
}

/// Makes new servers replicas of the one at this port. The seconds until each has everything.
async fn resync(
    port: u16,
    plan: &Plan,
    programs: &Programs,
    progress: &Progress,
) -> Result<Vec<f64>, Failure> {
    let mut seconds = Vec::new();
    for _ in 0..TIMES {
        let replica = programs.start("").await?;
        let mut connection = replica.connect().await?;
        let began = Instant::now();
        cmd("REPLICAOF").arg("127.0.0.1").arg(port).exec_async(&mut connection).await?;
        until(&replica, "replication", |info| {
            info.get::<String>("master_link_status").is_some_and(|status| status == "up")
        })
        .await?;
        seconds.push(began.elapsed().as_secs_f64());
        must_have(&replica, plan)?;
        progress.step();
    }
    Ok(seconds)
}

/// Polls a section of INFO until the condition holds.
async fn until(server: &Server, section: &str, holds: impl Fn(&InfoDict) -> bool) -> Result<(), Failure> {
    let mut connection = server.connect().await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let info = cmd("INFO").arg(section).query_async(&mut connection).await?;
        if holds(&info) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("INFO {section} does not reach the expected state: {info:?}").into());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A server has all orders.
fn must_have(server: &Server, plan: &Plan) -> Result<(), Failure> {
    let sold = sale().sold(&mut Pipe::open(server.client(), 1)?)?;
    if sold == plan.orders {
        Ok(())
    } else {
        Err(format!("the server has {sold} of {} orders", plan.orders).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_load_of_a_log_counts() {
        let log = "1:M * DB loaded from base file a.rdb: 0.010 seconds\n\
                   1:M * DB loaded from append only file: 1.250 seconds\n1:M * Ready\n";
        assert_eq!(loaded(log), Some(1.25));
        assert_eq!(loaded("1:M * DB loaded from disk: 0.123 seconds"), Some(0.123));
        assert_eq!(loaded("1:M * Ready"), None);
    }
}
