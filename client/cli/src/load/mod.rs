//! `seckill load`.

mod books;
mod caller;
mod crowd;
mod drive;
mod gate;
mod options;
mod pace;
mod plan;
mod record;
mod report;
mod told;

use std::process;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use seckill_client::ShardedInfo;
use tokio::time::interval;
use uuid::Uuid;

use crate::exit::{Exit, Failure};
use crate::history;
use crate::interrupt::interrupted;
use crate::output::Output;
use crate::progress;
use crate::servers::{AnySale, Servers};
use books::{Ledger, compare};
use drive::Drive;
use gate::Gate;
use options::Options;
use record::Record;
use report::{Books, Report};

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(100);
/// The exit code after a second Ctrl-C: that of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Buy from a sale as a crowd would, and check that it kept its books
///
/// The orders are real: they take units of the sale. Afterwards all events of the sale are read: the figures of INFO, the
/// limit of each buyer, and each order of the load have to be what the callers were told, however many others use the
/// sale meanwhile. Where they differ, the exit code is 1. Ctrl-C ends the load, and checks the books.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill load bottles --orders 1000
  seckill load bottles --for 1s --rate 500 --buyers 200 --skew 1
  seckill load bottles --orders 500 --cancel 10% --retries 5% --json")]
pub(crate) struct Load {
    /// The key of the sale
    sale: String,
    #[command(flatten)]
    options: Options,
}

impl Load {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let Self { sale: key, options } = self;
        let plan = options.plan(format!("load-{:08x}", Uuid::new_v4().as_fields().0))?;
        let sales = connect(servers, &key, options.connections).await?;
        let sale = sales[0].clone();
        let before = sale.info().await?;

        let began = Instant::now();
        let gate = Gate::new(options.orders, options.time.map(|time| began + time));
        let record = Mutex::new(Record::new().map_err(Failure::server)?);
        let drive = Arc::new(Drive { sales, plan: plan.clone(), gate, record });
        tokio::spawn(end_by_signals(drive.clone()));
        let bar = progress::load(options.orders, options.time)?;
        drive_to_the_end(&drive, &options, &bar).await;
        let took = began.elapsed();
        bar.finish_and_clear();

        let report = Report::new(&key, &plan.run, options.rate, took, &drive.record());
        let read = read(&sale, before).await;
        let (ledgers, after) = match read {
            Ok(read) => read,
            Err(failure) => {
                output.print(&report)?;
                return Err(failure);
            }
        };
        let shards: Vec<_> = ledgers.iter().zip(&after.shards).collect();
        let differences = compare(&plan, &drive.record().told, &shards);
        let events = ledgers.iter().map(Ledger::events).sum();
        output.print(&report.with_books(Books::new(events, &differences)))?;
        match drive.record().failure() {
            _ if !differences.is_empty() => Ok(Exit::Refused),
            Some(error) => Err(error.clone().into()),
            None => Ok(Exit::Done),
        }
    }
}

/// All events of each shard, and the figures of INFO after the last of them.
async fn read(sale: &AnySale, before: ShardedInfo) -> Result<(Vec<Ledger>, ShardedInfo), Failure> {
    let mut ledgers: Vec<_> = before.shards.into_iter().map(Ledger::new).collect();
    let after = history::read(sale, |shard, event| ledgers[shard].enter(event)).await?;
    Ok((ledgers, after))
}

/// The sale, by each of so many connections.
async fn connect(servers: &Servers, key: &str, connections: u16) -> Result<Vec<AnySale>, Failure> {
    let mut sales = Vec::new();
    for _ in 0..connections {
        sales.push(servers.sale(key).await?);
    }
    Ok(sales)
}

/// Lets the callers buy until they are done or the user ends it, and shows how far they are.
async fn drive_to_the_end(drive: &Arc<Drive>, options: &Options, bar: &ProgressBar) {
    let began = Instant::now();
    let callers = async {
        match options.rate {
            Some(rate) => drive.clone().open_loop(rate, options.in_flight).await,
            None => drive.clone().closed_loop(options.callers).await,
        }
    };
    let tick = async {
        let mut ticks = interval(TICK);
        loop {
            ticks.tick().await;
            show_progress(bar, drive.record().counts.purchases, options.orders.is_some(), began.elapsed());
        }
    };
    tokio::select! {
        () = callers => {}
        () = tick => {}
    }
}

fn show_progress(bar: &ProgressBar, purchases: u64, counts_purchases: bool, elapsed: Duration) {
    let rate = purchases as f64 / elapsed.as_secs_f64().max(0.001);
    bar.set_position(if counts_purchases { purchases } else { elapsed.as_millis() as u64 });
    bar.set_message(format!("{purchases} purchases, {rate:.0} a second"));
}

/// The first signal lets no more purchases begin, the second ends the program.
async fn end_by_signals(drive: Arc<Drive>) {
    for signals in 1.. {
        // Where there is no handler, the first signal ends the program.
        let Ok(()) = interrupted().await else { return };
        drive.gate.close();
        if signals > 1 {
            process::exit(INTERRUPTED);
        }
    }
}
