//! `seckill sale delete`.

use std::io::{self, IsTerminal, Write};

use futures_util::future::try_join_all;
use seckill_client::Code;

use crate::count::count;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::{AnySale, Servers};

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
        let client = servers.client().await?;
        let orders = match client.sharded(&self.sale).await {
            Ok(sale) => orders(&sale).await?,
            // One whose creation did not come to an end has none.
            Err(error) if error.code() == Some(Code::NoSale) => 0,
            Err(error) => return Err(error.into()),
        };
        if !self.yes && !is_wanted(&self.sale, orders)? {
            return Ok(Exit::Refused);
        }
        let deleted = client.delete_sharded(&self.sale).await;
        deleted.map_err(|error| Failure::from(error).advising(REPEAT))?;
        output.print(&Deleted { sale: self.sale, orders })?;
        Ok(Exit::Done)
    }
}

const REPEAT: &str = "some of it may be deleted: repeat the same command, which deletes the rest";

/// The orders of all shards. An earlier call may have deleted some shards. Nothing but a sale is deleted, so anything else at
/// their keys is an error.
async fn orders(sale: &AnySale) -> Result<u64, Failure> {
    let shards = sale.shards();
    let orders = shards.iter().map(async |shard| match shard.info().await {
        Ok(info) => Ok(info.orders),
        Err(error) if error.code() == Some(Code::NoSale) => Ok(0),
        Err(error) => Err(Failure::from(error)),
    });
    Ok(try_join_all(orders).await?.into_iter().fold(0, u64::saturating_add))
}

fn is_wanted(sale: &str, orders: u64) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage("nobody can be asked here: give --yes".to_owned()));
    }
    let mut out = io::stderr();
    write!(
        out,
        "Delete {} with all its {}, for good? [y/N] ",
        Name(sale.as_bytes()),
        count(orders, "order")
    )?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

impl Show for Deleted {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} is deleted, with {}", Name(self.sale.as_bytes()), count(self.orders, "order"))
    }
}
