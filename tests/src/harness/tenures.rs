//! Who held a lock when, by what its clients know.

use std::collections::BTreeMap;

use super::conditions::now_us;

/// A grant of which a client was told.
#[derive(Debug, Clone)]
pub(crate) struct Tenure {
    pub(crate) lock: String,
    pub(crate) token: String,
    pub(crate) fence: u64,
    /// Until when the client relies on the lock, in unix µs.
    end: u64,
}

impl Tenure {
    /// A grant with a lease of so many ms. Its fence is also its time, in µs.
    pub(crate) fn new(lock: &str, token: &str, fence: u64, lease: u64) -> Self {
        Self { lock: lock.to_owned(), token: token.to_owned(), fence, end: fence + 1_000 * lease }
    }

    /// The client is about to release the lock.
    pub(crate) fn end_now(&mut self) {
        self.end = self.end.min(now_us());
    }
}

/// At no time two clients were told that they hold the same lock. All servers have the clock of this machine.
pub(crate) fn must_not_overlap(tenures: &[Tenure]) {
    let mut locks = BTreeMap::<_, Vec<_>>::new();
    for tenure in tenures {
        locks.entry(&tenure.lock).or_default().push(tenure);
    }
    for tenures in locks.values_mut() {
        tenures.sort_by_key(|tenure| tenure.fence);
        for pair in tenures.windows(2) {
            // An instant is known to a ms.
            assert!(
                pair[0].fence < pair[1].fence && pair[0].end / 1_000 <= pair[1].fence / 1_000,
                "{pair:?}"
            );
        }
    }
}
