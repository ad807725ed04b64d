//! The identity of a call that waits.

/// A call that waits. One that came later has a greater number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl CallId {
    /// The first that may come after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
