//! What is applied to a sale.

use crate::command::Rules;
use crate::events::{Event, Standing};
use crate::holds::Hold;
use crate::index::Hashed;

/// Why an event does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit(pub &'static str);

impl Unfit {
    /// It cannot be read here; what wrote it can.
    pub const NEWER: Self = Self("a newer version of the module wrote it");
}

/// When, and under which decider, something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: u64,
    pub(crate) term: u64,
}

/// An event whose names have been looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    Created {
        stock: u64,
        rules: Rules,
    },
    Altered {
        rules: Rules,
    },
    Restocked {
        delta: i64,
        id: Option<Hashed<'a>>,
    },
    Opened {
        order: Hashed<'a>,
        buyer: Party<'a>,
        qty: u32,
        standing: Standing,
    },
    /// The hold is the one that ends: of an order that is held.
    Moved {
        order: u32,
        hold: Option<Hold>,
        standing: Standing,
    },
}

impl<'a> Change<'a> {
    /// A hold runs out.
    pub(crate) fn expired(hold: Hold) -> Self {
        Self::Moved { order: hold.order, hold: Some(hold), standing: Standing::Expired }
    }

    /// The event that it is, seen from outside.
    pub(crate) fn event(&self) -> Event<'a> {
        match *self {
            Self::Created { stock, rules } => Event::Created { stock, rules },
            Self::Altered { rules } => Event::Altered { rules },
            Self::Restocked { delta, id } => Event::Restocked { delta, id: id.map(|id| id.name) },
            Self::Opened { order, buyer, qty, standing } => {
                Event::Opened { order: order.name, buyer: buyer.hashed.name, qty, standing }
            }
            Self::Moved { order, standing, .. } => Event::Moved { order, standing },
        }
    }
}

/// The buyer of a new order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Party<'a> {
    pub(crate) hashed: Hashed<'a>,
    /// `None` for who has no order yet.
    pub(crate) number: Option<u32>,
}
