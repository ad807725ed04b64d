//! The commands, with their arguments.

use super::limits::MAX_INT;
use super::name::{Name, Token};
use super::number::{Fence, Millis, Seq, Term, UnixMs};
use super::purchase::{Buy, BuyAll};
use super::rules::{Alteration, Rules};
use super::words::CommandName;

/// A change that a sale is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Request<'a> {
    Create { stock: u64, rules: Rules },
    Alter(Alteration),
    Restock { delta: i64, id: Option<Name<'a>> },
    Buy(Buy<'a>),
    Confirm { order: Name<'a> },
    Extend { order: Name<'a>, hold: Millis },
    Cancel { order: Name<'a>, refund: bool },
}

/// A read of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Query<'a> {
    Order { order: Name<'a> },
    Buyer { buyer: Name<'a> },
    Events { after: Seq, term: Option<Term>, count: u64, block: Option<Millis> },
    Info,
    Audit { force: bool },
}

/// A command with its arguments, each of which is checked. `module/README.md` says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the arguments of the protocol, under their names there")]
pub enum Command<'a> {
    Lock { key: &'a [u8], token: Token<'a>, ttl: Millis, block: Option<Millis> },
    Unlock { key: &'a [u8], token: Token<'a> },
    Renew { key: &'a [u8], token: Token<'a>, ttl: Millis },
    Waiters { key: &'a [u8] },
    Decide { sale: &'a [u8], request: Request<'a> },
    BuyAll(BuyAll<'a>),
    Read { sale: &'a [u8], query: Query<'a> },
    Apply { sale: &'a [u8], batch: &'a [u8] },
    Grant { key: &'a [u8], token: Token<'a>, until: UnixMs, fence: Fence },
    Fence { fence: Fence },
}

impl Request<'_> {
    /// Whether its numbers are within their limits, as those of every request that was parsed.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        match *self {
            Self::Create { stock, rules } => stock <= MAX_INT && rules.is_within_limits(),
            Self::Alter(alteration) => Rules::default().with(alteration).is_within_limits(),
            Self::Restock { delta, id } => (delta != 0 || id.is_some()) && delta.unsigned_abs() <= MAX_INT,
            Self::Buy(Buy { qty, .. }) => qty > 0,
            Self::Extend { hold, .. } => (1..=MAX_INT).contains(&hold.0),
            Self::Confirm { .. } | Self::Cancel { .. } => true,
        }
    }
}

impl<'a> Command<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> CommandName {
        match self {
            Self::Lock { .. } => CommandName::Lock,
            Self::Unlock { .. } => CommandName::Unlock,
            Self::Renew { .. } => CommandName::Renew,
            Self::Waiters { .. } => CommandName::Waiters,
            Self::Decide { request, .. } => match request {
                Request::Create { .. } => CommandName::Create,
                Request::Alter(_) => CommandName::Alter,
                Request::Restock { .. } => CommandName::Restock,
                Request::Buy(_) => CommandName::Buy,
                Request::Confirm { .. } => CommandName::Confirm,
                Request::Extend { .. } => CommandName::Extend,
                Request::Cancel { .. } => CommandName::Cancel,
            },
            Self::BuyAll(_) => CommandName::BuyAll,
            Self::Read { query, .. } => match query {
                Query::Order { .. } => CommandName::Order,
                Query::Buyer { .. } => CommandName::Buyer,
                Query::Events { .. } => CommandName::Events,
                Query::Info => CommandName::Info,
                Query::Audit { .. } => CommandName::Audit,
            },
            Self::Apply { .. } => CommandName::Apply,
            Self::Grant { .. } => CommandName::Grant,
            Self::Fence { .. } => CommandName::Fence,
        }
    }

    /// The key of the lock or the sale, which is the first argument. BUYALL has several, and FENCE has none.
    #[must_use]
    pub const fn key(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Lock { key, .. }
            | Self::Unlock { key, .. }
            | Self::Renew { key, .. }
            | Self::Waiters { key }
            | Self::Grant { key, .. } => Some(key),
            Self::Decide { sale, .. } | Self::Read { sale, .. } | Self::Apply { sale, .. } => Some(sale),
            Self::BuyAll(_) | Self::Fence { .. } => None,
        }
    }
}
