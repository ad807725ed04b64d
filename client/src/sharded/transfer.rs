//! A transfer of units from one shard to another, as its id tells.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Units that go from one shard to another. Each half is a RESTOCK whose ID is the text of this, so whoever sees one half
/// knows the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Transfer {
    /// The number of the shard that gives the units.
    pub from: usize,
    /// The number of the shard that gets them.
    pub to: usize,
    /// How many, at most 2^53 - 1.
    pub units: u64,
    id: Uuid,
}

impl Transfer {
    /// A new one.
    pub(super) fn new(from: usize, to: usize, units: u64) -> Self {
        Self { from, to, units, id: Uuid::new_v4() }
    }

    /// The transfer for which a shard was restocked with this id: to give its units, to get them, or to get them back.
    ///
    /// ```
    /// use seckill_client::Transfer;
    ///
    /// let transfer = Transfer::of_restock(b"transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501");
    /// assert_eq!(transfer.map(|transfer| transfer.units), Some(5));
    /// assert_eq!(Transfer::of_restock(b"delivery-1"), None);
    /// ```
    #[must_use]
    pub fn of_restock(id: &[u8]) -> Option<Self> {
        Some(Half::of_restock(id)?.0)
    }

    /// The change of the shard that gives the units.
    pub(super) fn taken(&self) -> i64 {
        -self.put()
    }

    /// The change of the shard that gets them.
    pub(super) fn put(&self) -> i64 {
        i64::try_from(self.units).unwrap_or(i64::MAX)
    }

    /// The ID by which the shard that gave the units gets them back.
    pub(super) fn back(&self) -> String {
        format!("{self}{BACK}")
    }
}

/// The most units of a RESTOCK.
pub(super) const MAX_UNITS: u64 = (1 << 53) - 1;

/// How the ids of transfers begin.
pub(super) const PREFIX: &[u8] = b"transfer:";
const BACK: &str = ":back";

/// `transfer:from:to:units:uuid`, the ID of both halves.
impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, units, id } = self;
        write!(f, "transfer:{from}:{to}:{units}:{}", id.hyphenated())
    }
}

/// The text is not that of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a transfer, as in transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501")]
pub struct ParseTransferError;

impl FromStr for Transfer {
    type Err = ParseTransferError;

    fn from_str(text: &str) -> Result<Self, ParseTransferError> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(ParseTransferError);
        if next()? != "transfer" {
            return Err(ParseTransferError);
        }
        let from = number(next()?)?;
        let to = number(next()?)?;
        let units = number(next()?)?;
        let id = Uuid::try_parse(next()?).map_err(|_| ParseTransferError)?;
        let transfer = Self { from, to, units, id };
        // An id that is written in another way is another id.
        let is_id = transfer.to_string() == text;
        if is_id && from != to && (1..=MAX_UNITS).contains(&units) {
            Ok(transfer)
        } else {
            Err(ParseTransferError)
        }
    }
}

/// What a shard is restocked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// To give the units of the transfer, or to get them.
    Move,
    /// To get back what it gave.
    Back,
}

impl Half {
    /// The transfer to which a RESTOCK with this ID belongs.
    pub(super) fn of_restock(id: &[u8]) -> Option<(Transfer, Self)> {
        let id = std::str::from_utf8(id).ok()?;
        let (transfer, half) = match id.strip_suffix(BACK) {
            Some(transfer) => (transfer, Self::Back),
            None => (id, Self::Move),
        };
        Some((transfer.parse().ok()?, half))
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, ParseTransferError> {
    text.parse().map_err(|_| ParseTransferError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_whole_transfer() {
        let transfer = Transfer::new(3, 1_023, MAX_UNITS);
        assert_eq!(transfer.to_string().parse(), Ok(transfer));
        assert_eq!((transfer.taken(), transfer.put()), (-9_007_199_254_740_991, 9_007_199_254_740_991));
        assert!(transfer.back().len() <= 128, "it is the ID of a RESTOCK");
    }

    #[test]
    fn an_id_that_is_written_otherwise_is_another_one() {
        let id = "transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501";
        assert!(id.parse::<Transfer>().is_ok());
        for other in [
            "transfer:0:1:5:0F8FAD5B-D9CB-469F-A165-708677289501",
            "transfer:0:1:5:0f8fad5bd9cb469fa165708677289501",
            "transfer:0:1:9007199254740992:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:00:1:5:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:+0:1:5:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:1:1:5:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:0:1:0:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:0:1:-5:0f8fad5b-d9cb-469f-a165-708677289501",
            "transfer:0:1:5:0f8fad5b-d9cb-469f-a165-708677289501:",
            "delivery-1",
            "",
        ] {
            assert_eq!(other.parse::<Transfer>(), Err(ParseTransferError), "{other}");
        }
    }
}
