//! A difference between the sale and what callers were told, or within the sale.

use super::figures::Figures;
use super::history::History;
use crate::load::told::{Status, Told};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    /// A caller was told that there is an order.
    #[error("{order} is not in the sale, and its caller was told {told}")]
    Missing { order: String, told: Told },
    /// A caller was told that there is none, and will be none.
    #[error("{order} is in the sale ({found}), and its caller was told {told}")]
    Refused { order: String, told: Told, found: History },
    /// It was bought twice.
    #[error("{order} is in two shards")]
    Doubled { order: String },
    /// No caller made such a purchase.
    #[error("{order} is in the sale ({found}), but no caller placed it")]
    NotPlaced { order: String, found: History },
    /// Of another buyer, or other units.
    #[error("{order} is of {qty} units for {buyer} in the sale, and was placed otherwise")]
    OtherPurchase { order: String, buyer: String, qty: u32 },
    /// It went through states that contradict the answers, or that nobody asked for.
    #[error("{order} went through {found}, and its caller was told {told}")]
    OtherStates { order: String, told: Told, found: History },
    /// Its deadline was changed.
    #[error("{order} was extended, and its caller did not ask for it")]
    Extended { order: String },
    /// The answers contradict each other.
    #[error("{order} was refused after it existed: its caller was told {told}")]
    Contradiction { order: String, told: Told },
    /// More units went than there were.
    #[error("oversold: {missing} units too many by event {seq}")]
    Oversold { seq: u64, missing: u64 },
    /// A buyer has more than one may.
    #[error("{buyer} has {units} units by event {seq}, and the limit is {limit}")]
    OverLimit { buyer: String, units: u64, limit: u32, seq: u64 },
    /// A buyer placed more orders than one may.
    #[error("{buyer} has placed {orders} orders by event {seq}, and {attempts} are allowed")]
    OverAttempts { buyer: String, orders: u64, attempts: u32, seq: u64 },
    /// No rule leads from one state to the other.
    #[error("event {seq} makes {order} {to}, which cannot be")]
    Impossible { order: String, to: Status, seq: u64 },
    /// A hold ended before its time.
    #[error("{order} expired {early_ms} ms before its deadline")]
    ExpiredEarly { order: String, early_ms: u64 },
    /// Events are missing.
    #[error("event {found} follows event {last}")]
    Gap { last: u64, found: u64 },
    /// The events do not lead to what INFO says.
    #[error("INFO {when} says {info}, and the events lead to {events}")]
    OtherFigures { when: &'static str, info: Figures, events: Figures },
    /// A failover took back events from before the load.
    #[error("the sale has lost events that it had when the load began: it had {seq}")]
    LostHistory { seq: u64 },
}
