//! By what the sales are sorted.

use std::cmp::Ordering;

use seckill_client::Info;

use super::model::Sale;

/// A column of the table. Names begin with A, numbers with the highest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sort {
    #[default]
    Name,
    State,
    /// The share of the stock that is sold.
    Share,
    Sold,
    Held,
    Left,
    Rate,
    Orders,
    Buyers,
}

impl Sort {
    const ALL: [Self; 9] = [
        Self::Name,
        Self::State,
        Self::Share,
        Self::Sold,
        Self::Held,
        Self::Left,
        Self::Rate,
        Self::Orders,
        Self::Buyers,
    ];

    /// The name of the column.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Name => "SALE",
            Self::State => "STATE",
            Self::Share => "STOCK",
            Self::Sold => "SOLD",
            Self::Held => "HELD",
            Self::Left => "LEFT",
            Self::Rate => "ORDERS/S",
            Self::Orders => "ORDERS",
            Self::Buyers => "BUYERS",
        }
    }

    pub(super) fn next(self) -> Self {
        self.step(1)
    }

    pub(super) fn previous(self) -> Self {
        self.step(Self::ALL.len() - 1)
    }

    fn step(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }

    /// The order of two sales by this column; what is not known comes last.
    pub(super) fn order(self, one: (&[u8], &Sale), other: (&[u8], &Sale)) -> Ordering {
        match self {
            Self::Name => one.0.cmp(other.0),
            Self::State => Self::phase(one.1).cmp(&Self::phase(other.1)),
            _ => self.figure(other.1).total_cmp(&self.figure(one.1)),
        }
    }

    fn figure(self, sale: &Sale) -> f64 {
        const UNKNOWN: f64 = -1.0;
        let of = |figure: fn(&Info) -> u64| sale.info.as_ref().map_or(UNKNOWN, |info| figure(info) as f64);
        match self {
            Self::Name | Self::State => UNKNOWN,
            Self::Share => sale.info.as_ref().map_or(UNKNOWN, |info| {
                info.sold as f64 / ((info.sold + info.held + info.available) as f64).max(1.0)
            }),
            Self::Sold => of(|info| info.sold),
            Self::Held => of(|info| info.held),
            Self::Left => of(|info| info.available),
            Self::Rate => sale.orders.latest().unwrap_or(UNKNOWN),
            Self::Orders => of(|info| info.orders),
            Self::Buyers => of(|info| info.buyers),
        }
    }

    /// What sells comes first.
    fn phase(sale: &Sale) -> u8 {
        use seckill_client::Phase;
        match sale.info.as_ref().map(|info| &info.state) {
            Some(Phase::Open) => 0,
            Some(Phase::Upcoming) => 1,
            Some(Phase::SoldOut) => 2,
            Some(Phase::Closed) => 3,
            _ => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_reached_in_both_directions() {
        let mut sort = Sort::default();
        for expected in Sort::ALL {
            assert_eq!(sort, expected);
            assert_eq!(sort.next().previous(), sort);
            sort = sort.next();
        }
        assert_eq!(sort, Sort::default());
    }
}
