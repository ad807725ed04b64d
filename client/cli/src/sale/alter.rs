//! `seckill sale alter`, and `open` and `close`, which alter the window.

use futures_util::future::join_all;
use seckill_client::{Alteration, Info, Sale};

use super::figures::figures;
use super::rules::Rules;
use crate::advice;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::{AnySale, Servers};
use crate::shard_failures::{Numbers, Replies};
use crate::times::{When, instant_of};

/// Change the rules of a sale; those that are not named stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale alter bottles --limit 3
  seckill sale alter bottles --opens 2030-11-27T20:00:00Z --closes never")]
pub(super) struct Alter {
    /// The key of the sale
    sale: String,
    #[command(flatten)]
    rules: Rules,
}

/// Open a sale, now or at an instant
///
/// Where its end is before that, it has no end any more.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale open bottles
  seckill sale open bottles --at +10m")]
pub(super) struct Open {
    /// The key of the sale
    sale: String,
    /// When: 2026-11-27T20:00:00Z, +10m or now
    #[arg(long, value_name = "WHEN", default_value = "now", value_parser = instant_of)]
    at: When,
}

/// Close a sale, now or at an instant
///
/// Held orders can be confirmed and cancelled on, and all orders are kept. A sale that would not have opened by then is closed
/// at once.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale close bottles
  seckill sale close bottles --at +1h")]
pub(super) struct Close {
    /// The key of the sale
    sale: String,
    /// When: 2026-11-27T20:00:00Z, +10m or now
    #[arg(long, value_name = "WHEN", default_value = "now", value_parser = instant_of)]
    at: When,
}

impl Alter {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        if self.rules.are_empty() {
            return Err(Failure::Usage("name at least one rule, such as --limit 2".to_owned()));
        }
        let sale = servers.sale(&self.sale).await?;
        let now = clock(&infos(&sale).await?);
        alter(&sale, self.rules.alteration(now), output).await
    }
}

impl Open {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        let infos = infos(&sale).await?;
        let opens = self.at.millis(clock(&infos));
        let alteration = Alteration::new().opens(opens);
        // Shards differ where an earlier call was interrupted.
        let ends_before = infos.iter().any(|Info { rules, .. }| rules.closes != 0 && rules.closes <= opens);
        alter(&sale, if ends_before { alteration.closes(0) } else { alteration }, output).await
    }
}

impl Close {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        let infos = infos(&sale).await?;
        let now = clock(&infos);
        let closes = self.at.millis(now);
        // An end must be after the opening. So a sale that would never open has neither, and its end is past.
        let never_opens = infos.iter().any(|Info { rules, .. }| rules.opens >= closes);
        let alteration = if never_opens {
            Alteration::new().opens(0).closes(closes.min(now))
        } else {
            Alteration::new().closes(closes)
        };
        alter(&sale, alteration, output).await
    }
}

/// The figures of the shards that answer: one that does not is no reason to leave the others as they are.
async fn infos(sale: &AnySale) -> Result<Vec<Info>, Failure> {
    let shards = sale.shards();
    let replies = Replies::of(join_all(shards.iter().map(Sale::info)).await);
    match replies.failure() {
        Some(failure) if replies.done.is_empty() => Err(failure),
        _ => Ok(replies.done.into_iter().map(|(_, info)| info).collect()),
    }
}

/// The clock that is behind the others.
fn clock(infos: &[Info]) -> u64 {
    infos.iter().map(|info| info.now).min().unwrap_or(0)
}

/// Alters all shards, whatever becomes of some.
async fn alter(sale: &AnySale, alteration: Alteration, output: Output) -> Result<Exit, Failure> {
    let shards = sale.shards();
    let replies = Replies::of(join_all(shards.iter().map(|shard| shard.alter(alteration))).await);
    if let Some(failure) = replies.failure() {
        return Err(if sale.is_ordinary() { failure } else { in_part(&replies, failure) });
    }
    output.print(&figures(sale).await?)?;
    Ok(Exit::Done)
}

/// Says which shards have it.
fn in_part(replies: &Replies<()>, failure: Failure) -> Failure {
    let done: Vec<_> = replies.done.iter().map(|(shard, ())| *shard).collect();
    let failure = match &done[..] {
        [] => failure,
        done => Failure::Server(format!("done in {}\n{failure}", Numbers(done))),
    };
    failure.advising(advice::REPEAT)
}
