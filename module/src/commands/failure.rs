//! Why a command failed: a mistake that the core found, or one that only the server can see.

use seckill_core::error::Error;
use std::fmt;

/// Its text is what the caller reads.
pub(crate) enum Failure {
    /// Found by the core.
    Mistake(Error),
    /// The key holds another type.
    WrongType,
    /// This server follows another.
    ReadOnly,
    /// The memory that the server may use is used up.
    OutOfMemory,
    /// Nobody can wait yet.
    NoBlocking,
    /// AUDIT as a step of MULTI or of a script.
    Nested,
    /// What only a primary sends.
    NotFromPrimary,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Mistake(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mistake(error) => return error.fmt(f),
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
