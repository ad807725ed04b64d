//! `seckill confirm`, `seckill extend` and `seckill cancel`.

use std::io::{self, Write};
use std::time::Duration;

use seckill_client::{Sale, State};

use super::locator::Locator;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::{Connector, Servers};
use crate::times::positive_duration;

/// Turn a held order into a sold one
///
/// Prints its state then, and exits with 1 if that is not SOLD.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill confirm bottles order-1
  seckill confirm bottles order-1 --buyer ann")]
pub(crate) struct Confirm {
    #[command(flatten)]
    locator: Locator,
}

/// Give a held order a new deadline, counted from now
///
/// Prints its state, and exits with 1 if that is not HELD.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill extend bottles order-1 --hold 15m")]
pub(crate) struct Extend {
    #[command(flatten)]
    locator: Locator,
    /// How long it is held from now on
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    hold: Duration,
}

/// Cancel a held order, or a sold one with --refund
///
/// Its units are available again. Prints its state then, and exits with 1 if it is neither CANCELLED nor EXPIRED.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill cancel bottles order-1
  seckill cancel bottles order-1 --refund")]
pub(crate) struct Cancel {
    #[command(flatten)]
    locator: Locator,
    /// Cancel the order even if it is sold
    #[arg(long)]
    refund: bool,
}

/// An order, and its state after the command.
#[derive(serde::Serialize)]
struct Settled {
    order: String,
    state: State,
}

impl Confirm {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let state =
            self.locator.settle(servers, async |shard| shard.confirm(self.locator.id()).await).await?;
        settled(output, &self.locator, state, &[State::Sold])
    }
}

impl Extend {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let state = self
            .locator
            .settle(servers, async |shard| shard.extend(self.locator.id(), self.hold).await)
            .await?;
        settled(output, &self.locator, state, &[State::Held])
    }
}

impl Cancel {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let order = self.locator.id();
        let cancel = async |shard: Sale<Connector>| {
            if self.refund { shard.refund(order).await } else { shard.cancel(order).await }
        };
        let state = self.locator.settle(servers, cancel).await?;
        settled(output, &self.locator, state, &[State::Cancelled, State::Expired])
    }
}

/// Prints the state, and compares it with those that were asked for.
fn settled(output: Output, locator: &Locator, state: State, wanted: &[State]) -> Result<Exit, Failure> {
    let exit = if wanted.contains(&state) { Exit::Done } else { Exit::Refused };
    output.print(&Settled { order: locator.id().to_owned(), state })?;
    Ok(exit)
}

impl Show for Settled {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} {}", self.state, Name(self.order.as_bytes()))
    }
}
