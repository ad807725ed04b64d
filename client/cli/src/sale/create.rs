//! `seckill sale create`.

use seckill_client::NewSale;

use super::rules::Rules;
use super::show::figures;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::servers::Servers;

/// Create a sale
///
/// Repeated with the same options it changes nothing. Of a sale that exists with other rules it changes nothing either,
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
        let window = self.rules.window(&connector).await?;
        let mut sale = NewSale::new(self.stock);
        if let Some(limit) = self.rules.limit {
            sale = sale.limit(limit);
        }
        if let Some(hold) = self.rules.hold {
            sale = sale.hold(hold);
        }
        if let Some(opens) = window.opens {
            sale = sale.opens(opens);
        }
        if let Some(closes) = window.closes {
            sale = sale.closes(closes);
        }
        if let Some(attempts) = self.rules.attempts {
            sale = sale.attempts(attempts);
        }
        let handle = servers.client_of(connector).sale(self.sale);
        handle.create(sale).await?;
        output.print(&figures(&handle).await?)?;
        Ok(Exit::Done)
    }
}
