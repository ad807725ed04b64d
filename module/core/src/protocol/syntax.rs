//! What each command takes after its name: fixed arguments first, keywords after them.

use super::words::{CommandName, Keyword};

/// The arguments of a command.
pub(super) struct Syntax {
    /// What comes first, by the names that errors use.
    pub(super) fixed: &'static [&'static str],
    /// The keywords that may follow, in any order.
    pub(super) keywords: &'static [Keyword],
    /// The keyword to suggest for a value that stands alone after the fixed arguments.
    pub(super) usual: Option<Keyword>,
}

impl Syntax {
    /// Whether one of the arguments is a token, which no error may show, not even in a wrong place.
    pub(super) fn takes_a_token(&self) -> bool {
        self.fixed.contains(&"token") || self.keywords.contains(&Keyword::Lock)
    }
}

impl CommandName {
    pub(super) const fn syntax(self) -> Syntax {
        use Keyword::{
            Attempts, Block, Closes, Count, Force, Hold, Id, Limit, Lock, Opens, Qty, Refund, Release, Stock,
            Term,
        };
        let (fixed, keywords, usual): (&[_], &[_], _) = match self {
            Self::Lock => (&["key", "token", "ttl"], &[Block], Some(Block)),
            Self::Unlock => (&["key", "token"], &[], None),
            Self::Renew => (&["key", "token", "ttl"], &[], None),
            Self::Waiters => (&["key"], &[], None),
            Self::Create => (&["sale"], &[Stock, Limit, Attempts, Hold, Opens, Closes], Some(Stock)),
            Self::Alter => (&["sale"], &[Limit, Attempts, Hold, Opens, Closes], None),
            Self::Restock => (&["sale", "delta"], &[Id], Some(Id)),
            Self::Buy => (&["sale", "buyer", "order"], &[Qty, Lock, Release], Some(Qty)),
            Self::BuyAll => (&["numsales", "sale", "buyer", "order"], &[Qty, Lock, Release], Some(Qty)),
            Self::Confirm | Self::Order => (&["sale", "order"], &[], None),
            Self::Extend => (&["sale", "order", "hold"], &[], None),
            Self::Cancel => (&["sale", "order"], &[Refund], None),
            Self::Buyer => (&["sale", "buyer"], &[], None),
            Self::Events => (&["sale", "after"], &[Term, Count, Block], Some(Count)),
            Self::Info => (&["sale"], &[], None),
            Self::Audit => (&["sale"], &[Force], None),
            Self::Apply => (&["sale", "events"], &[], None),
            Self::Grant => (&["key", "token", "pxat", "fence"], &[], None),
            Self::Fence => (&["fence"], &[], None),
        };
        Syntax { fixed, keywords, usual }
    }
}

impl Keyword {
    /// The values that follow it, as errors call them.
    pub(super) const fn values(self) -> &'static str {
        match self {
            Self::Lock => "a key and a token",
            Self::Force | Self::Refund | Self::Release => "no value",
            _ => "a value",
        }
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Block | Self::Hold => Unit::Milliseconds,
            Self::Closes | Self::Opens => Unit::UnixTime,
            _ => Unit::None,
        }
    }

    fn takes_an_integer(self) -> bool {
        !matches!(self, Self::Force | Self::Id | Self::Lock | Self::Refund | Self::Release)
    }
}

/// What an integer counts, where its range does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Units of stock, orders, events: no unit needs to be named.
    None,
    /// A length of time.
    Milliseconds,
    /// An instant.
    UnixTime,
}

impl Unit {
    /// What follows the range of the integer.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Milliseconds => ", in milliseconds",
            Self::UnixTime => ", in milliseconds of unix time",
        }
    }
}

/// What a word that stands where a keyword is due was probably meant to be.
pub(super) enum Hint {
    /// This keyword of the command, misspelt.
    Misspelt(Keyword),
    /// A keyword, but one of other commands.
    Foreign(Keyword),
    /// The name of a fixed argument.
    Fixed,
    /// A value of this keyword, which was left out.
    Value(Keyword),
}

impl Hint {
    /// `place` is the number of the argument.
    pub(super) fn of(command: CommandName, place: u8, word: &[u8]) -> Option<Self> {
        let syntax = command.syntax();
        let upper = String::from_utf8(word.to_ascii_uppercase()).unwrap_or_default();
        if let Some(keyword) = nearest(&upper, syntax.keywords) {
            return Some(Self::Misspelt(keyword));
        }
        if let Some(keyword) = Keyword::from_word(&upper) {
            return Some(Self::Foreign(keyword));
        }
        if syntax.fixed.iter().any(|name| name.eq_ignore_ascii_case(&upper)) {
            return Some(Self::Fixed);
        }
        let follows_fixed = usize::from(place) == syntax.fixed.len().saturating_add(1);
        let fits = |keyword: &Keyword| !keyword.takes_an_integer() || is_quantity(word);
        syntax.usual.filter(|_| follows_fixed && !word.is_empty()).filter(fits).map(Self::Value)
    }
}

/// Whether a word looks like a number of units, and not like a secret.
fn is_quantity(word: &[u8]) -> bool {
    word.len() <= 10 && word.iter().all(u8::is_ascii_digit)
}

/// The keyword that a word in upper case misspells: a third of its letters may be wrong.
fn nearest(word: &str, keywords: &[Keyword]) -> Option<Keyword> {
    let distances = keywords.iter().map(|keyword| {
        let known = keyword.as_str();
        (strsim::osa_distance(word, known), known.len() / 3, *keyword)
    });
    let near = distances.filter(|(distance, most, _)| distance <= most);
    near.min_by_key(|(distance, ..)| *distance).map(|(.., keyword)| keyword)
}
