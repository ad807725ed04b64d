//! The lines of all locks.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::call::CallId;
use super::line::{Line, Waiter};
use crate::deadlines::{Deadlines, Ticket};
use crate::lock::Lock;
use crate::protocol::{Fence, Millis, UnixMs};

/// A lock that its owner got in the line. No client of the owner may know that yet.
#[derive(Debug)]
struct Handover {
    token: Arc<[u8]>,
    /// The calls that were granted it, whose answers are not on their way.
    calls: Vec<CallId>,
}

/// The lines of all locks. `K` names a lock.
///
/// ```text
///            ┌─ time is up, UNLOCK, the server unblocks it, the client is gone ─▶ left
/// join ─▶ in line
///            └─ granted ─▶ answered ─▶ delivered
///                  └───────────┴─ the client is gone ─▶ returned
/// ```
///
/// A lock is its owner's from the grant on. Until the answer is on its way the client may be gone. When that is so
/// for every call by which the owner got the lock, it is returned, and whoever serves the line takes it back.
///
/// Each line has an instant at which it is to be looked at: the end of the present lease, or earlier.
#[derive(Debug)]
pub struct Lines<K> {
    lines: BTreeMap<K, (Line, Ticket)>,
    /// The lock that each call waits for.
    locks: BTreeMap<CallId, K>,
    /// Calls whose answers are not on their way, each with the lock that it was granted.
    granted: BTreeMap<CallId, (K, Fence)>,
    handovers: BTreeMap<K, Handover>,
    /// Locks that no client of the owner knows to hold, each with the owner's token.
    returned: BTreeMap<K, Arc<[u8]>>,
    checks: Deadlines<K>,
}

impl<K: Ord + Clone> Lines<K> {
    /// No lines.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lines: BTreeMap::new(),
            locks: BTreeMap::new(),
            granted: BTreeMap::new(),
            handovers: BTreeMap::new(),
            returned: BTreeMap::new(),
            checks: Deadlines::new(),
        }
    }

    /// Adds a waiter at the end of the line of a lock, which is looked at in `check` if it is a new line.
    pub fn join(&mut self, id: CallId, lock: K, waiter: Waiter, check: UnixMs) {
        let lock = self.lines.get_key_value(&lock).map_or(lock, |(known, _)| known.clone());
        let (line, _) = self
            .lines
            .entry(lock.clone())
            .or_insert_with(|| (Line::default(), self.checks.push(check, lock.clone())));
        line.join(id, waiter);
        self.locks.insert(id, lock);
    }

    /// The line of a lock, if anybody waits for it.
    #[must_use]
    pub fn line<Q: Ord + ?Sized>(&self, lock: &Q) -> Option<&Line>
    where
        K: Borrow<Q>,
    {
        self.lines.get(lock).map(|(line, _)| line)
    }

    /// Who is to get a lock as it is now.
    #[must_use]
    pub fn next<Q: Ord + ?Sized>(&self, lock: &Q, state: Lock<'_>) -> Option<(CallId, &Waiter)>
    where
        K: Borrow<Q>,
    {
        self.line(lock)?.next(state)
    }

    /// Grants the lock, which was free or its token's already, to a waiter, which leaves the line.
    pub fn grant(&mut self, id: CallId, was_free: bool, fence: Fence) -> Option<Waiter> {
        let lock = self.locks.get(&id)?.clone();
        let waiter = self.leave(id)?;
        self.note_grant(&lock, waiter.token(), fence);
        // Another client may have set the key meanwhile: what is known of an earlier owner says nothing of this one.
        let was_returned = self.returned.remove(&lock).is_some_and(|token| *token == *waiter.token());
        if was_free || was_returned {
            self.handovers.insert(lock.clone(), Handover { token: waiter.token().into(), calls: vec![id] });
        } else if let Some(handover) = self.handovers.get_mut(&lock)
            && *handover.token == *waiter.token()
        {
            handover.calls.push(id);
        }
        self.granted.insert(id, (lock, fence));
        Some(waiter)
    }

    /// What a call that ends is to be answered: the fence when it was granted the lock. Otherwise it leaves the
    /// line, and gets nothing.
    pub fn answer(&mut self, id: CallId) -> Option<Fence> {
        if let Some((_, fence)) = self.granted.get(&id) {
            return Some(*fence);
        }
        self.leave(id);
        None
    }

    /// The answer is on its way.
    pub fn delivered(&mut self, id: CallId) {
        if let Some((lock, _)) = self.granted.remove(&id)
            && let Entry::Occupied(handover) = self.handovers.entry(lock)
            && handover.get().calls.contains(&id)
        {
            handover.remove();
        }
    }

    /// The client of a call is gone. It leaves the line; or it was granted the lock, which is returned unless the
    /// owner may know of it by another call: then the result is `true`.
    pub fn abandon(&mut self, id: CallId) -> bool {
        self.leave(id);
        let Some((lock, _)) = self.granted.remove(&id) else { return false };
        let Entry::Occupied(mut handover) = self.handovers.entry(lock) else { return false };
        handover.get_mut().calls.retain(|call| *call != id);
        let is_returned = handover.get().calls.is_empty();
        if is_returned {
            let (lock, Handover { token, .. }) = handover.remove_entry();
            self.returned.insert(lock, token);
        }
        is_returned
    }

    /// Whether a call was granted the lock, and the answer is not on its way.
    #[must_use]
    pub fn is_granted(&self, id: CallId) -> bool {
        self.granted.contains_key(&id)
    }

    /// The owner of a lock knows that it holds it, by a call that did not wait. So it is not taken back.
    pub fn owner_knows<Q: Ord + ?Sized>(&mut self, lock: &Q)
    where
        K: Borrow<Q>,
    {
        self.handovers.remove(lock);
        self.returned.remove(lock);
    }

    /// A token was granted a lock. If it has a line, that shows the fence.
    pub fn note_grant<Q: Ord + ?Sized>(&mut self, lock: &Q, token: &[u8], fence: Fence)
    where
        K: Borrow<Q>,
    {
        if let Some((line, _)) = self.lines.get_mut(lock) {
            line.granted(token, fence);
        }
    }

    /// Takes a token out of the line of a lock. The calls by which it waited are to be unblocked.
    pub fn dismiss<Q: Ord + ?Sized>(&mut self, lock: &Q, token: &[u8]) -> Vec<CallId>
    where
        K: Borrow<Q>,
    {
        let Some((line, _)) = self.lines.get_mut(lock) else { return Vec::new() };
        let calls = line.dismiss(token);
        for id in &calls {
            self.locks.remove(id);
        }
        self.remove_if_empty(lock);
        calls
    }

    /// The locks that were returned since the last call. Each is to be released if this token holds it still.
    pub fn take_returned(&mut self) -> BTreeMap<K, Arc<[u8]>> {
        std::mem::take(&mut self.returned)
    }

    fn leave(&mut self, id: CallId) -> Option<Waiter> {
        let lock = self.locks.remove(&id)?;
        let (line, _) = self.lines.get_mut(&lock)?;
        let waiter = line.leave(id);
        self.remove_if_empty(&lock);
        waiter
    }

    fn remove_if_empty<Q: Ord + ?Sized>(&mut self, lock: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some((line, ticket)) = self.lines.get(lock)
            && line.is_empty()
        {
            self.checks.cancel(*ticket);
            self.lines.remove(lock);
        }
    }

    /// The line of a lock, if there is one, is to be looked at in `check`. Whether there is one.
    pub fn check_at<Q: Ord + ?Sized>(&mut self, lock: &Q, check: UnixMs) -> bool
    where
        K: Borrow<Q>,
    {
        let Some((_, ticket)) = self.lines.get_mut(lock) else { return false };
        if let Some(lock) = self.checks.cancel(*ticket) {
            *ticket = self.checks.push(check, lock);
        }
        true
    }

    /// The lines of these locks are to be looked at in `check`.
    pub fn check_all_at(&mut self, check: UnixMs, is_meant: impl Fn(&K) -> bool) {
        let locks: Vec<_> = self.lines.keys().filter(|lock| is_meant(lock)).cloned().collect();
        for lock in locks {
            self.check_at(&lock, check);
        }
    }

    /// When a line is to be looked at, the first of them.
    #[must_use]
    pub fn next_check(&self) -> Option<UnixMs> {
        self.checks.next_due()
    }

    /// A lock whose line is to be looked at now. If nobody names an earlier instant, it is looked at again after
    /// `recheck`.
    pub fn pop_check(&mut self, now: UnixMs, recheck: Millis) -> Option<K> {
        let lock = self.checks.pop_due(now)?;
        let (_, ticket) = self.lines.get_mut(&lock)?;
        *ticket = self.checks.push(now.plus(recheck), lock.clone());
        Some(lock)
    }

    /// How many callers wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locks.len()
    }

    /// Whether nobody waits, no grant is under way, and none is returned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty()
            && self.granted.is_empty()
            && self.handovers.is_empty()
            && self.returned.is_empty()
    }
}

impl<K: Ord + Clone> Default for Lines<K> {
    fn default() -> Self {
        Self::new()
    }
}
