//! `seckill order`.

use std::io::{self, Write};

use seckill_client::Order as Details;

use super::locator::Locator;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;
use crate::times::instant;

/// Show an order
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill order bottles order-1
  seckill order bottles order-1 --buyer ann")]
pub(crate) struct Order {
    #[command(flatten)]
    locator: Locator,
}

impl Order {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        output.print(&self.locator.order(servers).await?)?;
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
