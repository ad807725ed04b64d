//! Errors.

use redis::{ErrorKind, RedisError, ServerError};
use seckill_core::protocol::{self, Code, Seq, Term};

/// A result whose error is an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::{Code, Error};
///
/// match sale.confirm("order-1").await {
///     Ok(state) => println!("{state}"),
///     Err(Error::Server { code: Code::NoOrder, .. }) => println!("no such order"),
///     Err(error) if error.is_retryable() => println!("later: {error}"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused the command with one of the codes of the protocol.
    #[error("{code} {message}")]
    Server {
        /// The first word of the server's error.
        code: Code,
        /// The rest of it.
        message: String,
    },
    /// The last event that the reader stored is not in the history of this sale.
    ///
    /// The reader takes back what it stored of a higher `seq`, and what it stored of a higher `term`, and
    /// reads on from what is then its last event. It may get this error again, at most once for each term
    /// that it stored.
    #[error("{}", protocol::Error::Forked { seq: Seq(*seq), term: Term(*term) })]
    Forked {
        /// The last `seq` that both histories may share.
        seq: u64,
        /// The `term` of the event there in the sale's history.
        term: u64,
    },
    /// Anything else: the connection, a reply that cannot be read, an error of Redis itself.
    #[error(transparent)]
    Redis(RedisError),
}

impl Error {
    /// The code of the protocol, when the server gave one. An error of Redis itself, such as `WRONGTYPE`, has
    /// its code in [`RedisError::code`].
    ///
    /// ```no_run
    /// # fn example(error: seckill_client::Error) {
    /// if error.code() == Some(seckill_client::Code::NoSale) {
    ///     println!("no sale at this key");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Server { code, .. } => Some(*code),
            Self::Forked { .. } => Some(Code::Forked),
            Self::Redis(_) => None,
        }
    }

    /// Whether the same call may succeed later: the connection was lost or could not be made, or the server cannot
    /// serve it at the moment. It may also have been executed already, so send it with the same id.
    ///
    /// ```no_run
    /// # fn example(error: seckill_client::Error) {
    /// if error.is_retryable() {
    ///     println!("ask again, with the same order id");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Server { code, .. } => *code == Code::MaxWaiters,
            Self::Forked { .. } => false,
            Self::Redis(error) => {
                BROKEN_LINK.contains(&error.kind())
                    || error.code().is_some_and(|code| PASSING.contains(&code))
            }
        }
    }

    /// Whether it has a code of the module alone: anything on the way may say `ERR`.
    pub(crate) fn is_of_module(&self) -> bool {
        self.code().is_some_and(|code| code != Code::Err)
    }

    /// Whether the server may have executed the command although it did not reply.
    pub(crate) fn is_lost_reply(&self) -> bool {
        matches!(self, Self::Redis(error) if error.code().is_none() && error.kind() != ErrorKind::Client)
    }
}

/// No connection, or one that broke, perhaps in the middle of a reply.
const BROKEN_LINK: [ErrorKind; 5] = [
    ErrorKind::Io,
    ErrorKind::Parse,
    ErrorKind::ClusterConnectionNotFound,
    ErrorKind::MasterNameNotFoundBySentinel,
    ErrorKind::NoValidReplicasFoundBySentinel,
];

/// The codes of Redis for what passes: a server that loads, lost its primary or its quorum, was demoted, is busy with a
/// script, or lacks replicas; a slot that moves.
const PASSING: [&str; 10] = [
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "BUSY",
    "UNBLOCKED",
    "NOREPLICAS",
];

/// An error that is known before anything is sent. It is what the server would reply.
impl From<protocol::Error> for Error {
    fn from(error: protocol::Error) -> Self {
        let (code, text) = (error.code(), error.to_string());
        let message = text.strip_prefix(code.as_str()).unwrap_or(&text).trim_start().to_owned();
        Self::Server { code, message }
    }
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        let server = match ServerError::try_from(error) {
            Ok(server) => server,
            Err(other) => return Self::Redis(other),
        };
        let message = server.details().unwrap_or_default();
        match Code::from_word(server.code()) {
            Some(Code::Forked) => match leading_integers(message) {
                Some([seq, term]) => Self::Forked { seq, term },
                None => Self::Redis(server.into()),
            },
            Some(code) => Self::Server { code, message: message.to_owned() },
            None => Self::Redis(server.into()),
        }
    }
}

fn leading_integers(message: &str) -> Option<[u64; 2]> {
    let mut words = message.split(' ').map(|word| word.parse().ok());
    Some([words.next()??, words.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(line: &str) -> Error {
        let reply = redis::parse_redis_value(line.as_bytes()).and_then(redis::Value::extract_error);
        reply.expect_err("an error line").into()
    }

    #[test]
    fn codes_of_the_protocol_are_kept() {
        for &code in Code::ALL.iter().filter(|code| **code != Code::Forked) {
            let error = received(&format!("-{code} what is wrong\r\n"));
            assert_eq!(error, Error::Server { code, message: "what is wrong".into() });
            assert_eq!(error.code(), Some(code));
            assert_eq!(error.to_string(), format!("{code} what is wrong"));
        }
    }

    #[test]
    fn an_error_that_is_known_beforehand_is_that_of_the_server() {
        let error = Error::from(protocol::Error::Length("order"));
        assert_eq!(error, received("-ERR order must be 1 to 128 bytes\r\n"));
    }

    #[test]
    fn forked_carries_its_seq_and_term() {
        let error = received("-FORKED 41 7001 take back the events\r\n");
        assert_eq!(error, Error::Forked { seq: 41, term: 7001 });
        assert_eq!(error.code(), Some(Code::Forked));
    }

    #[test]
    fn errors_of_redis_stay_errors_of_redis() {
        for (line, code) in
            [("-WRONGTYPE not a sale\r\n", "WRONGTYPE"), ("-READONLY a replica\r\n", "READONLY")]
        {
            let error = received(line);
            assert_eq!(error.code(), None);
            assert!(matches!(error, Error::Redis(error) if error.code() == Some(code)));
        }
    }
}
