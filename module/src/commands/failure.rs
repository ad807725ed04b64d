//! Why a command failed: an error that the core found, or one that only the server can see.

use std::fmt;

use seckill_core::protocol::{AUDIT_ORDERS, Code, Error, Keyword};
use seckill_core::{ApplyError, AuditError};

/// Its text is the error reply.
pub(crate) enum Failure {
    /// An error that the core found.
    Core(Error),
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
    /// BLOCK is not implemented yet.
    NoBlocking,
    /// AUDIT in MULTI or in a script.
    Nested,
    /// AUDIT, on a primary, of a sale of so many orders.
    LongAudit(u32),
    /// An internal command from a client.
    NotFromPrimary,
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
            Self::Apply(error) => return write!(f, "{} {error}", Code::Corrupt),
            Self::Audit(error) => return write!(f, "{} {error}", Code::Corrupt),
            Self::LongAudit(orders) => {
                return write!(
                    f,
                    "{} AUDIT of {orders} orders would block this primary: ask a replica, or give {}, which is \
                     needed above {AUDIT_ORDERS}",
                    Code::Err,
                    Keyword::Force
                );
            }
            Self::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Self::ReadOnly => "READONLY You can't write against a read only replica.",
            Self::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Self::NoBlocking => "ERR BLOCK is not supported yet",
            Self::Nested => "ERR AUDIT takes long: it is not allowed in MULTI and scripts",
            Self::NotFromPrimary => {
                "ERR only a primary sends this; for migration tools there is seckill.apply-from-clients"
            }
        })
    }
}
