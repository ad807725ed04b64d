//! Callers that wait for the next event of a sale.

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, Range};

use super::call::CallId;
use crate::protocol::{Seq, Term};

/// What a reader asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The last event that it has.
    pub after: Seq,
    /// The term of that event, if it said so.
    pub term: Option<Term>,
    /// The most events to send.
    pub count: u64,
}

/// The readers that wait for one sale.
#[derive(Debug, Default)]
struct Audience {
    readers: BTreeMap<CallId, Reader>,
    /// The sale changed: those of these calls are still to be looked at. Calls that come later are not among them, so
    /// that readers who read on again and again keep nobody waiting.
    pass: Option<Range<CallId>>,
    /// It changed again since.
    changed_again: bool,
}

impl Audience {
    fn begin_pass(&mut self) {
        let end = self.readers.last_key_value().map_or(CallId(0), |(last, _)| last.next());
        self.pass = Some(CallId(0)..end);
    }

    /// The next one to look at.
    fn next(&mut self) -> Option<(CallId, Reader)> {
        let pass = self.pass.as_mut()?;
        let (&id, &reader) = self.readers.range(pass.clone()).next()?;
        pass.start = id.next();
        Some((id, reader))
    }
}

/// The readers that wait. `K` names a sale.
///
/// When a sale changes it is only marked. Its readers are looked at one by one, as the caller has time.
#[derive(Debug)]
pub struct Readers<K> {
    sales: BTreeMap<K, Audience>,
    /// The sale that each call waits for.
    waiting: BTreeMap<CallId, K>,
    /// Readers that were woken, and read now.
    woken: BTreeMap<CallId, (K, Reader)>,
    /// Sales with readers to look at: those with a pass.
    changed: VecDeque<K>,
    /// The last sale that was rechecked.
    rechecked: Option<K>,
}

impl<K: Ord + Clone> Readers<K> {
    /// No readers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sales: BTreeMap::new(),
            waiting: BTreeMap::new(),
            woken: BTreeMap::new(),
            changed: VecDeque::new(),
            rechecked: None,
        }
    }

    /// Adds a reader.
    pub fn join(&mut self, id: CallId, sale: K, reader: Reader) {
        let sale = self.sales.get_key_value(&sale).map_or(sale, |(known, _)| known.clone());
        self.sales.entry(sale.clone()).or_default().readers.insert(id, reader);
        self.waiting.insert(id, sale);
    }

    /// A sale changed. Whether its readers are to be looked at that were not before.
    pub fn changed<Q: Ord + ?Sized>(&mut self, sale: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let Some(audience) = self.sales.get_mut(sale) else { return false };
        if audience.pass.is_some() {
            audience.changed_again = true;
            return false;
        }
        audience.begin_pass();
        self.changed.extend(self.sales.get_key_value(sale).map(|(sale, _)| sale.clone()));
        true
    }

    /// These sales may have changed.
    pub fn all_changed(&mut self, is_meant: impl Fn(&K) -> bool) {
        let sales: Vec<_> = self.sales.keys().filter(|sale| is_meant(sale)).cloned().collect();
        for sale in sales {
            self.changed(&sale);
        }
    }

    /// So many sales may have changed: those that follow the ones of the call before, and after the last the first.
    pub fn recheck(&mut self, count: usize) {
        let (after, before) = match self.rechecked.take() {
            Some(last) => (Bound::Excluded(last.clone()), Bound::Included(last)),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let following = self.sales.range((after, Bound::Unbounded));
        let sales = following.chain(self.sales.range((Bound::Unbounded, before)));
        let sales: Vec<_> = sales.take(count.min(self.sales.len())).map(|(sale, _)| sale.clone()).collect();
        for sale in &sales {
            self.changed(sale);
        }
        self.rechecked = sales.last().cloned();
    }

    /// The next reader to look at: the sales take turns.
    pub fn next_to_look_at(&mut self) -> Option<(CallId, K, Reader)> {
        loop {
            let sale = self.changed.pop_front()?;
            let Some(audience) = self.sales.get_mut(&sale) else { continue };
            if let Some((id, reader)) = audience.next() {
                self.changed.push_back(sale.clone());
                return Some((id, sale, reader));
            }
            audience.pass = None;
            if audience.readers.is_empty() {
                self.sales.remove(&sale);
            } else if std::mem::take(&mut audience.changed_again) {
                audience.begin_pass();
                self.changed.push_back(sale);
            }
        }
    }

    /// A reader is to be answered what it asked for.
    pub fn wake(&mut self, id: CallId) {
        if let Some((sale, reader)) = self.leave(id) {
            self.woken.insert(id, (sale, reader));
        }
    }

    /// What a call that ends is to read, whether it was woken or its time is up.
    pub fn answer(&mut self, id: CallId) -> Option<(K, Reader)> {
        self.woken.remove(&id).or_else(|| self.leave(id))
    }

    /// The client of a call is gone.
    pub fn abandon(&mut self, id: CallId) {
        self.leave(id);
        self.woken.remove(&id);
    }

    fn leave(&mut self, id: CallId) -> Option<(K, Reader)> {
        let sale = self.waiting.remove(&id)?;
        let audience = self.sales.get_mut(&sale)?;
        let reader = audience.readers.remove(&id)?;
        // What is to be looked at is kept, so that it has one turn.
        if audience.readers.is_empty() && audience.pass.is_none() {
            self.sales.remove(&sale);
        }
        Some((sale, reader))
    }

    /// Whether there are readers to look at.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether a call is to read, for it was woken.
    #[must_use]
    pub fn is_woken(&self, id: CallId) -> bool {
        self.woken.contains_key(&id)
    }

    /// How many sales are waited for.
    #[must_use]
    pub fn sales(&self) -> usize {
        self.sales.len()
    }

    /// How many readers wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl<K: Ord + Clone> Default for Readers<K> {
    fn default() -> Self {
        Self::new()
    }
}
