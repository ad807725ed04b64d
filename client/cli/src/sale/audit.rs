//! `seckill sale audit`.

use std::io::{self, Write};

use seckill_client::Seckill;
use seckill_client::connect::Connect;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;

/// Recompute the figures of a sale from its orders, and compare them
///
/// It takes time linear in the orders, in which the server serves nobody else: so name a replica by --url. A primary
/// refuses it above 100,000 orders unless --force is given.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill sale audit bottles")]
pub(super) struct Audit {
    /// The key of the sale
    sale: String,
    /// Audit a large sale on a primary, too
    #[arg(long)]
    force: bool,
}

/// All figures are right.
#[derive(serde::Serialize)]
struct Audited {
    sale: String,
    audit: &'static str,
}

impl Audit {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let connector = servers.connector().await?;
        let mut connection = connector.connect().await?;
        // By a command as it is: to send it again would take the time of the server again.
        let audit = connection.seckill();
        if self.force {
            audit.force_audit(&self.sale).await?;
        } else {
            audit.audit(&self.sale).await?;
        }
        output.print(&Audited { sale: self.sale, audit: "OK" })?;
        Ok(Exit::Done)
    }
}

impl Show for Audited {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}: OK, the figures agree with the orders", Name(self.sale.as_bytes()))
    }
}
