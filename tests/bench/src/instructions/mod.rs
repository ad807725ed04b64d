//! `make instructions`: the instructions of the hot commands, compared with a table in the repository. They
//! are nearly the same in every run, unlike times, so that small changes show.

mod callgrind;
mod counts;
mod file;

use std::path::PathBuf;

use redis::{InfoDict, cmd};
use seckill_launcher::{Program, Server};

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::machine::server_version;
use crate::pipe::{Pipe, Reply};
use crate::progress::Progress;
use crate::sale::HOUR;
use crate::workload::{HINCRBY, SET, Size, Workload, bundle, bundles, grow, locks, plain, sales};

use callgrind::Callgrind;
use counts::{Count, Counts, Versions, beside, compare};

/// Commands that are sent at once.
const DEPTH: usize = 100;
/// Keys that make the keyspace large.
const OTHERS: u64 = 8_400;

/// Count the instructions of the hot commands under callgrind, and compare them with the table in the
/// repository
///
/// Fails when a command takes clearly more than the table says. Counts of another server or compiler are
/// shown, but not compared.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    program: Program,
    /// Write the table anew
    #[arg(long)]
    write: bool,
    /// The table
    #[arg(long, value_name = "PATH", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.tsv"))]
    table: PathBuf,
    /// Keep the profile of each workload there, for callgrind_annotate
    #[arg(long, value_name = "DIRECTORY")]
    profiles: Option<PathBuf>,
    /// Only show that everything can be counted, in some seconds, with a table of its own
    #[arg(long, requires = "table")]
    quick: bool,
}

/// How much is counted.
#[derive(Clone, Copy)]
struct CountPlan {
    /// Each has another seed of its hash tables, and so other collisions.
    servers: usize,
    /// Of each workload. Instructions do not depend on caches, so some thousand are enough.
    calls: u64,
    /// Of the sale.
    orders: u64,
}

impl CountPlan {
    fn of(options: &Options) -> Self {
        if options.quick {
            Self { servers: 1, calls: 200, orders: 500 }
        } else {
            Self { servers: 5, calls: 2_000, orders: 5_000 }
        }
    }
}

/// Counts, and compares with the table or writes it.
pub(crate) async fn run(options: &Options, progress: &Progress) -> Result<(), Failure> {
    if options.write {
        let now = count(options, progress).await?;
        print!("{}", beside(None, &now));
        return file::write(&options.table, &now);
    }
    // First, so that a wrong path is reported before the long count.
    let then = file::read(&options.table)?;
    let now = count(options, progress).await?;
    print!("{}", beside(Some(&then), &now));
    if let Some(remark) = compare(&then, &now)? {
        println!("{remark}");
    }
    Ok(())
}

async fn count(options: &Options, progress: &Progress) -> Result<Counts, Failure> {
    let plan = CountPlan::of(options);
    let workloads = counted(plan).len();
    progress.begin("callgrind", plan.servers * workloads);
    let mut runs = Vec::new();
    for _ in 0..plan.servers {
        let callgrind = Callgrind::new(&options.program, options.profiles.clone())?;
        let server = Server::start(callgrind.program(), "").await?;
        let pipe = Pipe::open(server.client(), DEPTH)?;
        let progress = progress.clone();
        runs.push(blocking(move || count_on(callgrind, pipe, plan, &progress)).await?);
    }
    progress.end();
    runs.into_iter().reduce(Counts::least).ok_or_else(|| "no server".into())
}

fn count_on(
    mut callgrind: Callgrind,
    mut pipe: Pipe,
    plan: CountPlan,
    progress: &Progress,
) -> Result<Counts, Failure> {
    let info: InfoDict = pipe.ask(&cmd("INFO"))?;
    let versions = Versions { server: server_version(&info), rustc: callgrind.rustc()? };
    make_room(&mut pipe)?;
    crate::sale::load(&mut pipe)?;
    grow(&mut pipe, plan.orders)?;
    let mut counts = Vec::new();
    // Lower numbers are in use.
    let mut next = plan.orders.max(plan.calls);
    for workload in counted(plan) {
        let numbers = next..next + plan.calls;
        next = numbers.end;
        let cost = callgrind
            .cost(&mut pipe, &workload, numbers)
            .map_err(|error| format!("{}: {error}", workload.name))?;
        counts.push(Count {
            workload: workload.name,
            instructions: cost.all / plan.calls,
            in_module: cost.in_module / plan.calls,
        });
        progress.step();
    }
    Ok(Counts { versions, counts })
}

/// Makes the hash tables of the keyspace large, so that the server resizes them during no workload, and few
/// keys collide. The keys that stay keep them large.
fn make_room(pipe: &mut Pipe) -> Result<(), Failure> {
    let key = |number| format!("other:{number}");
    let set = |number| cmd("SET").arg(key(number)).arg(number).arg("PX").arg(HOUR).take();
    pipe.send((0..OTHERS).map(set), Reply::Word("OK"))?;
    pipe.send((OTHERS / 4..OTHERS).map(|number| cmd("DEL").arg(key(number)).take()), Reply::Number(1))
}

/// The commands of the module, of bundles one, and two of the server to compare with. Scripts are left out: the commands that
/// they call would be counted twice.
fn counted(plan: CountPlan) -> Vec<Workload> {
    let sales = sales(Size::Grown { orders: plan.orders }, plan.calls);
    let all = plain(plan.calls).into_iter().chain(locks(plan.calls)).chain(sales);
    let is_counted = |workload: &Workload| {
        [HINCRBY, SET].contains(&workload.name.as_str()) || workload.command().starts_with("SECKILL.")
    };
    let bundles = bundles().into_iter().filter(|workload| workload.name == bundle());
    all.filter(is_counted).chain(bundles).collect()
}
