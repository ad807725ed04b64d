//! The line of one lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::call::CallId;
use crate::lock::Lock;
use crate::protocol::{Fence, Millis, Token, UnixMs};

/// A caller that waits for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    token: Arc<[u8]>,
    /// The lease that it asks for, which begins when the lock is granted.
    pub ttl: Millis,
    /// When it joined the line.
    pub since: UnixMs,
    /// When it stops waiting; `None` for no limit.
    pub until: Option<UnixMs>,
}

impl Waiter {
    /// A waiter that joins now.
    #[must_use]
    pub fn new(token: Token<'_>, ttl: Millis, since: UnixMs, until: Option<UnixMs>) -> Self {
        Self { token: token.bytes().into(), ttl, since, until }
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }
}

/// The callers that wait for one lock, first come, first served.
///
/// A token may wait by several calls, for it may ask again when a connection was lost.
#[derive(Debug, Default)]
pub struct Line {
    waiters: BTreeMap<CallId, Waiter>,
    /// The calls of each token, the first one first.
    calls: BTreeMap<Arc<[u8]>, Vec<CallId>>,
    /// The last grant since there is a line: its token and its fence.
    granted: Option<(Arc<[u8]>, Fence)>,
}

impl Line {
    pub(super) fn join(&mut self, id: CallId, waiter: Waiter) {
        debug_assert!(self.waiters.last_key_value().is_none_or(|(last, _)| *last < id), "a call joins last");
        self.calls.entry(waiter.token.clone()).or_default().push(id);
        self.waiters.insert(id, waiter);
    }

    pub(super) fn leave(&mut self, id: CallId) -> Option<Waiter> {
        let waiter = self.waiters.remove(&id)?;
        if let Some(calls) = self.calls.get_mut(&waiter.token) {
            calls.retain(|call| *call != id);
            if calls.is_empty() {
                self.calls.remove(&waiter.token);
            }
        }
        Some(waiter)
    }

    /// All calls of a token leave the line.
    pub(super) fn dismiss(&mut self, token: &[u8]) -> Vec<CallId> {
        let calls = self.calls.remove(token).unwrap_or_default();
        for id in &calls {
            self.waiters.remove(id);
        }
        calls
    }

    pub(super) fn granted(&mut self, token: &[u8], fence: Fence) {
        self.granted = Some((token.into(), fence));
    }

    /// Who is to get the lock as it is now: the first in line when it is free, and whoever waits with the token
    /// that holds it.
    #[must_use]
    pub fn next(&self, lock: Lock<'_>) -> Option<(CallId, &Waiter)> {
        let id = match lock {
            Lock::Free => return self.waiters.first_key_value().map(|(id, waiter)| (*id, waiter)),
            Lock::Held(token) => *self.calls.get(token)?.first()?,
        };
        Some((id, self.waiters.get(&id)?))
    }

    /// The calls by which a token waits.
    #[must_use]
    pub fn calls(&self, token: &[u8]) -> &[CallId] {
        self.calls.get(token).map_or(&[], Vec::as_slice)
    }

    /// The waiters, the first in line first.
    pub fn waiters(&self) -> impl Iterator<Item = &Waiter> {
        self.waiters.values()
    }

    /// The fence of the grant to the token that holds the lock; `None` when that was before there was a line, or
    /// was no grant.
    #[must_use]
    pub fn fence_of(&self, holder: &[u8]) -> Option<Fence> {
        let (token, fence) = self.granted.as_ref()?;
        (**token == *holder).then_some(*fence)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }
}
