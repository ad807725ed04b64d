//! `seckill sale show`.

use super::figures::figures;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::Servers;

/// Show the figures and the rules of a sale
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
        let handle = servers.client().await?.sale(self.sale);
        output.print(&figures(&handle).await?)?;
        Ok(Exit::Done)
    }
}
