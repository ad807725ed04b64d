//! The options of a load.

use std::time::Duration;

use super::crowd::Crowd;
use super::plan::{Plan, Share};
use crate::exit::Failure;
use crate::times;

/// What the load is like.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// End after so many purchases
    #[arg(long, value_name = "N", required_unless_present = "time", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) orders: Option<u64>,
    /// End after this time, such as 30s
    #[arg(long = "for", id = "time", value_name = "TIME", value_parser = times::positive_duration)]
    pub(super) time: Option<Duration>,
    /// Callers, each of whom makes one purchase after another
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) callers: u32,
    /// Begin so many purchases a second instead, however long the answers take
    ///
    /// The latency of a purchase counts from the time at which it was to begin.
    #[arg(long, value_name = "N", conflicts_with = "callers", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) rate: Option<u32>,
    /// With --rate: the most purchases under way at once; further ones begin late
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) in_flight: u32,
    /// Connections that the callers share
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(super) connections: u16,
    /// Buyers, drawn for each purchase: buyer-1, buyer-2 …
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    buyers: u32,
    /// How unevenly buyers come: buyer k in proportion to 1 / k^SKEW; 0: all alike
    #[arg(long, value_name = "SKEW", default_value_t = 0.0, value_parser = skew)]
    skew: f64,
    /// Units of a purchase
    #[arg(long, value_name = "UNITS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    qty: u32,
    /// The share of purchases that are made again, with the same order id
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = Share::parse)]
    retries: Share,
    /// The share of held orders that are confirmed [default: all that are not cancelled]
    #[arg(long, value_name = "SHARE", value_parser = Share::parse)]
    confirm: Option<Share>,
    /// The share of held orders that are cancelled; what is neither is left to expire
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = Share::parse)]
    cancel: Share,
    /// What buyers and shares are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Options {
    /// How purchases are drawn, in a run of this name.
    pub(super) fn plan(&self, run: String) -> Result<Plan, Failure> {
        let Self { buyers, skew, qty, retries, cancel, seed, .. } = *self;
        let confirm = self.confirm.unwrap_or(cancel.rest());
        if confirm > cancel.rest() {
            return Err(Failure::Usage("--confirm and --cancel are more than 100% together".to_owned()));
        }
        Ok(Plan { run, seed, crowd: Crowd::new(buyers, skew), qty, retries, confirm, cancel })
    }
}

fn skew(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(skew @ 0.0..=10.0) => Ok(skew),
        _ => Err("write a number from 0 to 10".to_owned()),
    }
}
