//! The rules of locks.
//!
//! A lock is a string key: its value is the token of the owner, its expiry is the end of the lease. So what
//! the server has is all there is to know, and SET NX PX and a compare-and-delete script take and release the
//! same locks.

use crate::protocol::{Millis, Token, UnixMs};

/// A lock as the server has it now. A lease that has run out is a key that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lock<'a> {
    /// The key does not exist.
    Free,
    /// The key holds these bytes: the token of the owner. Any client may have written it.
    Held(&'a [u8]),
}

impl Lock<'_> {
    /// Whether this token holds the lock.
    #[inline]
    #[must_use]
    pub fn is_held_by(self, token: Token<'_>) -> bool {
        self == Lock::Held(token.bytes())
    }

    /// The end of the lease when the lock is granted to this token; `None` when another holds it.
    ///
    /// A token that holds the lock is granted it again, so that LOCK can be repeated when its reply was lost.
    #[inline]
    #[must_use]
    pub fn acquire(self, token: Token<'_>, ttl: Millis, now: UnixMs) -> Option<UnixMs> {
        (self == Lock::Free || self.is_held_by(token)).then(|| now.plus(ttl))
    }

    /// The end of the lease when this token renews it; `None` when it does not hold the lock, for a lease
    /// that has run out is never renewed.
    #[inline]
    #[must_use]
    pub fn renew(self, token: Token<'_>, ttl: Millis, now: UnixMs) -> Option<UnixMs> {
        self.is_held_by(token).then(|| now.plus(ttl))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMs = UnixMs(1_000);
    const TTL: Millis = Millis(50);

    fn token(bytes: &[u8]) -> Token<'_> {
        Token::new(bytes).unwrap()
    }

    #[test]
    fn a_free_lock_is_granted_to_anybody_and_renewed_by_nobody() {
        assert_eq!(Lock::Free.acquire(token(b"a"), TTL, NOW), Some(UnixMs(1_050)));
        assert_eq!(Lock::Free.renew(token(b"a"), TTL, NOW), None);
        assert!(!Lock::Free.is_held_by(token(b"a")));
    }

    #[test]
    fn a_lease_ends_at_the_last_instant_at_most() {
        assert_eq!(Lock::Free.acquire(token(b"a"), Millis(UnixMs::MAX.0), NOW), Some(UnixMs::MAX));
    }

    proptest! {
        /// Only the very bytes of the owner's token count: no prefix, no other case.
        #[test]
        fn a_held_lock_obeys_its_owner_alone(owner in "[ab]{1,3}", caller in "[ab]{1,3}") {
            let lock = Lock::Held(owner.as_bytes());
            let caller_holds = owner == caller;
            let granted = caller_holds.then_some(UnixMs(1_050));
            prop_assert_eq!(lock.is_held_by(token(caller.as_bytes())), caller_holds);
            prop_assert_eq!(lock.acquire(token(caller.as_bytes()), TTL, NOW), granted);
            prop_assert_eq!(lock.renew(token(caller.as_bytes()), TTL, NOW), granted);
        }
    }
}
