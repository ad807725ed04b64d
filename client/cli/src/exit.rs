//! How a command ends, and the exit code for that.

use std::process::ExitCode;

use seckill_client::{Code, Error};

use crate::advice;

/// What a command that could be carried out came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done: 0.
    Done,
    /// The rules of the sale or of the lock refused it, which stdout says: 1.
    Refused,
    /// What another program ended with.
    Code(u8),
}

/// Why a command could not be carried out. It says on stderr why, and what to do next.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refused the command, for what it is about does not exist or is in another state: 1.
    #[error("{0}")]
    Refused(String),
    /// The arguments are wrong: 2.
    #[error("{0}")]
    Usage(String),
    /// A server cannot be reached, or cannot do it; or this machine cannot: 3.
    #[error("{0}")]
    Server(String),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Refused => Self::from(1),
            Exit::Code(code) => Self::from(code),
        }
    }
}

impl From<&Failure> for ExitCode {
    fn from(failure: &Failure) -> Self {
        Self::from(match failure {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Server(_) => 3,
        })
    }
}

impl Failure {
    /// Something on this machine failed.
    pub(crate) fn server(error: impl std::fmt::Display) -> Self {
        Self::Server(error.to_string())
    }

    /// The same, with the name of what failed.
    pub(crate) fn of(self, name: impl std::fmt::Display) -> Self {
        match self {
            Self::Refused(text) => Self::Refused(format!("{name}: {text}")),
            Self::Usage(text) => Self::Usage(format!("{name}: {text}")),
            Self::Server(text) => Self::Server(format!("{name}: {text}")),
        }
    }

    /// A server did not do all of it, or nobody knows whether it did: with what to do then.
    pub(crate) fn advising(self, advice: impl std::fmt::Display) -> Self {
        match self {
            Self::Server(text) => Self::Server(format!("{text}\n{advice}")),
            refused => refused,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = advice::with_advice(&error);
        match error.code() {
            _ if advice::lacks_module(&error) => Self::Server(text),
            Some(Code::Err) => Self::Usage(text),
            Some(Code::Eviction | Code::MaxWaiters) => Self::Server(text),
            Some(_) => Self::Refused(text),
            None if is_wrong_type(&error) => Self::Refused(text),
            None => Self::Server(text),
        }
    }
}

/// Whether there is something else at the key.
fn is_wrong_type(error: &Error) -> bool {
    matches!(error, Error::Redis(error) if error.code() == Some("WRONGTYPE"))
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        Error::from(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::server(error)
    }
}
