//! The commands, with their arguments.

use crate::error::Error;
use crate::wire::Name;

/// The rules of a sale. Zero stands for "none" in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Units that one buyer may have held and sold at once.
    pub limit: u64,
    /// How long an order is held for confirmation, in ms.
    pub hold: u64,
    /// The instant at which the sale opens, in unix ms.
    pub opens: u64,
    /// The instant from which on the sale is closed, in unix ms.
    pub closes: u64,
}

impl Rules {
    /// The same rules when their window is one, else [`Error::Window`].
    pub fn checked(self) -> Result<Self, Error> {
        if self.closes != 0 && self.closes <= self.opens { Err(Error::Window) } else { Ok(self) }
    }
}

/// The rules that ALTER changes; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Alteration {
    /// As in [`Rules`].
    pub limit: Option<u64>,
    /// As in [`Rules`].
    pub hold: Option<u64>,
    /// As in [`Rules`].
    pub opens: Option<u64>,
    /// As in [`Rules`].
    pub closes: Option<u64>,
}

/// The lock that protects a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard<'a> {
    /// The key of the lock.
    pub key: &'a [u8],
    /// The token that must hold it.
    pub token: &'a [u8],
    /// Release it with the purchase.
    pub release: bool,
}

/// A purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buy<'a> {
    /// Who buys.
    pub buyer: &'a [u8],
    /// The id of the order, chosen by the caller.
    pub order: &'a [u8],
    /// Units.
    pub qty: u32,
    /// The lock that must be held.
    pub guard: Option<Guard<'a>>,
}

/// What a sale is asked to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Request<'a> {
    Create { stock: u64, rules: Rules },
    Alter(Alteration),
    Restock { delta: i64, id: Option<&'a [u8]> },
    Buy(Buy<'a>),
    Confirm { order: &'a [u8] },
    Extend { order: &'a [u8], hold: u64 },
    Cancel { order: &'a [u8], refund: bool },
}

/// What is read from a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Query<'a> {
    Order { order: &'a [u8] },
    Buyer { buyer: &'a [u8] },
    Events { after: u64, term: Option<u64>, count: u64, block: Option<u64> },
    Info,
    Audit,
}

/// A command with its arguments, checked one by one. `protocol.md` says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Command<'a> {
    Lock { key: &'a [u8], token: &'a [u8], ttl: u64, block: Option<u64> },
    Unlock { key: &'a [u8], token: &'a [u8] },
    Renew { key: &'a [u8], token: &'a [u8], ttl: u64 },
    Decide { sale: &'a [u8], request: Request<'a> },
    Read { sale: &'a [u8], query: Query<'a> },
    Apply { sale: &'a [u8], batch: &'a [u8] },
    Grant { key: &'a [u8], token: &'a [u8], until: u64, fence: u64 },
}

impl<'a> Command<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> Name {
        match self {
            Self::Lock { .. } => Name::Lock,
            Self::Unlock { .. } => Name::Unlock,
            Self::Renew { .. } => Name::Renew,
            Self::Decide { request, .. } => match request {
                Request::Create { .. } => Name::Create,
                Request::Alter(_) => Name::Alter,
                Request::Restock { .. } => Name::Restock,
                Request::Buy(_) => Name::Buy,
                Request::Confirm { .. } => Name::Confirm,
                Request::Extend { .. } => Name::Extend,
                Request::Cancel { .. } => Name::Cancel,
            },
            Self::Read { query, .. } => match query {
                Query::Order { .. } => Name::Order,
                Query::Buyer { .. } => Name::Buyer,
                Query::Events { .. } => Name::Events,
                Query::Info => Name::Info,
                Query::Audit => Name::Audit,
            },
            Self::Apply { .. } => Name::Apply,
            Self::Grant { .. } => Name::Grant,
        }
    }

    /// The key of the lock or the sale: the first argument of every command.
    #[must_use]
    pub const fn key(&self) -> &'a [u8] {
        match *self {
            Self::Lock { key, .. }
            | Self::Unlock { key, .. }
            | Self::Renew { key, .. }
            | Self::Grant { key, .. } => key,
            Self::Decide { sale, .. } | Self::Read { sale, .. } | Self::Apply { sale, .. } => sale,
        }
    }
}
