//! `make waiting`: what callers that wait cost the server, and those who do not.
//!
//! | modules | concept |
//! | --- | --- |
//! | [`crowd`] | thousands of connections |
//! | [`pings`] | how long others wait meanwhile |
//! | [`readers`] | buyers beside readers of the same sale |
//! | [`grants`] | a lock that is passed on in lines of all lengths |
//! | [`locks`] | as many locks as there are waiters |

mod crowd;
mod grants;
mod locks;
mod pings;
mod readers;

use std::io::{self, Write};

use seckill_launcher::Program;

use crate::failure::Failure;
use crate::numerals::thousands;
use crate::progress::Progress;

use crowd::most_connections;

/// Measure what callers cost that wait for locks and for events
///
/// All clients share one thread, and the buyers have another one.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    program: Program,
    /// Rounds of the buyers
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The most callers that wait at once [default: as many as the limit of open files allows, up to 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    waiters: Option<u32>,
    /// Only show that everything can be measured, in some seconds
    #[arg(long)]
    quick: bool,
}

/// How much is measured.
struct WaitingPlan {
    rounds: u32,
    /// Orders of a round.
    orders: u64,
    /// How many readers wait beside the buyers.
    readers: [usize; 3],
    /// How many callers wait for one lock.
    lines: [usize; 3],
    /// How often the lock is passed on.
    grants: u64,
    /// How long the server is left alone, in ms.
    idle_ms: u64,
}

impl WaitingPlan {
    fn of(options: &Options) -> Result<Self, Failure> {
        const MOST: usize = 50_000;
        if options.quick {
            let (readers, lines) = ([0, 2, 20], [2, 10, 50]);
            return Ok(Self { rounds: 1, orders: 500, readers, lines, grants: 50, idle_ms: 200 });
        }
        let most = match options.waiters {
            Some(most) => most as usize,
            None => most_connections()?.min(MOST),
        };
        let (readers, lines) = ([0, 10, 1_000], [10, 1_000, most]);
        Ok(Self { rounds: options.rounds, orders: 200_000, readers, lines, grants: 5_000, idle_ms: 5_000 })
    }
}

/// Measures, and prints the tables.
pub(crate) async fn run(options: &Options, progress: &Progress) -> Result<(), Failure> {
    let plan = WaitingPlan::of(options)?;
    let mut out = io::stdout().lock();
    for table in [
        readers::run(&plan, &options.program, progress).await?,
        grants::run(&plan, &options.program, progress).await?,
        locks::run(&plan, &options.program, progress).await?,
    ] {
        write!(out, "{table}")?;
    }
    progress.end();
    Ok(())
}

/// A count of callers, to name a row.
fn count(callers: usize) -> String {
    thousands(callers as f64)
}
