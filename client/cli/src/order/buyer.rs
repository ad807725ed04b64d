//! `seckill buyer`.

use std::io::{self, Write};

use futures_util::{StreamExt, TryStreamExt, stream};
use seckill_client::Order;

use crate::count::count;
use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;
use crate::table::table;
use crate::times::instant;

/// Calls that are made at a time.
const AT_ONCE: usize = 64;

/// Show what a buyer has in a sale
#[derive(clap::Args)]
#[command(after_help = "Example:
  seckill buyer bottles ann")]
pub(crate) struct Buyer {
    /// The key of the sale
    sale: String,
    /// The buyer
    buyer: String,
}

/// The units and the orders of a buyer.
#[derive(serde::Serialize)]
struct Account {
    buyer: String,
    held: u64,
    sold: u64,
    orders: Vec<Order>,
}

impl Buyer {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?.home(&self.buyer);
        let seckill_client::Buyer { held, sold, orders, .. } = sale.buyer(&self.buyer).await?;
        let orders = stream::iter(orders).map(async |order| sale.order(order).await).buffered(AT_ONCE);
        let orders = orders.try_filter_map(async |order| Ok(order)).try_collect().await?;
        output.print(&Account { buyer: self.buyer, held, sold, orders })?;
        Ok(Exit::Done)
    }
}

impl Show for Account {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { buyer, held, sold, orders } = self;
        let buyer = Name(buyer.as_bytes());
        writeln!(
            out,
            "{buyer} has {} held and {sold} sold, in {}",
            count(held, "unit"),
            count(orders.len(), "order")
        )?;
        if orders.is_empty() {
            return Ok(());
        }
        let mut table = table(&["ORDER", ">QTY", "STATE", "SINCE", "HELD UNTIL"]);
        for order in orders {
            table.add_row([
                Name(&order.order).to_string(),
                order.qty.to_string(),
                order.state.to_string(),
                instant(order.at),
                order.deadline.map(instant).unwrap_or_default(),
            ]);
        }
        writeln!(out, "{}", table.trim_fmt())
    }
}
