//! `seckill buy`.

use std::io::{self, Write};

use seckill_client::{Outcome, Receipt, State};

use crate::exit::{Exit, Failure};
use crate::names::Name;
use crate::output::{Output, Show};
use crate::servers::Servers;

/// Buy units of a sale for a buyer
///
/// Prints the state of the order, HELD or SOLD, and its id; or the word for the refusal, such as SOLDOUT, with exit code 1.
/// A call with the id of an order that exists buys nothing more: so repeat it with the same id after an error.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  seckill buy bottles bob
  seckill buy bottles bob --order order-2 --qty 2 --json")]
pub(crate) struct Buy {
    /// The key of the sale
    sale: String,
    /// The buyer
    buyer: String,
    /// The id of the order [default: a new one]
    #[arg(long, value_name = "ID")]
    order: Option<String>,
    /// Units
    #[arg(long, value_name = "UNITS", default_value_t = 1)]
    qty: u32,
}

impl Buy {
    pub(crate) async fn run(self, servers: &Servers, output: Output) -> Result<Exit, Failure> {
        let sale = servers.sale(&self.sale).await?;
        let mut purchase = sale.buy(&self.buyer).qty(self.qty);
        if let Some(order) = self.order {
            purchase = purchase.order(order);
        }
        let receipt = purchase.await?;
        if receipt.outcome == Outcome::Unknown {
            let order = Name(&receipt.order);
            let text = format!("no answer: the order may exist or not; ask again with --order {order}");
            return Err(Failure::Server(text));
        }
        output.print(&receipt).map_err(|failure| with_order(&failure, &receipt))?;
        Ok(if receipt.is_accepted() { Exit::Done } else { Exit::Refused })
    }
}

/// Without the id that was made here nobody could find the order.
fn with_order(failure: &Failure, receipt: &Receipt) -> Failure {
    let (order, outcome) = (Name(&receipt.order), &receipt.outcome);
    Failure::Server(format!("{failure}\nthe order {order}: {outcome:?}"))
}

impl Show for Receipt {
    fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.outcome {
            Outcome::Order(state @ (State::Held | State::Sold)) => {
                writeln!(out, "{state} {}", Name(&self.order))
            }
            Outcome::Order(state) => writeln!(out, "{state} {}, by an earlier purchase", Name(&self.order)),
            Outcome::Refused(refusal) => writeln!(out, "{refusal}"),
            other => writeln!(out, "{other:?}"),
        }
    }
}
