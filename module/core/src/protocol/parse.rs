//! Bytes to commands. A command borrows from its arguments; nothing is allocated.

use core::ops::RangeInclusive;

use super::command::{Buy, Command, Guard, Query, Request};
use super::error::Error;
use super::limits::{EVENTS_DEFAULT, EVENTS_MAX, MAX_INT, MAX_QTY};
use super::name::{Name, Token};
use super::number::{Fence, Millis, Seq, Term, UnixMs};
use super::rules::{Alteration, Rules};
use super::words::{CommandName, Keyword};

impl<'a> Command<'a> {
    /// Parses a command: its name and then its arguments.
    pub fn parse(args: &[&'a [u8]]) -> Result<Self, Error> {
        let mut args = Args { rest: args };
        let name = CommandName::from_any_case(args.next()?).ok_or(Error::Syntax)?;
        // The key of the lock or the sale comes first in every command but FENCE, which has none.
        let key = args.next()?;
        let decide = |request| Self::Decide { sale: key, request };
        let read = |query| Self::Read { sale: key, query };
        let command = match name {
            CommandName::Lock => args.lock(key)?,
            CommandName::Unlock => Self::Unlock { key, token: args.token()? },
            CommandName::Renew => Self::Renew { key, token: args.token()?, ttl: args.millis("ttl")? },
            CommandName::Create => decide(args.create()?),
            CommandName::Alter => decide(args.alter()?),
            CommandName::Restock => decide(args.restock()?),
            CommandName::Buy => decide(args.buy()?),
            CommandName::Confirm => decide(Request::Confirm { order: args.name("order")? }),
            CommandName::Extend => {
                let order = args.name("order")?;
                decide(Request::Extend { order, hold: args.millis("hold")? })
            }
            CommandName::Cancel => decide(args.cancel()?),
            CommandName::Order => read(Query::Order { order: args.name("order")? }),
            CommandName::Buyer => read(Query::Buyer { buyer: args.name("buyer")? }),
            CommandName::Events => read(args.events()?),
            CommandName::Info => read(Query::Info),
            CommandName::Audit => read(Query::Audit),
            CommandName::Apply => Self::Apply { sale: key, batch: args.next()? },
            CommandName::Grant => Self::Grant {
                key,
                token: args.token()?,
                until: UnixMs(args.integer("pxat", 1..=MAX_INT)?),
                fence: Fence(args.integer("fence", 1..=MAX_INT)?),
            },
            CommandName::Fence => Self::Fence { fence: Fence(integer_of("fence", key, 1..=MAX_INT)?) },
        };
        args.finish()?;
        Ok(command)
    }
}

/// Decimal digits and nothing else.
fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte & 0x0f)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

fn integer_of(name: &'static str, bytes: &[u8], range: RangeInclusive<u64>) -> Result<u64, Error> {
    digits(bytes).filter(|value| range.contains(value)).ok_or(Error::Integer {
        name,
        min: range.start().cast_signed(),
        max: range.end().cast_signed(),
    })
}

/// Sets what a keyword gives; a second time is an error.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    if slot.is_some() {
        return Err(Error::Syntax);
    }
    *slot = Some(value);
    Ok(())
}

/// What is left of the arguments.
struct Args<'s, 'a> {
    rest: &'s [&'a [u8]],
}

impl<'a> Args<'_, 'a> {
    /// The next fixed argument.
    fn next(&mut self) -> Result<&'a [u8], Error> {
        let (first, rest) = self.rest.split_first().ok_or(Error::Arity)?;
        self.rest = rest;
        Ok(first)
    }

    /// The value of a keyword.
    fn value(&mut self) -> Result<&'a [u8], Error> {
        self.next().map_err(|_| Error::Syntax)
    }

    fn name(&mut self, what: &'static str) -> Result<Name<'a>, Error> {
        Name::new(what, self.next()?)
    }

    fn token(&mut self) -> Result<Token<'a>, Error> {
        Token::new(self.next()?)
    }

    /// A length of time that is not 0.
    fn millis(&mut self, name: &'static str) -> Result<Millis, Error> {
        self.integer(name, 1..=MAX_INT).map(Millis)
    }

    fn integer(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Result<u64, Error> {
        integer_of(name, self.next()?, range)
    }

    /// The integer that follows a keyword.
    fn value_of(&mut self, keyword: Keyword, range: RangeInclusive<u64>) -> Result<u64, Error> {
        integer_of(keyword.as_str(), self.value()?, range)
    }

    fn delta(&mut self) -> Result<i64, Error> {
        let bytes = self.next()?;
        let (negative, magnitude) = match bytes.split_first() {
            Some((b'-', magnitude)) => (true, magnitude),
            _ => (false, bytes),
        };
        let max = i64::try_from(MAX_INT).unwrap_or(i64::MAX);
        let value = digits(magnitude)
            .and_then(|value| i64::try_from(value).ok())
            .filter(|value| *value <= max)
            .ok_or(Error::Integer { name: "delta", min: max.wrapping_neg(), max })?;
        match (value, negative) {
            (0, _) => Err(Error::NoDelta),
            (_, true) => Ok(value.wrapping_neg()),
            (_, false) => Ok(value),
        }
    }

    /// Passes every keyword that follows to `take`.
    fn keywords(
        &mut self,
        mut take: impl FnMut(&mut Self, Keyword) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Ok(word) = self.next() {
            let keyword = Keyword::from_any_case(word).ok_or(Error::Syntax)?;
            take(self, keyword)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Arity) }
    }

    fn rule(&mut self, keyword: Keyword, rules: &mut Alteration) -> Result<(), Error> {
        match keyword {
            Keyword::Limit => once(&mut rules.limit, self.value_of(keyword, 0..=MAX_QTY)?),
            Keyword::Attempts => once(&mut rules.attempts, self.value_of(keyword, 0..=MAX_QTY)?),
            Keyword::Hold => once(&mut rules.hold, Millis(self.value_of(keyword, 0..=MAX_INT)?)),
            Keyword::Opens => once(&mut rules.opens, UnixMs(self.value_of(keyword, 0..=MAX_INT)?)),
            Keyword::Closes => once(&mut rules.closes, UnixMs(self.value_of(keyword, 0..=MAX_INT)?)),
            _ => Err(Error::Syntax),
        }
    }

    fn lock(&mut self, key: &'a [u8]) -> Result<Command<'a>, Error> {
        let (token, ttl) = (self.token()?, self.millis("ttl")?);
        let mut block = None;
        self.keywords(|args, keyword| match keyword {
            Keyword::Block => once(&mut block, Millis(args.value_of(keyword, 0..=MAX_INT)?)),
            _ => Err(Error::Syntax),
        })?;
        Ok(Command::Lock { key, token, ttl, block })
    }

    fn create(&mut self) -> Result<Request<'a>, Error> {
        let mut stock = None;
        let mut rules = Alteration::default();
        self.keywords(|args, keyword| match keyword {
            Keyword::Stock => once(&mut stock, args.value_of(keyword, 0..=MAX_INT)?),
            _ => args.rule(keyword, &mut rules),
        })?;
        let stock = stock.ok_or(Error::Syntax)?;
        Ok(Request::Create { stock, rules: Rules::default().with(rules).checked()? })
    }

    fn alter(&mut self) -> Result<Request<'a>, Error> {
        let mut alteration = Alteration::default();
        self.keywords(|args, keyword| args.rule(keyword, &mut alteration))?;
        if alteration == Alteration::default() {
            return Err(Error::Syntax);
        }
        Ok(Request::Alter(alteration))
    }

    fn restock(&mut self) -> Result<Request<'a>, Error> {
        let delta = self.delta()?;
        let mut id = None;
        self.keywords(|args, keyword| match keyword {
            Keyword::Id => once(&mut id, Name::new("id", args.value()?)?),
            _ => Err(Error::Syntax),
        })?;
        Ok(Request::Restock { delta, id })
    }

    fn cancel(&mut self) -> Result<Request<'a>, Error> {
        let order = self.name("order")?;
        let mut refund = None;
        self.keywords(|_, keyword| match keyword {
            Keyword::Refund => once(&mut refund, ()),
            _ => Err(Error::Syntax),
        })?;
        Ok(Request::Cancel { order, refund: refund.is_some() })
    }

    fn buy(&mut self) -> Result<Request<'a>, Error> {
        let (buyer, order) = (self.name("buyer")?, self.name("order")?);
        let (mut qty, mut lock, mut release) = (None, None, None);
        self.keywords(|args, keyword| match keyword {
            Keyword::Qty => once(&mut qty, args.value_of(keyword, 1..=MAX_QTY)?),
            Keyword::Lock => {
                let key = args.value()?;
                let token = args.value()?;
                once(&mut lock, (key, Token::new(token)?))
            }
            Keyword::Release => once(&mut release, ()),
            _ => Err(Error::Syntax),
        })?;
        let guard = match (lock, release) {
            (Some((key, token)), release) => Some(Guard { key, token, release: release.is_some() }),
            (None, Some(())) => return Err(Error::Syntax),
            (None, None) => None,
        };
        let qty = u32::try_from(qty.unwrap_or(1)).unwrap_or(u32::MAX);
        Ok(Request::Buy(Buy { buyer, order, qty, guard }))
    }

    fn events(&mut self) -> Result<Query<'a>, Error> {
        let after = Seq(self.integer("after", 0..=MAX_INT)?);
        let (mut term, mut count, mut block) = (None, None, None);
        self.keywords(|args, keyword| match keyword {
            Keyword::Term => once(&mut term, Term(args.value_of(keyword, 0..=MAX_INT)?)),
            Keyword::Count => once(&mut count, args.value_of(keyword, 1..=EVENTS_MAX)?),
            Keyword::Block => once(&mut block, Millis(args.value_of(keyword, 0..=MAX_INT)?)),
            _ => Err(Error::Syntax),
        })?;
        Ok(Query::Events { after, term, count: count.unwrap_or(EVENTS_DEFAULT), block })
    }
}
