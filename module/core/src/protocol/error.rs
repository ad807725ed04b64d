//! Why a command was not carried out.

use core::fmt;

use super::limits::{MAX_INT, MAX_NAME};
use super::number::{Seq, Term};
use super::words::Code;

/// Why a command was not carried out. Its text begins with a [`Code`] and is the error reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Too few or too many arguments. Redis words this error itself.
    Arity,
    /// A keyword that is unknown, repeated or without its value.
    Syntax,
    /// A token, buyer, order or id that is empty or too long.
    Length(&'static str),
    /// Not an integer, or out of its range.
    Integer {
        /// The argument.
        name: &'static str,
        /// The least value that is right.
        min: i64,
        /// The greatest value that is right.
        max: i64,
    },
    /// A window that ends before it begins.
    Window,
    /// A restock of nothing.
    NoDelta,
    /// More stock than every client language can represent.
    TooMuchStock,
    /// There is no sale at the key.
    NoSale,
    /// The sale has no order of that id.
    NoOrder,
    /// The order id is in use, by another buyer or for another quantity.
    OtherOrder,
    /// The restock id is in use, for another delta.
    OtherDelta,
    /// Less is available than RESTOCK would take away.
    NoStock(u64),
    /// CREATE on a key that holds anything else.
    BusyKey,
    /// As many of something as a sale may have.
    Full {
        /// Of what.
        capacity: Capacity,
        /// How many it has.
        count: u64,
    },
    /// The event that a reader stored last is not in this sale's history.
    Forked {
        /// The last seq that both histories may share.
        seq: Seq,
        /// The term of the event there in this sale's history.
        term: Term,
    },
    /// This copy diverged from its primary: it can be read, but decides nothing.
    Diverged,
}

/// What a sale may have a limited number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Orders, those that have ended included.
    Orders,
    /// Restocks with an id.
    RestockIds,
    /// Events.
    Events,
}

impl Error {
    /// The code that the text begins with.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Arity
            | Self::Syntax
            | Self::Length(_)
            | Self::Integer { .. }
            | Self::Window
            | Self::NoDelta
            | Self::TooMuchStock => Code::Err,
            Self::NoSale => Code::NoSale,
            Self::NoOrder => Code::NoOrder,
            Self::OtherOrder | Self::OtherDelta => Code::Mismatch,
            Self::NoStock(_) => Code::NoStock,
            Self::BusyKey => Code::BusyKey,
            Self::Full { .. } => Code::Full,
            Self::Forked { .. } => Code::Forked,
            Self::Diverged => Code::Corrupt,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code())?;
        match self {
            Self::Arity => f.write_str("wrong number of arguments"),
            Self::Syntax => f.write_str("syntax error"),
            Self::Length(name) => write!(f, "{name} must be 1 to {MAX_NAME} bytes"),
            Self::Integer { name, min, max } => {
                write!(f, "{name} must be an integer between {min} and {max}")
            }
            Self::Window => f.write_str("CLOSES must be after OPENS"),
            Self::NoDelta => f.write_str("delta must not be 0"),
            Self::TooMuchStock => write!(f, "stock must be at most {MAX_INT} units in all"),
            Self::NoSale => f.write_str("no sale at this key"),
            Self::NoOrder => f.write_str("no such order in this sale"),
            Self::OtherOrder => f.write_str("the order exists with another buyer or quantity"),
            Self::OtherDelta => f.write_str("the id exists with another delta"),
            Self::NoStock(available) => write!(f, "more would be taken than is available: {available}"),
            Self::BusyKey => f.write_str("the key holds another sale or another type"),
            Self::Full { capacity, count } => {
                let (what, config) = match capacity {
                    Capacity::Orders => ("orders", "max-orders"),
                    Capacity::RestockIds => ("restocking ids", "max-orders"),
                    Capacity::Events => ("events", "max-events"),
                };
                write!(f, "the sale has {count} {what}, the most that seckill.{config} allows")
            }
            Self::Forked { seq, term } => {
                write!(f, "{seq} {term} take back the events of a higher seq, and those of a higher term")
            }
            Self::Diverged => f.write_str(
                "this copy diverged from its primary: replace the key by a good copy to decide again",
            ),
        }
    }
}

impl core::error::Error for Error {}
