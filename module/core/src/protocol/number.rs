//! A type for each kind of number, so that the compiler notices when two are swapped.

use core::fmt;

use super::limits::MAX_INT;

/// Defines a number of a kind.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl From<$inner> for $name {
            fn from(number: $inner) -> Self {
                Self(number)
            }
        }

        impl From<$name> for $inner {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// Defines the number of a record in its directory: 0, 1, 2 …
macro_rules! record_number {
    ($(#[$doc:meta])* $name:ident) => {
        number! { $(#[$doc])* $name(u32) }
    };
}

number! {
    /// A length of time, in ms.
    Millis(u64)
}

number! {
    /// An instant, in unix ms.
    UnixMs(u64)
}

number! {
    /// An instant, in unix µs.
    UnixMicros(u64)
}

number! {
    /// The place of an event in the history of its sale: 1, 2, 3 … Zero comes before the first.
    Seq(u64)
}

number! {
    /// A run of events that one primary decided without interruption. Terms of a sale rise; zero comes before
    /// the first.
    Term(u64)
}

number! {
    /// The leadership epoch of a server. It changes when the module is loaded and with every change of role:
    /// the low 16 bits are a random mark, and the bits above count. Zero stands for "decided
    /// elsewhere".
    Epoch(u64)
}

number! {
    /// The number of a grant of a lock. It rises over all grants of a server.
    Fence(u64)
}

record_number! {
    /// The number of an order within its sale.
    OrderNumber
}

record_number! {
    /// The number of a buyer within a sale.
    BuyerNumber
}

record_number! {
    /// The number of a restock that has an id, within its sale.
    RestockNumber
}

impl UnixMs {
    /// The last instant that there is.
    pub const MAX: Self = Self(MAX_INT);

    /// This instant and `time`; [`UnixMs::MAX`] if that would lie beyond.
    #[inline]
    #[must_use]
    pub fn plus(self, time: Millis) -> Self {
        Self(self.0.saturating_add(time.0)).min(Self::MAX)
    }
}

impl UnixMicros {
    /// The same instant in ms, rounded down.
    #[inline]
    #[must_use]
    pub const fn to_ms(self) -> UnixMs {
        UnixMs(self.0 / 1_000)
    }
}

impl Seq {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        debug_assert!(self.0 <= MAX_INT, "a history ends at {MAX_INT}");
        Self(self.0.saturating_add(1))
    }
}

impl Epoch {
    /// The epoch after this one. No two epochs of a process are equal.
    #[must_use]
    pub fn next(self, mark: u16) -> Self {
        let count = (self.0 >> u16::BITS).saturating_add(1);
        Self(count << u16::BITS | u64::from(mark))
    }

    /// The mark that the terms of this epoch have.
    #[inline]
    #[must_use]
    pub const fn mark(self) -> u16 {
        let [low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_differ_and_have_their_mark() {
        let first = Epoch::default().next(7);
        let second = first.next(7);
        assert!(first > Epoch(0) && first != second, "the same mark, twice by chance");
        assert_eq!((first.mark(), second.next(u16::MAX).mark()), (7, u16::MAX));
    }
}
