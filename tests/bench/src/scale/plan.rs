//! How much is measured.

use seckill_launcher::Program;

/// Measure one sale on many servers
///
/// Starts servers of its own, alone and as clusters. All clients share one thread. Figures are medians of the rounds, in
/// each of which everything runs once; ratios are taken within a round.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) program: Program,
    /// Rounds [default: 5, or 1 when quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Print one JSON object in place of the tables
    #[arg(long)]
    pub(super) json: bool,
    /// Only measure what the model needs, and run it: 64 servers and 10 million buyers
    #[arg(long)]
    pub(super) model: bool,
    /// Only show that everything can be measured, in some seconds
    #[arg(long)]
    quick: bool,
}

/// How much is measured.
#[derive(Clone, serde::Serialize)]
pub(super) struct ScalePlan {
    pub(super) rounds: u32,
    /// Shards of a sale that has many.
    pub(super) shards: usize,
    /// Orders through the client in a round.
    pub(super) orders: u64,
    /// Orders by raw commands in a round.
    pub(super) raw_orders: u64,
    /// Units of a sale that is sold out.
    pub(super) stock: u64,
    /// Handles that know nothing of each other, as processes have them.
    pub(super) processes: usize,
    /// Callers at once, of all processes.
    pub(super) callers: usize,
    /// How long refusals from memory are counted, in ms.
    pub(super) refusing_ms: u64,
    /// Processes whose memory is measured.
    pub(super) weighed: usize,
    /// Shards of the larger sale whose memory is measured.
    pub(super) many_shards: usize,
    /// Calls of each command whose cost is measured.
    pub(super) calls: u64,
    /// Buyers of the model.
    pub(super) crowd: u64,
}

impl ScalePlan {
    pub(super) fn of(options: &Options) -> Self {
        let full = Self {
            rounds: options.rounds.unwrap_or(5),
            shards: 16,
            orders: 40_000,
            raw_orders: 150_000,
            stock: 100_000,
            processes: 4,
            callers: 256,
            refusing_ms: 300,
            weighed: 50,
            many_shards: 1_024,
            calls: 20_000,
            crowd: 10_000_000,
        };
        if !options.quick {
            return full;
        }
        Self {
            rounds: options.rounds.unwrap_or(1),
            orders: 500,
            raw_orders: 2_000,
            stock: 1_000,
            refusing_ms: 10,
            weighed: 2,
            many_shards: 64,
            calls: 500,
            crowd: 100_000,
            ..full
        }
    }
}
