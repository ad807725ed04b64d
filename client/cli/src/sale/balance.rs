//! `seckill sale balance`.

use std::io::{self, Write};
use std::time::Duration;

use seckill_client::{Balanced, Balancer, Transfer};
use tokio::time::{MissedTickBehavior, interval};

use crate::advice;
use crate::count::count;
use crate::exit::{Exit, Failure};
use crate::interrupt::interrupted;
use crate::names::Name;
use crate::output::{Output, Show, note};
use crate::servers::{AnyClient, AnySale, Connector, Servers};
use crate::shard_failures::Numbers;
use crate::times::positive_duration;

/// Move units between the shards of a sale, to where they sell
///
/// Clients that buy by themselves at the home shard of each buyer find units there. It finishes the transfers that others
/// began and did not end. Several may run at once. Of an ordinary sale there is nothing to move.
///
/// Without --follow it exits with 1 when a transfer cannot be finished yet, or a shard does not answer: repeat it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale balance bottles
  seckill sale balance bottles --follow --json")]
pub(super) struct Balance {
    /// The key of the sale
    sale: String,
    /// Balance it again and again, until SIGINT or SIGTERM
    #[arg(long, short)]
    follow: bool,
    /// How often
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "follow", value_parser = positive_duration)]
    every: Duration,
    /// Wait until so many replicas have each step of a transfer, so that no failover to one of them forgets half of it
    #[arg(long, value_name = "REPLICAS", value_parser = clap::value_parser!(u32).range(1..))]
    replicas: Option<u32>,
}

/// What a round did.
#[derive(serde::Serialize)]
struct Round {
    sale: String,
    shards: usize,
    moved: Vec<Moved>,
    /// How many transfers of others it finished.
    finished: usize,
    /// Those that cannot be finished yet.
    open: Vec<Moved>,
    /// The numbers of the shards that did not answer.
    silent: Vec<usize>,
    /// Those of them that answered in the round before, and those that did not and answer now.
    #[serde(skip)]
    lost: Vec<usize>,
    #[serde(skip)]
    found: Vec<usize>,
}

/// A transfer.
#[derive(serde::Serialize)]
struct Moved {
    transfer: String,
    from: usize,
    to: usize,
    units: u64,
}

impl Balance {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sales =
            Sales { client: servers.client().await?, replicas: self.replicas, within: servers.within() };
        let sale = sales.find(self.sale.as_bytes()).await?;
        if self.follow {
            tokio::select! {
                ended = self.follow(sales, sale, output) => ended?,
                ended = interrupted() => ended?,
            }
            return Ok(Exit::Done);
        }
        let balanced = sale.balancer().round().await?;
        let round = Round::of(&self.sale, &sale, balanced, &[]);
        output.print(&round)?;
        Ok(if round.is_whole() { Exit::Done } else { Exit::Refused })
    }

    /// Prints the first round, and each that did something or that differs from the one before in what is left to do.
    async fn follow(&self, sales: Sales, sale: AnySale, output: Output) -> Result<(), Failure> {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch { sales, balancer: sale.balancer(), sale };
        let mut left: Option<Left> = None;
        let mut is_lost = false;
        loop {
            ticks.tick().await;
            let balanced = match watch.round().await {
                Ok(balanced) => balanced,
                Err(error) if error.is_retryable() => {
                    if !is_lost {
                        note(&format!("{}; goes on when the servers answer", advice::passing(&error)));
                    }
                    is_lost = true;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if std::mem::take(&mut is_lost) {
                note("the servers answer again");
            }
            let still_left = Left { open: balanced.open.clone(), silent: balanced.silent.clone() };
            if !balanced.moved.is_empty() || balanced.finished > 0 || left.as_ref() != Some(&still_left) {
                let silent = left.map(|left| left.silent).unwrap_or_default();
                output.print(&Round::of(&self.sale, &watch.sale, balanced, &silent))?;
            }
            left = Some(still_left);
        }
    }
}

/// What is left to do after a round.
#[derive(PartialEq)]
struct Left {
    open: Vec<Transfer>,
    silent: Vec<usize>,
}

/// How the sale is found.
struct Sales {
    client: AnyClient,
    replicas: Option<u32>,
    within: Duration,
}

impl Sales {
    /// The sale, whose transfers wait for replicas where that is asked for.
    async fn find(&self, key: &[u8]) -> seckill_client::Result<AnySale> {
        let sale = self.client.sharded(key).await?;
        let durable = self.replicas.map(|replicas| sale.durable(replicas, self.within));
        Ok(durable.map_or(sale, |durable| durable.sale().clone()))
    }
}

/// The sale as it is balanced again and again.
struct Watch {
    sales: Sales,
    sale: AnySale,
    balancer: Balancer<Connector>,
}

impl Watch {
    async fn round(&mut self) -> seckill_client::Result<Balanced> {
        let sale = self.sales.find(self.sale.key()).await?;
        // One that was created anew has other shards.
        if keys(&sale) != keys(&self.sale) {
            self.balancer = sale.balancer();
            self.sale = sale;
        }
        self.balancer.round().await
    }
}

fn keys(sale: &AnySale) -> Vec<Vec<u8>> {
    sale.shards().iter().map(|shard| shard.key().to_owned()).collect()
}

impl Round {
    /// One after a round in which these shards were silent.
    fn of(key: &str, sale: &AnySale, balanced: Balanced, before: &[usize]) -> Self {
        let Balanced { moved, finished, open, silent, .. } = balanced;
        let [moved, open] = [moved, open].map(|transfers| transfers.into_iter().map(Moved::from).collect());
        let [lost, found] = [without(&silent, before), without(before, &silent)];
        Self { sale: key.to_owned(), shards: sale.shards().len(), moved, finished, open, silent, lost, found }
    }

    /// Whether nothing is left to do.
    fn is_whole(&self) -> bool {
        self.open.is_empty() && self.silent.is_empty()
    }
}

fn without(shards: &[usize], others: &[usize]) -> Vec<usize> {
    shards.iter().copied().filter(|shard| !others.contains(shard)).collect()
}

impl From<Transfer> for Moved {
    fn from(transfer: Transfer) -> Self {
        let Transfer { from, to, units, .. } = transfer;
        Self { transfer: transfer.to_string(), from, to, units }
    }
}

impl Show for Round {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { sale, shards, moved, finished, open, lost, found, .. } = self;
        if !found.is_empty() {
            let answer = if found.len() == 1 { "answers" } else { "answer" };
            writeln!(out, "{} {answer} again", Numbers(found))?;
        }
        if self.is_whole() && moved.is_empty() && *finished == 0 {
            return writeln!(out, "{}: nothing to move, {}", Name(sale.as_bytes()), count(shards, "shard"));
        }
        for Moved { from, to, units, .. } in moved {
            writeln!(out, "{} from shard {from} to shard {to}", count(units, "unit"))?;
        }
        if *finished > 0 {
            writeln!(out, "{} finished that others had begun", count(finished, "transfer"))?;
        }
        for Moved { transfer, .. } in open {
            writeln!(out, "not finished yet: {transfer}")?;
        }
        match &lost[..] {
            [] => Ok(()),
            [shard] => writeln!(out, "shard {shard} does not answer, and is left out"),
            lost => writeln!(out, "{} do not answer, and are left out", Numbers(lost)),
        }
    }
}
