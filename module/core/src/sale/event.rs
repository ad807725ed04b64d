//! What happens to a sale.
//!
//! There is one type of event. Places that know different things about an order use it with different type
//! parameters: a batch has the text of names, the log has numbers of records, and a decision has what was
//! looked up.

use super::holds::Hold;
use crate::protocol::{
    BuyerNumber, EventName, Name, OrderNumber, RestockNumber, Rules, Seq, State, Term, UnixMs,
};
use crate::storage::Hashed;

/// What happens to a sale, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<Opening, Order, Id> {
    /// The sale was created.
    Created {
        /// Units for sale.
        stock: u64,
        /// Its rules.
        rules: Rules,
    },
    /// The rules changed.
    Altered {
        /// The rules from now on.
        rules: Rules,
    },
    /// Units were added or, when negative, taken away.
    Restocked {
        /// How many.
        delta: i64,
        /// The id that makes it idempotent.
        id: Option<Id>,
    },
    /// An order was accepted. Orders are numbered 0, 1, 2 … in this sequence.
    Opened {
        /// The new order.
        opening: Opening,
        /// Its status.
        status: OpenStatus,
    },
    /// The status of an order changed, or the deadline of a held one.
    StatusChanged {
        /// The order.
        order: Order,
        /// Its status from now on.
        status: OrderStatus,
    },
}

impl<Opening, Order, Id> Event<Opening, Order, Id> {
    /// The status of the order that it opens or changes.
    pub(super) fn status(&self) -> Option<OrderStatus> {
        match *self {
            Self::Opened { status, .. } => Some(status.into()),
            Self::StatusChanged { status, .. } => Some(status),
            Self::Created { .. } | Self::Altered { .. } | Self::Restocked { .. } => None,
        }
    }
}

/// The status with which an order begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenStatus {
    /// Held until a deadline.
    Held {
        /// From this instant on it is too late to confirm.
        deadline: UnixMs,
    },
    /// Sold.
    Sold,
}

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Held until a deadline.
    Held {
        /// From this instant on it is too late to confirm.
        deadline: UnixMs,
    },
    /// Sold.
    Sold,
    /// Cancelled.
    Cancelled,
    /// Not confirmed in time.
    Expired,
}

impl From<OpenStatus> for OrderStatus {
    fn from(status: OpenStatus) -> Self {
        match status {
            OpenStatus::Held { deadline } => Self::Held { deadline },
            OpenStatus::Sold => Self::Sold,
        }
    }
}

impl OrderStatus {
    /// The word that a command replies.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Held { .. } => State::Held,
            Self::Sold => State::Sold,
            Self::Cancelled => State::Cancelled,
            Self::Expired => State::Expired,
        }
    }

    /// The deadline of a held order.
    #[must_use]
    pub const fn deadline(self) -> Option<UnixMs> {
        match self {
            Self::Held { deadline } => Some(deadline),
            Self::Sold | Self::Cancelled | Self::Expired => None,
        }
    }

    /// The word of the event that leads here.
    #[must_use]
    pub const fn event_name(self) -> EventName {
        match self {
            Self::Held { .. } => EventName::Held,
            Self::Sold => EventName::Sold,
            Self::Cancelled => EventName::Cancelled,
            Self::Expired => EventName::Expired,
        }
    }
}

/// The part of an order that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Its id.
    pub order: Name<'a>,
    /// Its buyer.
    pub buyer: Name<'a>,
    /// Units.
    pub qty: u32,
}

/// An event as a batch carries it.
pub type NamedEvent<'a> = Event<Claim<'a>, OrderNumber, Name<'a>>;

/// An event as the log keeps it: the order and its buyer are found by the number.
pub(super) type LoggedEvent = Event<OrderNumber, OrderNumber, RestockNumber>;

/// An event whose names have been looked up in the sale that it is to be applied to.
pub(super) type ResolvedEvent<'a> = Event<NewOrder<'a>, KnownOrder, Hashed<'a>>;

/// An order to be opened. Its id is not in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewOrder<'a> {
    pub(super) order: Hashed<'a>,
    pub(super) buyer: BuyerRef<'a>,
    pub(super) qty: u32,
}

/// A buyer, with orders or without.
#[derive(Debug, Clone, Copy)]
pub(super) struct BuyerRef<'a> {
    pub(super) name: Hashed<'a>,
    /// `None` for a buyer without orders.
    pub(super) number: Option<BuyerNumber>,
}

/// An order whose status changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownOrder {
    pub(super) number: OrderNumber,
    /// The hold that ends, if the order is held.
    pub(super) hold: Option<Hold>,
}

/// When something happens, and in which term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) at: UnixMs,
    pub(super) term: Term,
}

/// An event with its place in history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<E> {
    /// 1, 2, 3 … without gaps.
    pub seq: Seq,
    /// The term that it belongs to.
    pub term: Term,
    /// When it was decided.
    pub at: UnixMs,
    /// What happened.
    pub event: E,
}

impl<'a> ResolvedEvent<'a> {
    /// A held order passes its deadline.
    pub(super) fn expiry(hold: Hold) -> Self {
        Self::StatusChanged {
            order: KnownOrder { number: hold.order, hold: Some(hold) },
            status: OrderStatus::Expired,
        }
    }

    /// The same event as a batch carries it.
    pub(super) fn named(&self) -> NamedEvent<'a> {
        match *self {
            Self::Created { stock, rules } => Event::Created { stock, rules },
            Self::Altered { rules } => Event::Altered { rules },
            Self::Restocked { delta, id } => Event::Restocked { delta, id: id.map(|id| id.name) },
            Self::Opened { opening: NewOrder { order, buyer, qty }, status } => {
                let opening = Claim { order: order.name, buyer: buyer.name.name, qty };
                Event::Opened { opening, status }
            }
            Self::StatusChanged { order, status } => Event::StatusChanged { order: order.number, status },
        }
    }
}
