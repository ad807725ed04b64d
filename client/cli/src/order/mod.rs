//! What support staff and scripts do to orders.

mod buy;
mod buyer;
mod locator;
mod settle;
mod show;

pub(crate) use buy::Buy;
pub(crate) use buyer::Buyer;
pub(crate) use settle::{Cancel, Confirm, Extend};
pub(crate) use show::Order;
