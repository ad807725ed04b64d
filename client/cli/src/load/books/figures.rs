//! The figures of a sale.

use std::fmt;

use seckill_client::Info;

use crate::load::told::Status;

/// Units and orders. Units may be missing where a sale is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(super) available: i64,
    pub(super) held: i64,
    pub(super) sold: i64,
    pub(super) orders: u64,
    pub(super) buyers: u64,
}

impl Figures {
    pub(super) fn of(info: &Info) -> Self {
        Self {
            available: signed(info.available),
            held: signed(info.held),
            sold: signed(info.sold),
            orders: info.orders,
            buyers: info.buyers,
        }
    }

    /// An order goes from one state to another, or is new.
    pub(super) fn move_units(&mut self, from: Option<Status>, to: Status, units: i64) {
        match from {
            Some(status) => *self.units(status) -= units,
            None => self.available -= units,
        }
        *self.units(to) += units;
    }

    /// Where the units of such orders are.
    fn units(&mut self, status: Status) -> &mut i64 {
        match status {
            Status::Held => &mut self.held,
            Status::Sold => &mut self.sold,
            Status::Cancelled | Status::Expired => &mut self.available,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { available, held, sold, orders, buyers } = self;
        write!(f, "{available} available, {held} held, {sold} sold, {orders} orders by {buyers} buyers")
    }
}

/// The server has no more units than a double holds exactly.
pub(super) fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
