//! `seckill sale delete`.

use std::io::{self, IsTerminal, Write};

use redis::cmd;
use seckill_client::connect::Connect;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;

/// Delete a sale with all its orders
///
/// The memory is freed in the background. To end a sale and keep its orders, close it: `seckill sale close`.
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill sale delete bottles --yes")]
pub(super) struct Delete {
    /// The key of the sale
    sale: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What is gone.
#[derive(serde::Serialize)]
struct Deleted {
    sale: String,
    orders: u64,
}

impl Delete {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let connector = servers.connector().await?;
        let mut connection = connector.connect().await?;
        // Nothing but a sale is deleted.
        let info = servers.client_of(connector).sale(self.sale.as_str()).info().await?;
        if !self.yes && !is_wanted(&self.sale, info.orders)? {
            return Ok(Exit::Refused);
        }
        let deleted: u64 = cmd("UNLINK").arg(&self.sale).query_async(&mut connection).await?;
        if deleted == 0 {
            return Err(Failure::Refused(format!(
                "{} was deleted by somebody else",
                Name(self.sale.as_bytes())
            )));
        }
        output.print(&Deleted { sale: self.sale, orders: info.orders })?;
        Ok(Exit::Done)
    }
}

fn is_wanted(sale: &str, orders: u64) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage("nobody can be asked here: give --yes".to_owned()));
    }
    let mut out = io::stderr();
    write!(out, "Delete {} with all its {orders} orders, for good? [y/N] ", Name(sale.as_bytes()))?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

impl Show for Deleted {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} is deleted, with {} orders", Name(self.sale.as_bytes()), self.orders)
    }
}
