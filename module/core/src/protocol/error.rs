//! Why a command was not carried out.

use core::fmt;

use super::limits::{MAX_ARGS, MAX_INT, MAX_NAME};
use super::number::{Seq, Term};
use super::syntax::{Hint, Unit};
use super::words::{Code, CommandName, Keyword};

/// What CREATE gives a sale.
pub const PARTICULARS: [Keyword; 6] =
    [Keyword::Stock, Keyword::Limit, Keyword::Attempts, Keyword::Hold, Keyword::Opens, Keyword::Closes];

/// Why a command was not carried out. Its text begins with a [`Code`] and is the error reply. Of the words of the
/// caller it shows at most the first [`Word::MAX`] bytes of one, and never a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Too few or too many fixed arguments. Redis words this error itself.
    Arity,
    /// More arguments than any command takes.
    TooManyArguments,
    /// A command that is none of the module's, which no server passes to it.
    UnknownCommand,
    /// A word that is no keyword of the command.
    NoKeyword {
        /// The command.
        command: CommandName,
        /// The number of the argument; the key is argument 1.
        place: u8,
        /// The argument.
        word: Word,
    },
    /// A keyword that comes twice.
    Repeated(Keyword),
    /// A keyword at the end, or before another keyword, that needs a value.
    NoValue(Keyword),
    /// A keyword is missing.
    Needs {
        /// The command or the keyword that needs it.
        what: &'static str,
        /// What is missing.
        keyword: Keyword,
    },
    /// ALTER without a rule.
    NoRule,
    /// A token, buyer, order or id that is empty or too long.
    Length(&'static str),
    /// Not an integer, or out of its range.
    Integer {
        /// The argument.
        name: &'static str,
        /// The least value that is right.
        min: i64,
        /// The greatest value that is right.
        max: i64,
        /// What it counts.
        unit: Unit,
    },
    /// An instant that is too early to be unix time in ms.
    Seconds(Keyword, u64),
    /// A window that ends before it begins.
    Window,
    /// More stock than every client language can represent.
    TooMuchStock,
    /// There is no sale at the key.
    NoSale,
    /// The sale has no order of that id.
    NoOrder,
    /// The order id is in use, by another buyer or for another quantity.
    OtherOrder,
    /// A sale of a bundle is given twice.
    SaleTwice,
    /// QTY has neither one value nor one for each of the sales of a bundle.
    QuantityCount {
        /// The number of sales.
        sales: usize,
    },
    /// Some of the sales of a bundle have the order, and others do not.
    PartialOrder,
    /// The restock id is in use, for another delta.
    OtherDelta,
    /// Less is available than RESTOCK would take away.
    NoStock(u64),
    /// CREATE on a key that holds this type.
    OtherType(&'static str),
    /// CREATE on a key that holds a sale which was created with other arguments.
    OtherSale {
        /// What it was created with, in the order of [`PARTICULARS`].
        created: [u64; PARTICULARS.len()],
        /// What of that is not the default.
        given: [bool; PARTICULARS.len()],
        /// What of that differs.
        differs: [bool; PARTICULARS.len()],
    },
    /// As many of something as a sale may have.
    Full {
        /// Of what.
        capacity: Capacity,
        /// How many it has.
        count: u64,
    },
    /// The event that a reader stored last is not in this sale's history.
    Forked {
        /// The last seq that both histories may share.
        seq: Seq,
        /// The term of the event there in this sale's history.
        term: Term,
    },
    /// This copy diverged from its primary: it can be read, but decides nothing.
    Diverged,
}

/// What a sale may have a limited number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Orders, those that have ended included.
    Orders,
    /// Restocks with an id.
    RestockIds,
    /// Events.
    Events,
}

impl Error {
    /// The code that the text begins with.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Arity
            | Self::TooManyArguments
            | Self::UnknownCommand
            | Self::NoKeyword { .. }
            | Self::Repeated(_)
            | Self::NoValue(_)
            | Self::Needs { .. }
            | Self::NoRule
            | Self::Length(_)
            | Self::Integer { .. }
            | Self::Seconds(..)
            | Self::Window
            | Self::SaleTwice
            | Self::QuantityCount { .. }
            | Self::TooMuchStock => Code::Err,
            Self::NoSale => Code::NoSale,
            Self::NoOrder => Code::NoOrder,
            Self::OtherOrder | Self::PartialOrder | Self::OtherDelta => Code::Mismatch,
            Self::NoStock(_) => Code::NoStock,
            Self::OtherType(_) | Self::OtherSale { .. } => Code::BusyKey,
            Self::Full { .. } => Code::Full,
            Self::Forked { .. } => Code::Forked,
            Self::Diverged => Code::Corrupt,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code())?;
        match self {
            Self::Arity => f.write_str("wrong number of arguments"),
            Self::TooManyArguments => write!(f, "no command takes more than {MAX_ARGS} arguments"),
            Self::UnknownCommand => f.write_str("unknown command"),
            Self::NoKeyword { command, place, word } => write_no_keyword(f, *command, *place, word),
            Self::Repeated(keyword) => write!(f, "{keyword} is given twice"),
            Self::NoValue(keyword) => write!(f, "{keyword} needs {}", keyword.values()),
            Self::Needs { what, keyword } => write!(f, "{what} needs {keyword} with {}", keyword.values()),
            Self::NoRule => {
                let rules = CommandName::Alter.syntax().keywords;
                write!(f, "{} needs a rule: {}", CommandName::Alter, listed(rules, "or"))
            }
            Self::Length(name) => write!(f, "{name} must be 1 to {MAX_NAME} bytes"),
            Self::Integer { name, min, max, unit } => {
                write!(f, "{name} must be an integer between {min} and {max}{}", unit.suffix())
            }
            Self::Seconds(keyword, value) => {
                write!(f, "{keyword} must be unix time in milliseconds; {value} looks like seconds")
            }
            Self::Window => f.write_str("CLOSES must be after OPENS"),
            Self::TooMuchStock => write!(f, "stock must be at most {MAX_INT} units in all"),
            Self::NoSale => f.write_str("no sale at this key"),
            Self::NoOrder => f.write_str("no such order in this sale"),
            Self::OtherOrder => f.write_str("the order exists with another buyer or quantity"),
            Self::SaleTwice => {
                f.write_str("a sale is given twice; name each of them once, and give it its QTY")
            }
            Self::QuantityCount { sales } => {
                write!(f, "QTY needs one value for all sales, or {sales}, one for each of them")
            }
            Self::PartialOrder => f.write_str("it lacks the order, which other sales have"),
            Self::OtherDelta => f.write_str("the id exists with another delta"),
            Self::NoStock(available) => write!(f, "more would be taken than is available: {available}"),
            Self::OtherType(kind) => write!(f, "the key holds no sale, but a {kind}"),
            Self::OtherSale { created, given, differs } => write_other_sale(f, created, given, differs),
            Self::Full { capacity, count } => {
                let (what, config) = match capacity {
                    Capacity::Orders => ("orders", "max-orders"),
                    Capacity::RestockIds => ("restocking ids", "max-orders"),
                    Capacity::Events => ("events", "max-events"),
                };
                write!(f, "the sale has {count} {what}, the most that seckill.{config} allows")
            }
            Self::Forked { seq, term } => {
                write!(f, "{seq} {term} take back the events of a higher seq, and those of a higher term")
            }
            Self::Diverged => f.write_str(
                "this copy diverged from its primary: replace the key by a good copy to decide again",
            ),
        }
    }
}

impl core::error::Error for Error {}

/// The beginning of a word of the caller. It may be a token in a wrong place, so `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word {
    bytes: [u8; Self::MAX],
    len: u8,
    is_cut: bool,
}

impl Word {
    /// The most bytes that are shown.
    pub const MAX: usize = 20;
    /// The most letters that are shown: a byte that is no printable letter takes up to four.
    const MAX_SHOWN: usize = 40;

    /// The beginning of these bytes.
    #[must_use]
    pub fn new(word: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX];
        for (byte, given) in bytes.iter_mut().zip(word) {
            *byte = *given;
        }
        let len = u8::try_from(word.len().min(Self::MAX)).unwrap_or(0);
        Self { bytes, len, is_cut: word.len() > Self::MAX }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word(..)")
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = Self::MAX_SHOWN;
        let mut is_cut = self.is_cut;
        for byte in self.bytes() {
            let shown = byte.escape_ascii();
            let Some(left) = room.checked_sub(shown.len()) else {
                is_cut = true;
                break;
            };
            write!(f, "{shown}")?;
            room = left;
        }
        f.write_str(if is_cut { "..." } else { "" })
    }
}

fn write_no_keyword(f: &mut fmt::Formatter<'_>, command: CommandName, place: u8, word: &Word) -> fmt::Result {
    let syntax = command.syntax();
    let hint = Hint::of(command, place, word.bytes());
    if hint.is_none() && syntax.takes_a_token() {
        write!(f, "argument {place} of {command} is no keyword: ")?;
    } else {
        write!(f, "{command} has no keyword '{word}': ")?;
    }
    match hint {
        Some(Hint::Misspelt(keyword)) => write!(f, "did you mean {keyword}?"),
        Some(Hint::Value(keyword)) => write!(f, "did you mean {keyword} {word}?"),
        Some(Hint::Foreign(Keyword::Stock)) if command == CommandName::Alter => {
            write!(f, "{} changes the stock", CommandName::Restock)
        }
        Some(Hint::Foreign(keyword)) => {
            let has_it = |name: &CommandName| name.syntax().keywords.contains(&keyword);
            let names: Vec<_> = CommandName::ALL.iter().copied().filter(has_it).collect();
            write!(f, "it is one of {}", listed(&names, "and"))
        }
        Some(Hint::Fixed) => {
            write!(f, "{} come first, without keywords", listed(syntax.fixed, "and"))
        }
        None => write!(f, "it takes {}", listed(syntax.keywords, "and")),
    }
}

fn write_other_sale(
    f: &mut fmt::Formatter<'_>,
    created: &[u64],
    given: &[bool],
    differs: &[bool],
) -> fmt::Result {
    f.write_str("a sale created with")?;
    for ((keyword, value), _) in PARTICULARS.iter().zip(created).zip(given).filter(|(_, given)| **given) {
        write!(f, " {keyword} {value}")?;
    }
    let differing = PARTICULARS.iter().zip(differs).filter(|(_, differs)| **differs);
    let differing: Vec<_> = differing.map(|(keyword, _)| *keyword).collect();
    let verb = if differing.len() == 1 { "differs" } else { "differ" };
    write!(f, " exists here; {} {verb}", listed(&differing, "and"))
}

/// `A, B and C`, with this word before the last.
fn listed<T: fmt::Display>(items: &[T], word: &str) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
