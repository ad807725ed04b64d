//! Every name that crosses the wire, once.
//!
//! The module, the client and the tests take their command names, keywords, words, error codes and field
//! names from here, so that they cannot drift apart.

/// Defines an enum whose variants are words on the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word as it crosses the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant of this very word; `None` for any other.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The variant of this word, written in capitals, small letters or both.
            #[must_use]
            pub fn in_any_case(word: &[u8]) -> Option<Self> {
                const LONGEST: usize = 16;
                const { assert!(true $(&& $word.len() <= LONGEST)+) };
                // All words are in capitals.
                let mut buffer = [0; LONGEST];
                let capitals = buffer.get_mut(..word.len())?;
                capitals.copy_from_slice(word);
                capitals.make_ascii_uppercase();
                Self::ALL.iter().copied().find(|known| known.as_str().as_bytes() == capitals)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The commands.
    Name {
        /// Take a lock.
        Lock = "SECKILL.LOCK",
        /// Release a lock that one owns.
        Unlock = "SECKILL.UNLOCK",
        /// Prolong a lock that one owns.
        Renew = "SECKILL.RENEW",
        /// Open a sale.
        Create = "SECKILL.CREATE",
        /// Change the rules of a sale.
        Alter = "SECKILL.ALTER",
        /// Add or take away stock.
        Restock = "SECKILL.RESTOCK",
        /// Place an order.
        Buy = "SECKILL.BUY",
        /// Turn a held order into a sold one.
        Confirm = "SECKILL.CONFIRM",
        /// Give a held order a new deadline.
        Extend = "SECKILL.EXTEND",
        /// Give an order back.
        Cancel = "SECKILL.CANCEL",
        /// Read an order.
        Order = "SECKILL.ORDER",
        /// Read what a buyer has.
        Buyer = "SECKILL.BUYER",
        /// Read the events of a sale.
        Events = "SECKILL.EVENTS",
        /// Read the figures of a sale.
        Info = "SECKILL.INFO",
        /// Check the books of a sale.
        Audit = "SECKILL.AUDIT",
        /// Internal: decided events, from a primary.
        Apply = "SECKILL.APPLY",
        /// Internal: a lock taken, from a primary.
        Grant = "SECKILL.GRANT",
    }
}

words! {
    /// The keywords that may follow the fixed arguments.
    Keyword {
        /// Wait, at most so many ms.
        Block = "BLOCK",
        /// The end of the window.
        Closes = "CLOSES",
        /// At most so many events.
        Count = "COUNT",
        /// How long an order is held.
        Hold = "HOLD",
        /// The id of a restocking.
        Id = "ID",
        /// Units a buyer may have.
        Limit = "LIMIT",
        /// The lock that protects a purchase.
        Lock = "LOCK",
        /// The begin of the window.
        Opens = "OPENS",
        /// Units of an order.
        Qty = "QTY",
        /// Cancel a sold order, too.
        Refund = "REFUND",
        /// Release the lock with the purchase.
        Release = "RELEASE",
        /// Units for sale at first.
        Stock = "STOCK",
        /// The term of the last event that a reader stored.
        Term = "TERM",
    }
}

words! {
    /// The state of an order.
    State {
        /// Taken from the stock until its deadline, to be confirmed.
        Held = "HELD",
        /// Taken from the stock for good.
        Sold = "SOLD",
        /// Given back.
        Cancelled = "CANCELLED",
        /// Held once, and not confirmed in time.
        Expired = "EXPIRED",
    }
}

words! {
    /// Why a purchase was refused.
    Refusal {
        /// The lock that was named is not held by the token that was named.
        LockLost = "LOCKLOST",
        /// The sale has not opened yet.
        Upcoming = "UPCOMING",
        /// The sale is over.
        Closed = "CLOSED",
        /// The buyer would have more units than the sale allows.
        Limit = "LIMIT",
        /// Nothing is available.
        SoldOut = "SOLDOUT",
        /// Something is available, but less than was asked for.
        Short = "SHORT",
    }
}

words! {
    /// The state of a sale.
    Phase {
        /// Before its window.
        Upcoming = "UPCOMING",
        /// Within its window, with units available.
        Open = "OPEN",
        /// Within its window, with nothing available.
        SoldOut = "SOLDOUT",
        /// After its window.
        Closed = "CLOSED",
    }
}

words! {
    /// What an event of the feed tells.
    EventName {
        /// The sale began.
        Created = "CREATED",
        /// Its rules changed.
        Altered = "ALTERED",
        /// Stock was added or taken away.
        Restocked = "RESTOCKED",
        /// An order is held, or held longer.
        Held = "HELD",
        /// An order is sold.
        Sold = "SOLD",
        /// An order was given back.
        Cancelled = "CANCELLED",
        /// A hold ran out.
        Expired = "EXPIRED",
    }
}

words! {
    /// The first word of every error.
    Code {
        /// A mistake in the arguments.
        Err = "ERR",
        /// There is no sale at the key.
        NoSale = "NOSALE",
        /// The sale has no such order.
        NoOrder = "NOORDER",
        /// The id exists with other particulars.
        Mismatch = "MISMATCH",
        /// More would be taken than is available.
        NoStock = "NOSTOCK",
        /// The key of a new sale holds something else.
        BusyKey = "BUSYKEY",
        /// The sale has as many orders as it may.
        Full = "FULL",
        /// As many callers wait for locks as may.
        MaxWaiters = "MAXWAITERS",
        /// The reader's history is not the sale's.
        Forked = "FORKED",
        /// The books are wrong, or this copy does not follow its primary.
        Corrupt = "CORRUPT",
    }
}

/// Names of fields in replies that are maps.
pub mod field {
    #![allow(missing_docs)]
    pub const AT: &str = "at";
    pub const AVAILABLE: &str = "available";
    pub const BUYER: &str = "buyer";
    pub const BUYERS: &str = "buyers";
    pub const CLOSES: &str = "closes";
    pub const CREATED: &str = "created";
    pub const DEADLINE: &str = "deadline";
    pub const DIVERGED: &str = "diverged";
    pub const EVENT: &str = "event";
    pub const HELD: &str = "held";
    pub const HOLD: &str = "hold";
    pub const ID: &str = "id";
    pub const LIMIT: &str = "limit";
    pub const OPENS: &str = "opens";
    pub const ORDER: &str = "order";
    pub const ORDERS: &str = "orders";
    pub const QTY: &str = "qty";
    pub const SEQ: &str = "seq";
    pub const SOLD: &str = "sold";
    pub const STATE: &str = "state";
    pub const TERM: &str = "term";
}

/// The longest token, buyer, order and restocking id, in bytes.
pub const MAX_NAME: usize = 128;
/// The largest integer that every client language holds: 2^53 - 1.
pub const MAX_INT: u64 = (1 << 53) - 1;
/// The largest quantity of an order and the largest limit: 2^32 - 1.
pub const MAX_QTY: u64 = u32::MAX as u64;
/// Events that EVENTS replies when COUNT is not given.
pub const EVENTS_DEFAULT: u64 = 100;
/// The largest COUNT of EVENTS.
pub const EVENTS_MAX: u64 = 10_000;
/// Order ids that BUYER replies at most.
pub const BUYER_ORDERS: usize = 100;
/// Due holds that a BUY expires at most before it is judged.
pub const BUY_SWEEP: usize = 32;
/// The largest value of the config `seckill.max-orders`: what the 32-bit addresses of the core reach.
pub const MAX_ORDERS: u32 = 30_000_000;
