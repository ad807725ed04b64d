//! `seckill order`.

use std::io::{self, Write};

use seckill_client::Order as Details;

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;
use crate::times::instant;

/// Show an order
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill order bottles order-1")]
pub(crate) struct Order {
    /// The key of the sale
    sale: String,
    /// The id of the order
    order: String,
}

impl Order {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let found = servers.client().await?.sale(self.sale.as_str()).order(&self.order).await?;
        let missing = || {
            let [sale, order] = [&self.sale, &self.order].map(|name| Name(name.as_bytes()));
            Failure::Refused(format!("{sale} has no order {order}"))
        };
        output.print(&found.ok_or_else(missing)?)?;
        Ok(Exit::Done)
    }
}

impl Show for Details {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  {}", Name(&self.order), self.state)?;
        writeln!(out, "  buyer  {}", Name(&self.buyer))?;
        writeln!(out, "  units  {}", self.qty)?;
        writeln!(out, "  since  {}", instant(self.at))?;
        match self.deadline {
            Some(deadline) => writeln!(out, "  until  {}", instant(deadline)),
            None => Ok(()),
        }
    }
}
