//! `seckill confirm`, `seckill extend` and `seckill cancel`.

use std::io::{self, Write};
use std::time::Duration;

use seckill_client::State;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;
use crate::times::positive_duration;

/// Turn a held order into a sold one
///
/// Prints its state then, and exits with 1 if that is not SOLD.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill confirm bottles order-1")]
pub(crate) struct Confirm {
    /// The key of the sale
    sale: String,
    /// The id of the order
    order: String,
}

/// Give a held order a new deadline, counted from now
///
/// Prints its state, and exits with 1 if that is not HELD.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill extend bottles order-1 --hold 15m")]
pub(crate) struct Extend {
    /// The key of the sale
    sale: String,
    /// The id of the order
    order: String,
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
    /// The key of the sale
    sale: String,
    /// The id of the order
    order: String,
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
        let state = servers.client().await?.sale(self.sale).confirm(&self.order).await?;
        settled(output, self.order, state, &[State::Sold])
    }
}

impl Extend {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let state = servers.client().await?.sale(self.sale).extend(&self.order, self.hold).await?;
        settled(output, self.order, state, &[State::Held])
    }
}

impl Cancel {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.client().await?.sale(self.sale);
        let state =
            if self.refund { sale.refund(&self.order).await? } else { sale.cancel(&self.order).await? };
        settled(output, self.order, state, &[State::Cancelled, State::Expired])
    }
}

/// Prints the state, and compares it with those that were asked for.
fn settled(output: Output, order: String, state: State, wanted: &[State]) -> Result<Exit, Failure> {
    let exit = if wanted.contains(&state) { Exit::Done } else { Exit::Refused };
    output.print(&Settled { order, state })?;
    Ok(exit)
}

impl Show for Settled {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} {}", self.state, Name(self.order.as_bytes()))
    }
}
