//! How much is measured.

use seckill_launcher::Program;
use seckill_page::numerals::thousands;

use super::crowd::most_connections;
use crate::failure::Failure;

/// Measure what callers cost that wait for locks and for events
///
/// All clients share one thread, and the buyers have another one.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) program: Program,
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
pub(super) struct WaitingPlan {
    pub(super) rounds: u32,
    /// Orders of a round.
    pub(super) orders: u64,
    /// How many readers wait beside the buyers.
    pub(super) readers: [usize; 3],
    /// How many callers wait for one lock.
    pub(super) lines: [usize; 3],
    /// How often the lock is passed on.
    pub(super) grants: u64,
    /// How long the server is left alone, in ms.
    pub(super) idle_ms: u64,
}

impl WaitingPlan {
    pub(super) fn of(options: &Options) -> Result<Self, Failure> {
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

/// A count of callers, to name a row.
pub(super) fn count(callers: usize) -> String {
    thousands(callers as f64)
}
