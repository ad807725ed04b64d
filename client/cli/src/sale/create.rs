//! `seckill sale create`.

use redis::cmd;
use seckill_client::NewSale;
use seckill_client::connect::Connect;

use super::figures::figures;
use super::rules::Rules;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::{Connector, Servers};

/// Create a sale
///
/// Repeated with the same options it changes nothing; an instant such as +1h is another one then. Of a sale that exists with other rules it changes nothing either,
/// and fails: `seckill sale alter` changes them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale create summer --stock 100
  seckill sale create winter --stock 100 --limit 2 --hold 10m --opens +1h --closes +3h")]
pub(super) struct Create {
    /// The key of the sale
    sale: String,
    /// Units for sale
    #[arg(long, value_name = "UNITS")]
    stock: u64,
    #[command(flatten)]
    rules: Rules,
}

impl Create {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let connector = servers.connector().await?;
        let now = if self.rules.are_relative() { server_time(&connector).await? } else { 0 };
        let handle = servers.client_of(connector).sale(self.sale);
        handle.create(NewSale::new(self.stock).with(self.rules.alteration(now))).await?;
        output.print(&figures(&handle).await?)?;
        Ok(Exit::Done)
    }
}

/// The clock of the server, in unix time in ms.
async fn server_time(connector: &Connector) -> Result<u64, Failure> {
    let mut connection = connector.connect().await?;
    let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut connection).await?;
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}
