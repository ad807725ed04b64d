//! `seckill sale roll`.

use std::io::{self, Write};

use seckill_client::{Code, Error, EventKind, Info, NewSale};
use uuid::Uuid;

use super::creation::create;
use super::rules::Rules;
use crate::count::count;
use crate::exit::{Exit, Failure};
use crate::history;
use crate::names::Name;
use crate::output::{Output, Show, note};
use crate::servers::{AnyClient, AnySale, Servers};

/// How often the stock may change while this looks at it, before it gives up.
const ATTEMPTS: u32 = 100;

/// Carry the units that are available in a sale to a new one
///
/// The new sale is created with the rules of the old one, except those that are named and an end that has passed; one that exists
/// keeps its own. It has as many shards as the old one, or as --shards says. Units are taken from the old sale
/// first, so they are never sold twice. Whatever interrupts it, repeat it: each step happens once, and units that became
/// available meanwhile (holds that ran out) are carried over, too. Close the old sale first if it shall not sell on.
///
/// A failover between the two steps can lose the first: let replicas confirm writes (min-replicas-to-write), or roll
/// while none is expected.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale roll bottles bottles-december
  seckill sale roll bottles bottles-2 --limit 1 --opens +1h
  seckill sale roll bottles bottles-3 --shards 16")]
pub(super) struct Roll {
    /// The key of the sale that has units left
    old: String,
    /// The key of the sale that gets them
    new: String,
    /// Spread the new sale over so many shards [default: as many as the old one has]
    #[arg(long, value_name = "SHARDS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    shards: Option<u16>,
    #[command(flatten)]
    rules: Rules,
}

/// What was carried over.
#[derive(serde::Serialize)]
struct Rolled {
    old: String,
    new: String,
    /// Units that were carried now, and by earlier calls.
    units: u64,
    /// Units that the new sale has available now.
    available: u64,
}

impl Roll {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        if self.old == self.new {
            return Err(Failure::Usage("the two sales must have different keys".to_owned()));
        }
        let client = servers.client().await?;
        let old = client.sharded(&self.old).await?;
        let from = old.info().await?.total();
        let new = self.create(&client, &old, &from).await?;
        let to = new.info().await?.total();
        let pair = Pair { id: id_of(&self, &from, &to), old, new };
        let units = pair.carry().await?;
        let available = pair.new.info().await?.available;
        output.print(&Rolled { old: self.old, new: self.new, units, available })?;
        Ok(Exit::Done)
    }

    /// The new sale, created unless it exists.
    async fn create(&self, client: &AnyClient, from: &AnySale, old: &Info) -> Result<AnySale, Failure> {
        match client.sharded(&self.new).await {
            Err(error) if error.code() == Some(Code::NoSale) => {}
            known => {
                if !self.rules.are_empty() || self.shards.is_some() {
                    note(&format!("{} exists, and keeps its rules and its shards", self.new));
                }
                return Ok(known?);
            }
        }
        let rules = &old.rules;
        let sale = NewSale::new(0).limit(rules.limit).attempts(rules.attempts).hold(rules.hold);
        let closes = if rules.closes > old.now { rules.closes } else { 0 };
        let sale = sale.opens(rules.opens).closes(closes);
        let as_before = (!from.is_ordinary()).then(|| from.shards().len());
        let shards = self.shards.map(usize::from).or(as_before);
        create(client, &self.new, shards, sale.with(self.rules.alteration(old.now))).await
    }
}

/// What the ids of all steps begin with. Sales that were deleted and created again are other sales.
fn id_of(roll: &Roll, old: &Info, new: &Info) -> String {
    let name = format!("{}\n{}\n{}\n{}", roll.old, old.created, roll.new, new.created);
    format!("roll-{}-", Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// Two sales, and the beginning of the ids by which units go from one to the other.
struct Pair {
    old: AnySale,
    new: AnySale,
    id: String,
}

impl Pair {
    /// Finishes what earlier calls began, and carries what is available: the units of all calls.
    async fn carry(&self) -> Result<u64, Failure> {
        let mut taken = self.taken().await?;
        for _ in 0..ATTEMPTS {
            for (id, units) in &taken {
                self.new.restock(*units, id).await.map_err(|error| in_transit(*units, &error))?;
            }
            let available = self.old.info().await?.available;
            if available == 0 {
                return Ok(taken.iter().map(|(_, units)| units.unsigned_abs()).sum());
            }
            let units = i64::try_from(available).map_err(Failure::server)?;
            let id = format!("{}{}", self.id, taken.len());
            match self.old.restock(-units, &id).await {
                // They are put into the new sale in the next round.
                Ok(_) => taken.push((id.into(), units)),
                // A buyer was faster.
                Err(Error::Server { code: Code::NoStock, .. }) => {}
                // Another one rolls, too.
                Err(Error::Server { code: Code::Mismatch, .. }) => taken = self.taken().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Server(format!(
            "the stock changed {ATTEMPTS} times meanwhile: close the old sale, and repeat this"
        )))
    }

    /// The ids and units that were taken from the old sale for the new one.
    async fn taken(&self) -> Result<Vec<(Vec<u8>, i64)>, Failure> {
        let mut taken = Vec::new();
        let read = history::read(&self.old, |_, event| match event.kind {
            EventKind::Restocked { qty, id: Some(id) } if id.starts_with(self.id.as_bytes()) => {
                taken.push((id, -qty));
            }
            _ => {}
        });
        read.await?;
        Ok(taken)
    }
}

/// The old sale does not have the units any more, and the new one may not have them yet.
fn in_transit(units: i64, error: &Error) -> Failure {
    Failure::Server(format!(
        "{} on the way to the new sale: repeat this when it can take that\n{error}",
        count(units, "unit")
    ))
}

impl Show for Rolled {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { old, new, units, available } = self;
        let [old, new] = [old, new].map(|sale| Name(sale.as_bytes()));
        writeln!(out, "{} went from {old} to {new}, where {available} are available", count(units, "unit"))
    }
}
