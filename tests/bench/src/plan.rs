//! How much is measured.

use crate::workload::Size;

/// Orders that no machine has the memory for.
const MOST: u64 = 1_000_000_000;

/// What the user chose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds [default: 31, or 2 when quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Calls of each workload in a round, and units that buyers who come all at once find [default: 2000, or
    /// 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    calls: Option<u64>,
    /// Orders of the large sale [default: 1000000, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    orders: Option<u64>,
    /// Orders of the sale that grows; the sale that is deleted has half as many [default: 10000000, or 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=MOST))]
    growth: Option<u64>,
    /// Commands that are sent at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    depth: u16,
    /// Buyers who come all at once, at least one for each connection
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(64..))]
    buyers: u16,
    /// Only show that everything can be measured, in some seconds
    #[arg(long)]
    quick: bool,
}

/// How much is measured.
#[derive(Clone, serde::Serialize)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    /// Of a workload in a round.
    pub(crate) calls: u64,
    /// Of the large sale.
    pub(crate) orders: u64,
    /// Orders of the sale that grows.
    pub(crate) growth: u64,
    /// Commands that are sent at once.
    pub(crate) depth: usize,
    /// Who come all at once.
    pub(crate) buyers: usize,
}

impl Plan {
    pub(crate) fn of(options: &Options) -> Self {
        let (rounds, calls, orders, growth) =
            if options.quick { (2, 200, 10_000, 10_000) } else { (31, 2_000, 1_000_000, 10_000_000) };
        Self {
            rounds: options.rounds.unwrap_or(rounds),
            calls: options.calls.unwrap_or(calls),
            orders: options.orders.unwrap_or(orders),
            growth: options.growth.unwrap_or(growth),
            depth: options.depth.into(),
            buyers: options.buyers.into(),
        }
    }

    /// The large sale.
    pub(crate) fn grown(&self) -> Size {
        Size::Grown { orders: self.orders }
    }
}
