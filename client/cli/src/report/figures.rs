//! What a report says.

use seckill_client::Rules;

use super::buyers::Group;
use super::changes::Changes;
use super::flow::Flow;
use super::timeline::{Peak, Series};
use super::waits::Percentiles;

/// The figures of a sale, by its events.
#[derive(Debug, serde::Serialize)]
pub(super) struct Figures {
    /// Units put in, less those taken out.
    pub(super) stock: i64,
    /// Units that it was created with.
    pub(super) created_with: u64,
    pub(super) available: i64,
    pub(super) buyers: u64,
    pub(super) flow: Flow,
    /// How often a hold was extended.
    pub(super) extended: u64,
    /// In unix ms.
    pub(super) created: u64,
    /// As they are after the last event.
    pub(super) rules: Option<Rules>,
    /// Once there is an order.
    pub(super) selling: Option<Selling>,
    pub(super) busiest: Option<Peak>,
    /// From the beginning of selling on.
    pub(super) timeline: Option<Series>,
    /// The busiest times, where the timeline does not show them by the second.
    pub(super) rush: Option<Series>,
    pub(super) orders_a_buyer: Vec<Group>,
    pub(super) until_confirmed_ms: Option<Percentiles>,
    pub(super) changes: Changes,
    pub(super) events: u64,
    /// Events that this version does not understand.
    pub(super) unknown_events: u64,
}

/// When the sale sold, in unix ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Selling {
    pub(super) since: u64,
    /// Whether that is the opening; otherwise it is the first order.
    pub(super) since_opening: bool,
    pub(super) first_order: u64,
    pub(super) last_order: u64,
    /// When an order took the last unit, for the first time.
    pub(super) sold_out: Option<u64>,
}

impl Selling {
    /// How long it took to sell everything, in ms.
    pub(super) fn time_to_sold_out(&self) -> Option<u64> {
        Some(self.sold_out?.saturating_sub(self.since))
    }
}
