//! Who asks for which lock.

use std::borrow::Cow;
use std::time::Duration;

use redis::Cmd;
use seckill_core::protocol::{Command, Token};
use tokio::time::Instant;
use uuid::Uuid;

use crate::encode::encode;
use crate::options::millis;

/// By how much the clocks of a server and of this process may differ over a lease, beside a hundredth of it.
const DRIFT: Duration = Duration::from_millis(2);

/// An attempt to hold a lock, and what it asks of a server.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) key: Vec<u8>,
    token: String,
    pub(crate) lease: Duration,
}

impl Claim {
    /// A claim with a token of its own: a token that two callers shared would let both in.
    pub(crate) fn new(key: Vec<u8>, lease: Duration) -> Self {
        Self { key, token: Uuid::new_v4().to_string(), lease }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The key, to be shown.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }

    /// Until when the lock is held for certain, after a request that was sent then and granted the lease.
    pub(crate) fn end(&self, sent: Instant) -> Instant {
        sent + self.lease.saturating_sub(self.lease / 100 + DRIFT)
    }

    /// Takes the lock; with a time, waits for it at most so long.
    pub(crate) fn lock(&self, block: Option<Duration>) -> Cmd {
        let (ttl, block) = (millis(self.lease), block.map(millis));
        encode(Command::Lock { key: &self.key, token: self.checked(), ttl, block })
    }

    /// Gives the lock a new lease.
    pub(crate) fn renew(&self) -> Cmd {
        encode(Command::Renew { key: &self.key, token: self.checked(), ttl: millis(self.lease) })
    }

    /// Releases the lock, and leaves its line.
    pub(crate) fn unlock(&self) -> Cmd {
        encode(Command::Unlock { key: &self.key, token: self.checked() })
    }

    fn checked(&self) -> Token<'_> {
        Token::new(self.token.as_bytes()).expect("a UUID is short enough for a token")
    }
}
