//! What became of the orders: how many, and of how many units, went from one state to another.

/// Orders, and their units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Amount {
    pub(super) orders: u64,
    pub(super) units: u64,
}

impl Amount {
    pub(super) fn add(&mut self, units: u32) {
        self.orders = self.orders.saturating_add(1);
        self.units = self.units.saturating_add(u64::from(units));
    }

    fn plus(self, other: Self) -> Self {
        Self {
            orders: self.orders.saturating_add(other.orders),
            units: self.units.saturating_add(other.units),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            orders: self.orders.saturating_sub(other.orders),
            units: self.units.saturating_sub(other.units),
        }
    }
}

/// All changes of the states of orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Flow {
    /// Placed, and held for confirmation.
    pub(super) held: Amount,
    /// Placed, and sold at once.
    pub(super) sold_at_once: Amount,
    /// From held to sold.
    pub(super) confirmed: Amount,
    /// From held to cancelled.
    pub(super) cancelled: Amount,
    /// From held to expired.
    pub(super) expired: Amount,
    /// From sold to cancelled.
    pub(super) refunded: Amount,
}

impl Flow {
    pub(super) fn placed(&self) -> Amount {
        self.held.plus(self.sold_at_once)
    }

    /// Whatever became of them afterwards.
    pub(super) fn ever_sold(&self) -> Amount {
        self.sold_at_once.plus(self.confirmed)
    }

    pub(super) fn sold_now(&self) -> Amount {
        self.ever_sold().minus(self.refunded)
    }

    pub(super) fn held_now(&self) -> Amount {
        self.held.minus(self.confirmed).minus(self.cancelled).minus(self.expired)
    }

    pub(super) fn all_cancelled(&self) -> Amount {
        self.cancelled.plus(self.refunded)
    }
}
