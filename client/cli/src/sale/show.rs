//! `seckill sale show`.

use super::figures::figures;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::Servers;

/// Show the figures and the rules of a sale
///
/// Of a sharded sale it shows sums, and then each shard. The shards are not read at one instant: while the sale sells, the
/// sums are near to what it has, and units that are on the way from one shard to another are missing in them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale show bottles
  seckill sale show bottles --json")]
pub(super) struct Show {
    /// The key of the sale
    sale: String,
}

impl Show {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        output.print(&figures(&sale).await?)?;
        Ok(Exit::Done)
    }
}
