//! `seckill sale audit`.

use std::io::{self, Write};

use seckill_client::Seckill;
use seckill_client::connect::Connect;

use super::flows::Flows;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::{AnySale, Connector, Servers};

/// Recompute the figures of a sale from its orders, and compare them
///
/// It takes time linear in the orders, in which the server serves nobody else: so name a replica by --url. A primary
/// refuses it above 100,000 orders unless --force is given.
///
/// Of a sharded sale each shard is audited, and then their sum: all events are read, and the units that the sale was given
/// have to be those that its shards have, with those that are on the way between two of them. Where a failover forgot a
/// half of a transfer, or nobody finished it, it exits with 1; --repair finishes such transfers.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale audit bottles
  seckill sale audit bottles --repair")]
pub(super) struct Audit {
    /// The key of the sale
    sale: String,
    /// Audit a large sale on a primary, too
    #[arg(long)]
    force: bool,
    /// Finish transfers between shards that are not finished
    #[arg(long)]
    repair: bool,
}

/// All figures of a sale are right, or of each shard.
#[derive(serde::Serialize)]
struct Audited {
    sale: String,
    audit: &'static str,
    #[serde(flatten)]
    flows: Option<Flows>,
}

impl Audit {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        self.audit(&sale, servers.connector().await?).await?;
        let flows = if sale.is_ordinary() { None } else { Some(self.flows(&sale).await?) };
        let is_right = flows.as_ref().is_none_or(Flows::are_even);
        output.print(&Audited { sale: self.sale, audit: if is_right { "OK" } else { "UNEVEN" }, flows })?;
        Ok(if is_right { Exit::Done } else { Exit::Refused })
    }

    /// Audits one shard after the other.
    async fn audit(&self, sale: &AnySale, connector: Connector) -> Result<(), Failure> {
        let mut connection = connector.connect().await?;
        for shard in sale.shards() {
            // By a command as it is: to send it again would take the time of the server again.
            let audit = connection.seckill();
            let audited = if self.force {
                audit.force_audit(shard.key()).await
            } else {
                audit.audit(shard.key()).await
            };
            audited.map_err(|error| match sale.is_ordinary() {
                true => error.into(),
                false => Failure::from(error).of(Name(shard.key())),
            })?;
        }
        Ok(())
    }

    async fn flows(&self, sale: &AnySale) -> Result<Flows, Failure> {
        let flows = Flows::read(sale).await?;
        if flows.are_even() || !self.repair {
            return Ok(flows);
        }
        flows.repaired(sale).await
    }
}

impl Show for Audited {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let sale = Name(self.sale.as_bytes());
        match &self.flows {
            None => writeln!(out, "{sale}: OK, the figures agree with the orders"),
            Some(flows) => {
                writeln!(out, "{sale}: {}, the figures of each shard agree with its orders", self.audit)?;
                flows.show(out)
            }
        }
    }
}
