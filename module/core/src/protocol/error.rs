//! Why a command was not carried out.

use core::fmt;

use super::limits::{MAX_ARGS, MAX_INT, MAX_NAME};
use super::number::{Seq, Term};
use super::rules::Rules;
use super::syntax::{Hint, Unit};
use super::words::{Code, CommandName, Keyword};

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
    /// A restock of nothing.
    NoDelta,
    /// More stock than every client language can represent.
    TooMuchStock,
    /// There is no sale at the key.
    NoSale,
    /// The sale has no order of that id.
    NoOrder,
    /// The order id is in use, by another buyer or for another quantity.
    OtherOrder,
    /// The restock id is in use, for another delta.
    OtherDelta,
    /// Less is available than RESTOCK would take away.
    NoStock(u64),
    /// CREATE on a key that holds this type.
    OtherType(&'static str),
    /// CREATE on a key that holds a sale which was created with other arguments.
    OtherSale {
        /// The stock that it was created with.
        stock: u64,
        /// The rules that it was created with.
        rules: Rules,
        /// Which of its [`particulars`] differ.
        differs: [bool; PARTICULARS],
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
            | Self::NoDelta
            | Self::TooMuchStock => Code::Err,
            Self::NoSale => Code::NoSale,
            Self::NoOrder => Code::NoOrder,
            Self::OtherOrder | Self::OtherDelta => Code::Mismatch,
            Self::NoStock(_) => Code::NoStock,
            Self::OtherType(_) | Self::OtherSale { .. } => Code::BusyKey,
            Self::Full { .. } => Code::Full,
            Self::Forked { .. } => Code::Forked,
            Self::Diverged => Code::Corrupt,
        }
    }

    /// A sale was created with `created`, and CREATE asks for another one.
    #[must_use]
    pub fn other_sale(created: (u64, Rules), asked: (u64, Rules)) -> Self {
        let (stock, rules) = created;
        let mut differs = [false; PARTICULARS];
        let pairs = particulars(stock, &rules).into_iter().zip(particulars(asked.0, &asked.1));
        for (differs, (here, asked)) in differs.iter_mut().zip(pairs) {
            // Attempts that neither gave follow from the limit, which differs then.
            *differs = here.value != asked.value && (here.is_given || asked.is_given);
        }
        Self::OtherSale { stock, rules, differs }
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
            Self::NoDelta => f.write_str("delta must not be 0"),
            Self::TooMuchStock => write!(f, "stock must be at most {MAX_INT} units in all"),
            Self::NoSale => f.write_str("no sale at this key"),
            Self::NoOrder => f.write_str("no such order in this sale"),
            Self::OtherOrder => f.write_str("the order exists with another buyer or quantity"),
            Self::OtherDelta => f.write_str("the id exists with another delta"),
            Self::NoStock(available) => write!(f, "more would be taken than is available: {available}"),
            Self::OtherType(kind) => write!(f, "the key holds no sale, but a {kind}"),
            Self::OtherSale { stock, rules, differs } => write_other_sale(f, *stock, rules, differs),
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
        let rest = if self.is_cut { "..." } else { "" };
        write!(f, "{}{rest}", self.bytes().escape_ascii())
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

/// How many [`particulars`] a sale has.
const PARTICULARS: usize = 6;

/// One thing that CREATE gives a sale.
struct Particular {
    keyword: Keyword,
    value: u64,
    /// Whether it must have been written, for it is not the default.
    is_given: bool,
}

/// What a sale is created with.
fn particulars(stock: u64, rules: &Rules) -> [Particular; PARTICULARS] {
    let Rules { limit, attempts, hold, opens, closes } = *rules;
    let rule = |keyword, value| Particular { keyword, value, is_given: value != 0 };
    [
        Particular { keyword: Keyword::Stock, value: stock, is_given: true },
        rule(Keyword::Limit, limit),
        Particular {
            keyword: Keyword::Attempts,
            value: rules.attempts_allowed(),
            is_given: attempts.is_some(),
        },
        rule(Keyword::Hold, hold.0),
        rule(Keyword::Opens, opens.0),
        rule(Keyword::Closes, closes.0),
    ]
}

fn write_other_sale(
    f: &mut fmt::Formatter<'_>,
    stock: u64,
    rules: &Rules,
    differs: &[bool; PARTICULARS],
) -> fmt::Result {
    let particulars = particulars(stock, rules);
    f.write_str("a sale created with")?;
    for Particular { keyword, value, .. } in particulars.iter().filter(|particular| particular.is_given) {
        write!(f, " {keyword} {value}")?;
    }
    let differing = particulars.iter().zip(differs).filter(|(_, differs)| **differs);
    let differing: Vec<_> = differing.map(|(particular, _)| particular.keyword).collect();
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
