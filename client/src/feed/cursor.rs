//! The position of a reader in the events of a sale.

use std::fmt;
use std::str::FromStr;

/// How many terms a cursor knows. A term begins when another server, or another copy of the sale, begins to decide.
const TERMS: usize = 100;

/// The position of a reader in the events of a sale: that of the last event which it stored, and where the terms before
/// it ended, so that the reader finds its way back after a failover that lost events.
///
/// Store it in the transaction in which you store the events before it. It is text by `Display` and `FromStr`, of some
/// 25 bytes for each term that it knows, at most 100: the latest ones.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> Result<(), Box<dyn std::error::Error>> {
/// use seckill_client::Cursor;
///
/// let mut feed = sale.feed(Cursor::start());
/// feed.next().await.transpose()?;
/// let stored = feed.cursor().to_string();
///
/// // After a restart:
/// let feed = sale.feed(stored.parse::<Cursor>()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The last event of each of the latest terms, in order; never empty. Of the terms before the first one of these
    /// nothing is known. Before all events there is a seq 0 of term 0.
    ends: Vec<Position>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub(super) seq: u64,
    pub(super) term: u64,
}

impl Cursor {
    /// Before the first event.
    ///
    /// ```
    /// assert_eq!(seckill_client::Cursor::start().seq(), 0);
    /// ```
    #[must_use]
    pub fn start() -> Self {
        Self { ends: vec![Position { seq: 0, term: 0 }] }
    }

    /// After an event that was stored, for a reader that has only its `seq` and `term`.
    ///
    /// It knows no other event. So a feed that begins here ends with a fork that takes back all events of that term, as
    /// [`Feed`](crate::Feed) says.
    ///
    /// ```
    /// assert_eq!(seckill_client::Cursor::after(41, 1_764_115_200_000_000).seq(), 41);
    /// ```
    #[must_use]
    pub fn after(seq: u64, term: u64) -> Self {
        if seq == 0 { Self::start() } else { Self { ends: vec![Position { seq, term }] } }
    }

    /// The `seq` of the last event; 0 before the first one.
    ///
    /// ```
    /// # fn example(cursor: &seckill_client::Cursor, info: &seckill_client::Info) {
    /// println!("{} events behind", info.seq.saturating_sub(cursor.seq()));
    /// # }
    /// ```
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.last().seq
    }

    /// The term of the last event; 0 at the beginning.
    ///
    /// ```
    /// assert_eq!(seckill_client::Cursor::after(7, 1).term(), 1);
    /// ```
    #[must_use]
    pub fn term(&self) -> u64 {
        self.last().term
    }

    pub(super) fn last(&self) -> Position {
        self.ends.last().copied().unwrap_or(Position { seq: 0, term: 0 })
    }

    /// The reader stored the next event.
    pub(super) fn advance(&mut self, seq: u64, term: u64) {
        match self.ends.last_mut() {
            Some(last) if last.term == term => last.seq = seq,
            _ => self.ends.push(Position { seq, term }),
        }
        self.forget();
    }

    /// The reader takes back what it stored of a higher seq or of a higher term. `false`, and nothing changes, when its
    /// last event then is of a term that the cursor does not know.
    ///
    /// Of the first term that is known, its last event is enough: one server began the term and decided its events one
    /// after the other, so whoever has an event of it has those before it, too. Events of lower terms come before all
    /// these. That is why the first position may be set back to any seq: if the sale has an event of that term there,
    /// so has the reader; and if not, the server replies where its own events of that term or of lower ones end.
    pub(super) fn take_back(&mut self, seq: u64, term: u64) -> bool {
        if seq == 0 {
            *self = Self::start();
            return true;
        }
        let known = self.ends.partition_point(|end| end.term <= term);
        if known == 0 {
            return false;
        }
        // Of a term nothing is left when the one before it ended at the seq or later.
        let left = 1 + self.ends[..known - 1].partition_point(|end| end.seq < seq);
        self.ends.truncate(left);
        if let Some(last) = self.ends.last_mut() {
            last.seq = last.seq.min(seq);
        }
        true
    }

    /// Drops the terms that are too many.
    fn forget(&mut self) {
        self.ends.drain(..self.ends.len().saturating_sub(TERMS));
    }
}

/// The position before the first event.
impl Default for Cursor {
    fn default() -> Self {
        Self::start()
    }
}

/// `seq@term` of the last event of each term, with commas.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Position { seq, term }) in self.ends.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{seq}@{term}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

/// A text that is no [`Cursor`].
///
/// ```
/// use seckill_client::{Cursor, ParseCursorError};
///
/// assert_eq!("41".parse::<Cursor>(), Err(ParseCursorError));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: `seq@term` of the last event of each term, both rising")]
#[allow(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let position = |text: &str| {
            let (seq, term) = text.split_once('@')?;
            Some(Position { seq: seq.parse().ok()?, term: term.parse().ok()? })
        };
        let ends: Option<Vec<_>> = text.split(',').map(position).collect();
        let ends = ends.ok_or(ParseCursorError)?;
        if !ends.is_sorted_by(|one, next| one.seq < next.seq && one.term < next.term) {
            return Err(ParseCursorError);
        }
        let mut cursor = Self { ends };
        cursor.forget();
        Ok(cursor)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'d> serde::Deserialize<'d> for Cursor {
    fn deserialize<D: serde::Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        text.parse().expect("a cursor")
    }

    #[test]
    fn text_is_the_same_cursor() {
        for text in ["0@0", "7@100", "0@0,3@100,9@200"] {
            assert_eq!(cursor(text).to_string(), text);
        }
        assert_eq!(Cursor::start().to_string(), "0@0");
        assert_eq!(Cursor::after(7, 100).to_string(), "7@100");
        assert_eq!(Cursor::after(0, 100), Cursor::start());
        assert_eq!(format!("{:?}", Cursor::default()), "Cursor(0@0)");
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in
            ["", "7", "7@", "@7", "a@7", "7@100,", "3@100,3@200", "3@100,4@100", "4@200,3@100", "1@2@3"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text}");
        }
    }

    #[test]
    fn events_move_it_on() {
        let mut position = Cursor::start();
        for (seq, term) in [(1, 100), (2, 100), (3, 200), (4, 200), (5, 300)] {
            position.advance(seq, term);
        }
        assert_eq!(position, cursor("0@0,2@100,4@200,5@300"));
        assert_eq!(position.seq(), 5);
    }

    #[test]
    fn it_knows_the_latest_terms() {
        let mut position = Cursor::start();
        for number in 1..=500 {
            position.advance(number, number);
        }
        assert_eq!(position.ends.len(), TERMS);
        assert_eq!(position.seq(), 500);
        assert!(!position.clone().take_back(9, 9), "that is forgotten");
        assert!(position.take_back(450, 450));
        assert_eq!(position.last().term, 450);
    }

    #[test]
    fn a_fork_sets_it_back() {
        let whole = "0@0,3@100,5@200,9@300";
        for (from, (seq, term), to) in [
            (whole, (7, 300), "0@0,3@100,5@200,7@300"),
            (whole, (5, 200), "0@0,3@100,5@200"),
            // Other terms of the server.
            (whole, (5, 250), "0@0,3@100,5@200"),
            (whole, (7, 250), "0@0,3@100,5@200"),
            (whole, (4, 290), "0@0,3@100,4@200"),
            (whole, (8, 100), "0@0,3@100"),
            (whole, (2, 150), "0@0,2@100"),
            (whole, (2, 50), "0@0"),
            (whole, (0, 0), "0@0"),
            // The first term that is known.
            ("9@300", (7, 300), "7@300"),
            ("9@300", (7, 400), "7@300"),
            ("5@200,9@300", (2, 200), "2@200"),
            ("5@200,9@300", (6, 200), "5@200"),
            ("9@300", (0, 0), "0@0"),
        ] {
            let mut position = cursor(from);
            assert!(position.take_back(seq, term), "{from} {seq}@{term}");
            assert_eq!(position, cursor(to), "{from} {seq}@{term}");
        }
        let mut position = cursor("9@300");
        assert!(!position.take_back(7, 299), "events of which term are left?");
        assert_eq!(position, cursor("9@300"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_has_it_as_text() {
        let json = serde_json::to_string(&cursor("0@0,3@100")).unwrap();
        assert_eq!(json, r#""0@0,3@100""#);
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor("0@0,3@100"));
        assert!(serde_json::from_str::<Cursor>(r#""3""#).is_err());
    }
}
