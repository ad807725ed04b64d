//! Every word that crosses the wire, once.
//!
//! The module, the client and the tests take command names, keywords, replies and error codes from here, so
//! that they cannot drift apart. Each word is also a C string, for that is what the server's API takes.

use core::ffi::CStr;

/// A C string from bytes with a NUL at their end. Called at compile time only, where a panic is a compile
/// error.
#[expect(clippy::panic, reason = "a compile error")]
const fn c_str(bytes: &'static [u8]) -> &'static CStr {
    match CStr::from_bytes_until_nul(bytes) {
        Ok(word) => word,
        Err(_) => panic!("no NUL at the end"),
    }
}

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

            /// The same word, ended by a NUL.
            #[must_use]
            pub const fn as_c_str(self) -> &'static CStr {
                match self {
                    $(Self::$variant => const { c_str(concat!($word, "\0").as_bytes()) },)+
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

            /// The variant of this word, in upper, lower or mixed case.
            #[must_use]
            pub fn from_any_case(word: &[u8]) -> Option<Self> {
                const LONGEST: usize = 16;
                const { assert!(true $(&& $word.len() <= LONGEST)+) };
                // All words are in upper case.
                let mut buffer = [0; LONGEST];
                let upper = buffer.get_mut(..word.len())?;
                upper.copy_from_slice(word);
                upper.make_ascii_uppercase();
                Self::ALL.iter().copied().find(|known| known.as_str().as_bytes() == upper)
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
    /// The name of a command.
    CommandName {
        /// Take a lock.
        Lock = "SECKILL.LOCK",
        /// Release a lock that the caller holds.
        Unlock = "SECKILL.UNLOCK",
        /// Set a new lease for a lock that the caller holds.
        Renew = "SECKILL.RENEW",
        /// Read the holder of a lock, and who waits for it.
        Waiters = "SECKILL.WAITERS",
        /// Create a sale.
        Create = "SECKILL.CREATE",
        /// Change the rules of a sale.
        Alter = "SECKILL.ALTER",
        /// Add or take away stock.
        Restock = "SECKILL.RESTOCK",
        /// Place an order.
        Buy = "SECKILL.BUY",
        /// Place an order in several sales: in all of them or in none.
        BuyAll = "SECKILL.BUYALL",
        /// Turn a held order into a sold one.
        Confirm = "SECKILL.CONFIRM",
        /// Give a held order a new deadline.
        Extend = "SECKILL.EXTEND",
        /// Cancel an order; its units are available again.
        Cancel = "SECKILL.CANCEL",
        /// Read an order.
        Order = "SECKILL.ORDER",
        /// Read the units and orders of a buyer.
        Buyer = "SECKILL.BUYER",
        /// Read the events of a sale.
        Events = "SECKILL.EVENTS",
        /// Read the figures of a sale.
        Info = "SECKILL.INFO",
        /// Recompute every figure of a sale.
        Audit = "SECKILL.AUDIT",
        /// Internal: apply events that a primary decided.
        Apply = "SECKILL.APPLY",
        /// Internal: apply a lock that a primary granted.
        Grant = "SECKILL.GRANT",
        /// Internal: observe a fence that was given out.
        Fence = "SECKILL.FENCE",
    }
}

/// Room for each command name and its NUL.
const NAME_ROOM: usize = 24;

/// The command names in lower case, in the order of [`CommandName::ALL`].
#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
static LOWER_CASE: [[u8; NAME_ROOM]; CommandName::ALL.len()] = {
    let mut names = [[0; NAME_ROOM]; CommandName::ALL.len()];
    let mut command = 0;
    while command < names.len() {
        let name = CommandName::ALL[command].as_str().as_bytes();
        assert!(name.len() < NAME_ROOM);
        let mut at = 0;
        while at < name.len() {
            names[command][at] = name[at].to_ascii_lowercase();
            at += 1;
        }
        command += 1;
    }
    names
};

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const LOWER_CASE_C: [&CStr; CommandName::ALL.len()] = {
    let mut names = [c""; CommandName::ALL.len()];
    let mut command = 0;
    while command < names.len() {
        names[command] = c_str(&LOWER_CASE[command]);
        command += 1;
    }
    names
};

/// The keyspace event of held orders that passed their deadline. All others are [`CommandName::lower_case`].
pub const EXPIRE_EVENT: &CStr = c"seckill.expire";

/// What BUYALL replies for a sale that would accept, while another one refuses.
pub const FREE: &CStr = c"FREE";

impl CommandName {
    /// The name in lower case: what COMMAND shows, and the keyspace event of what the command changes.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "every variant has its place in ALL")]
    pub const fn lower_case(self) -> &'static CStr {
        LOWER_CASE_C[self as usize]
    }
}

words! {
    /// The keywords that may follow the fixed arguments.
    Keyword {
        /// Orders that one buyer may place.
        Attempts = "ATTEMPTS",
        /// Wait for at most this many ms.
        Block = "BLOCK",
        /// The end of the window.
        Closes = "CLOSES",
        /// Reply at most this many events.
        Count = "COUNT",
        /// Do it even if it takes long.
        Force = "FORCE",
        /// How long an order is held, in ms.
        Hold = "HOLD",
        /// The id that makes a restock idempotent.
        Id = "ID",
        /// Units that one buyer may have held and sold.
        Limit = "LIMIT",
        /// The lock that protects a purchase.
        Lock = "LOCK",
        /// The start of the window.
        Opens = "OPENS",
        /// Units of an order.
        Qty = "QTY",
        /// Cancel the order even if it is sold.
        Refund = "REFUND",
        /// Release the lock with the purchase.
        Release = "RELEASE",
        /// Units for sale at creation.
        Stock = "STOCK",
        /// The term of the last event that a reader stored.
        Term = "TERM",
    }
}

words! {
    /// The state of an order.
    #[non_exhaustive]
    State {
        /// Its units are reserved until its deadline.
        Held = "HELD",
        /// Its units are sold.
        Sold = "SOLD",
        /// Cancelled; its units are available again.
        Cancelled = "CANCELLED",
        /// Not confirmed before its deadline; its units are available again.
        Expired = "EXPIRED",
    }
}

words! {
    /// Why a purchase was refused.
    #[non_exhaustive]
    Refusal {
        /// The given token does not hold the given lock.
        LockLost = "LOCKLOST",
        /// The sale has not opened yet.
        Upcoming = "UPCOMING",
        /// The window of the sale has ended.
        Closed = "CLOSED",
        /// The buyer has placed as many orders as the sale allows.
        Attempts = "ATTEMPTS",
        /// The buyer would have more units than the sale allows.
        Limit = "LIMIT",
        /// Nothing is available.
        SoldOut = "SOLDOUT",
        /// Less is available than the order asks for.
        Short = "SHORT",
    }
}

words! {
    /// The state of a sale.
    #[non_exhaustive]
    Phase {
        /// The window has not begun.
        Upcoming = "UPCOMING",
        /// Within its window, with units available.
        Open = "OPEN",
        /// Within its window, with nothing available.
        SoldOut = "SOLDOUT",
        /// The window has ended.
        Closed = "CLOSED",
    }
}

words! {
    /// The kind of an event in the reply of EVENTS.
    EventName {
        /// The sale was created.
        Created = "CREATED",
        /// Its rules changed.
        Altered = "ALTERED",
        /// Stock was added or taken away.
        Restocked = "RESTOCKED",
        /// An order is held, or its deadline changed.
        Held = "HELD",
        /// An order is sold.
        Sold = "SOLD",
        /// An order was cancelled.
        Cancelled = "CANCELLED",
        /// A held order passed its deadline.
        Expired = "EXPIRED",
    }
}

words! {
    /// The first word of every error.
    #[non_exhaustive]
    Code {
        /// The arguments are wrong.
        Err = "ERR",
        /// There is no sale at the key.
        NoSale = "NOSALE",
        /// The sale has no order of that id.
        NoOrder = "NOORDER",
        /// The id is in use, with other arguments.
        Mismatch = "MISMATCH",
        /// RESTOCK would take more than is available.
        NoStock = "NOSTOCK",
        /// The key to create a sale at is in use.
        BusyKey = "BUSYKEY",
        /// The server may evict sales.
        Eviction = "EVICTION",
        /// The sale has as many orders or events as the configs allow.
        Full = "FULL",
        /// `seckill.max-waiters` callers wait for locks.
        MaxWaiters = "MAXWAITERS",
        /// The reader's history is not that of this sale.
        Forked = "FORKED",
        /// The figures are inconsistent, or this copy diverged from its primary.
        Corrupt = "CORRUPT",
    }
}
