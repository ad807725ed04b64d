//! Mistakes, and what a caller is told of them.

use crate::wire::Code;

/// Why a command was not carried out. Its text begins with a [`Code`] and is what the caller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too few or too many arguments. Redis words this error itself.
    #[error("ERR wrong number of arguments")]
    Arity,
    /// A keyword that is unknown, repeated or without its value.
    #[error("ERR syntax error")]
    Syntax,
    /// A token, buyer, order or id that is empty or too long.
    #[error("ERR {0} must be 1 to 128 bytes")]
    Length(&'static str),
    /// Not an integer, or out of its range.
    #[error("ERR {name} must be an integer between {min} and {max}")]
    Integer {
        /// The argument.
        name: &'static str,
        /// The least value that is right.
        min: i64,
        /// The greatest value that is right.
        max: i64,
    },
    /// A window that ends before it begins.
    #[error("ERR CLOSES must be after OPENS")]
    Window,
    /// A restocking of nothing.
    #[error("ERR delta must not be 0")]
    NoDelta,
    /// More stock than an integer of every client language holds.
    #[error("ERR stock must be at most 9007199254740991 units in all")]
    TooMuchStock,
    /// There is no sale at the key.
    #[error("NOSALE no sale at this key")]
    NoSale,
    /// The sale has no order of that id.
    #[error("NOORDER no such order in this sale")]
    NoOrder,
    /// The order id is taken, by another buyer or for another quantity.
    #[error("MISMATCH the order exists with another buyer or quantity")]
    OtherOrder,
    /// The restocking id is taken, for another delta.
    #[error("MISMATCH the id exists with another delta")]
    OtherDelta,
    /// Less is available than RESTOCK would take away.
    #[error("NOSTOCK more would be taken than is available: {0}")]
    NoStock(u64),
    /// CREATE on a key that holds anything else.
    #[error("BUSYKEY the key holds another sale or another type")]
    BusyKey,
    /// As many orders, or restocking ids, as a sale may have.
    #[error("FULL the sale has {0} {1}, the most that seckill.max-orders allows")]
    Full(u32, &'static str),
    /// The event that a reader stored last is not in this sale's history.
    #[error("FORKED {seq} {term} take back the events of a higher seq, and those of a higher term")]
    Forked {
        /// The last seq that both histories may share.
        seq: u64,
        /// The term of the event there in this sale's history.
        term: u64,
    },
    /// This copy does not follow its primary, or its books are wrong.
    #[error("CORRUPT {0}")]
    Corrupt(&'static str),
}

impl Error {
    /// A sale that is marked diverged: reads go on, decisions do not.
    pub const DIVERGED: Self =
        Self::Corrupt("this copy diverged from its primary: replace the key by a good copy to decide again");

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
            Self::Full(..) => Code::Full,
            Self::Forked { .. } => Code::Forked,
            Self::Corrupt(_) => Code::Corrupt,
        }
    }
}
