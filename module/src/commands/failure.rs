//! Why a command failed: an error that the core found, or one that only the server can see.

use std::fmt;

use seckill_core::protocol::{AUDIT_ORDERS, Code, Error, Keyword};
use seckill_core::{ApplyError, AuditError};

use crate::redis::Context;

/// Its text is the error reply.
pub(crate) enum Failure {
    /// An error that the core found.
    Core(Error),
    /// An error of one of the sales of BUYALL.
    InSale {
        /// Its place, from 0 on.
        place: usize,
        /// The number of sales.
        of: usize,
        error: Error,
    },
    /// Events that cannot be applied to this copy.
    Apply(ApplyError),
    /// AUDIT found an inconsistency.
    Audit(AuditError),
    /// The key holds another type.
    WrongType,
    /// This server is a replica.
    ReadOnly,
    /// `maxmemory` is reached.
    OutOfMemory,
    /// The server may evict the sale that is to be created.
    Eviction,
    /// So many callers wait already.
    TooManyWaiters(usize),
    /// AUDIT in MULTI or in a script.
    Nested,
    /// AUDIT, on a primary, of a sale of so many orders.
    LongAudit(u32),
    /// An internal command from a client.
    NotFromPrimary,
    /// A fence from a client that no clock gave out.
    FenceAhead,
}

impl Failure {
    pub(super) fn reply(&self, context: &Context) {
        context.reply_error(&self.to_string());
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core(error) => return error.fmt(f),
            Self::InSale { place, of, error } => {
                let text = error.to_string();
                let (code, text) = text.split_once(' ').unwrap_or((&text, ""));
                return write!(f, "{code} sale {} of {of}: {text}", place + 1);
            }
            Self::Apply(error) => return write!(f, "{} {error}", Code::Corrupt),
            Self::Audit(error) => return write!(f, "{} {error}", Code::Corrupt),
            Self::FenceAhead => {
                return write!(f, "{} a fence from a client must be at most a day ahead of this server's clock", Code::Err);
            }
            Self::LongAudit(orders) => {
                return write!(
                    f,
                    "{} AUDIT of {orders} orders would block this primary: ask a replica, or give {}, which is \
                     needed above {AUDIT_ORDERS}",
                    Code::Err,
                    Keyword::Force
                );
            }
            Self::TooManyWaiters(most) => {
                return write!(
                    f,
                    "{} no more than {most} callers may wait, as seckill.max-waiters says",
                    Code::MaxWaiters
                );
            }
            Self::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Self::ReadOnly => "READONLY You can't write against a read only replica.",
            Self::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Self::Eviction => {
                return write!(
                    f,
                    "{} maxmemory-policy lets the server evict sales, with all their orders: set it to noeviction, \
                     or seckill.allow-eviction to yes",
                    Code::Eviction
                );
            }
            Self::Nested => "ERR AUDIT takes long: it is not allowed in MULTI and scripts",
            Self::NotFromPrimary => {
                "ERR only a primary sends this; for migration tools there is seckill.apply-from-clients"
            }
        })
    }
}
