//! `seckill sale create`.

use redis::cmd;
use seckill_client::NewSale;
use seckill_client::connect::Connect;

use super::creation::create;
use super::figures::figures;
use super::rules::Rules;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::{Connector, Servers};

/// Create a sale
///
/// Repeated with the same options it changes nothing, and finishes what an earlier call began; an instant such as +1h is
/// another one then. Of a sale that exists with other rules it changes nothing either, and fails: `seckill sale alter`
/// changes them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill sale create summer --stock 100
  seckill sale create autumn --stock 100000 --shards 16
  seckill sale create winter --stock 100 --limit 2 --hold 10m --opens +1h --closes +3h")]
pub(super) struct Create {
    /// The key of the sale
    sale: String,
    /// Units for sale
    #[arg(long, value_name = "UNITS")]
    stock: u64,
    /// Spread it over the nodes of a cluster, as so many sales that sell as one
    #[arg(long, value_name = "SHARDS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    shards: Option<u16>,
    #[command(flatten)]
    rules: Rules,
}

impl Create {
    pub(super) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let connector = servers.connector().await?;
        let now = if self.rules.are_relative() { server_time(&connector).await? } else { 0 };
        let client = servers.client_of(connector);
        let sale = NewSale::new(self.stock).with(self.rules.alteration(now));
        let shards = self.shards.map(usize::from);
        let created = create(&client, &self.sale, shards, sale).await;
        let created = created.map_err(|failure| match self.rules.window(now) {
            Some(window) => {
                failure.advising(format_args!("say {window} then: +1h is another instant each time"))
            }
            None => failure,
        })?;
        output.print(&figures(&created).await?)?;
        Ok(Exit::Done)
    }
}

/// The clock of the server, in unix time in ms.
async fn server_time(connector: &Connector) -> Result<u64, Failure> {
    let mut connection = connector.connect().await?;
    let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut connection).await?;
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}
