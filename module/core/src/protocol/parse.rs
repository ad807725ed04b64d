//! Bytes to commands. A command borrows from its arguments; nothing is allocated.

use core::ops::RangeInclusive;

use super::command::{Command, Query, Request};
use super::error::{Error, Word};
use super::integer::{digits, integer_of};
use super::limits::{EVENTS_DEFAULT, EVENTS_MAX, FIRST_INSTANT, MAX_INT, MAX_QTY, MAX_SALES};
use super::name::{Name, Token};
use super::number::{Fence, Millis, Seq, Term, UnixMs};
use super::purchase::{Buy, BuyAll, Guard, Quantities};
use super::rules::{Alteration, Rules};
use super::syntax::Unit;
use super::words::{CommandName, Keyword};

impl<'a> Command<'a> {
    /// Parses a command: its name and then its arguments.
    pub fn parse(args: &'a [&'a [u8]]) -> Result<Self, Error> {
        let (name, rest) = args.split_first().ok_or(Error::Arity)?;
        let name = CommandName::from_any_case(name).ok_or(Error::UnknownCommand)?;
        let mut args = Args { command: name, count: rest.len(), rest };
        // The key of the lock or the sale comes first, but in FENCE, which has none, and in BUYALL, where
        // it is their number.
        let key = args.next()?;
        let decide = |request| Self::Decide { sale: key, request };
        let read = |query| Self::Read { sale: key, query };
        let command = match name {
            CommandName::Lock => args.lock(key)?,
            CommandName::Unlock => Self::Unlock { key, token: args.token()? },
            CommandName::Renew => Self::Renew { key, token: args.token()?, ttl: args.millis("ttl")? },
            CommandName::Waiters => Self::Waiters { key },
            CommandName::Create => decide(args.create()?),
            CommandName::Alter => decide(args.alter()?),
            CommandName::Restock => decide(args.restock()?),
            CommandName::Buy => decide(args.buy()?),
            CommandName::BuyAll => Self::BuyAll(args.buy_all(key)?),
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
            CommandName::Audit => read(Query::Audit { force: args.flag(Keyword::Force)? }),
            CommandName::Apply => Self::Apply { sale: key, batch: args.next()? },
            CommandName::Grant => Self::Grant {
                key,
                token: args.token()?,
                until: UnixMs(args.integer("pxat", 1..=MAX_INT, Unit::UnixTime)?),
                fence: Fence(args.integer("fence", 1..=MAX_INT, Unit::None)?),
            },
            CommandName::Fence => {
                Self::Fence { fence: Fence(integer_of("fence", key, 1..=MAX_INT, Unit::None)?) }
            }
        };
        args.finish()?;
        Ok(command)
    }
}

/// Sets what a keyword gives; a second time is an error.
fn once<T>(keyword: Keyword, slot: &mut Option<T>, value: T) -> Result<(), Error> {
    if slot.is_some() {
        return Err(Error::Repeated(keyword));
    }
    *slot = Some(value);
    Ok(())
}

/// What is left of the arguments.
struct Args<'a> {
    command: CommandName,
    /// How many there were after the name.
    count: usize,
    rest: &'a [&'a [u8]],
}

impl<'a> Args<'a> {
    /// The next fixed argument.
    fn next(&mut self) -> Result<&'a [u8], Error> {
        let (first, rest) = self.rest.split_first().ok_or(Error::Arity)?;
        self.rest = rest;
        Ok(first)
    }

    /// The next so many fixed arguments.
    fn take(&mut self, count: usize) -> Result<&'a [&'a [u8]], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Error::Arity)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The values of a keyword, at least one: those before the next keyword.
    fn values(&mut self, keyword: Keyword) -> Result<&'a [&'a [u8]], Error> {
        let is_value = |arg: &&&[u8]| Keyword::from_any_case(arg).is_none();
        match self.rest.iter().take_while(is_value).count() {
            0 => Err(Error::NoValue(keyword)),
            count => self.take(count),
        }
    }

    /// A value of a keyword.
    fn value(&mut self, keyword: Keyword) -> Result<&'a [u8], Error> {
        self.next().map_err(|_| Error::NoValue(keyword))
    }

    fn name(&mut self, what: &'static str) -> Result<Name<'a>, Error> {
        Name::new(what, self.next()?)
    }

    fn token(&mut self) -> Result<Token<'a>, Error> {
        Token::new(self.next()?)
    }

    /// A length of time that is not 0.
    fn millis(&mut self, name: &'static str) -> Result<Millis, Error> {
        self.integer(name, 1..=MAX_INT, Unit::Milliseconds).map(Millis)
    }

    fn integer(&mut self, name: &'static str, range: RangeInclusive<u64>, unit: Unit) -> Result<u64, Error> {
        integer_of(name, self.next()?, range, unit)
    }

    /// The integer that follows a keyword.
    fn value_of(&mut self, keyword: Keyword, range: RangeInclusive<u64>) -> Result<u64, Error> {
        let value = self.value(keyword)?;
        integer_of(keyword.as_str(), value, range, keyword.unit()).map_err(|error| {
            let is_keyword = Keyword::from_any_case(value).is_some();
            if is_keyword { Error::NoValue(keyword) } else { error }
        })
    }

    /// The instant that follows a keyword.
    fn instant_of(&mut self, keyword: Keyword) -> Result<UnixMs, Error> {
        match self.value_of(keyword, 0..=MAX_INT)? {
            seconds @ 1..FIRST_INSTANT => Err(Error::Seconds(keyword, seconds)),
            instant => Ok(UnixMs(instant)),
        }
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
            .ok_or(Error::Integer { name: "delta", min: max.wrapping_neg(), max, unit: Unit::None })?;
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    /// Passes every keyword that follows to `take`.
    fn keywords(
        &mut self,
        mut take: impl FnMut(&mut Self, Keyword) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Ok(word) = self.next() {
            let keyword = Keyword::from_any_case(word).ok_or_else(|| self.no_keyword(word))?;
            take(self, keyword)?;
        }
        Ok(())
    }

    /// Whether the one keyword of a command that takes no other is there.
    fn flag(&mut self, flag: Keyword) -> Result<bool, Error> {
        let mut is_set = None;
        self.keywords(|args, keyword| {
            if keyword == flag { once(keyword, &mut is_set, ()) } else { Err(args.foreign(keyword)) }
        })?;
        Ok(is_set.is_some())
    }

    /// The word that was taken last is no keyword.
    #[cold]
    fn no_keyword(&self, word: &[u8]) -> Error {
        let place = u8::try_from(self.count.saturating_sub(self.rest.len())).unwrap_or(u8::MAX);
        Error::NoKeyword { command: self.command, place, word: Word::new(word) }
    }

    /// The word that was taken last is a keyword, but none of this command.
    #[cold]
    fn foreign(&self, keyword: Keyword) -> Error {
        self.no_keyword(keyword.as_str().as_bytes())
    }

    fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Arity) }
    }

    fn rule(&mut self, keyword: Keyword, rules: &mut Alteration) -> Result<(), Error> {
        match keyword {
            Keyword::Limit => once(keyword, &mut rules.limit, self.value_of(keyword, 0..=MAX_QTY)?),
            Keyword::Attempts => once(keyword, &mut rules.attempts, self.value_of(keyword, 0..=MAX_QTY)?),
            Keyword::Hold => once(keyword, &mut rules.hold, Millis(self.value_of(keyword, 0..=MAX_INT)?)),
            Keyword::Opens => once(keyword, &mut rules.opens, self.instant_of(keyword)?),
            Keyword::Closes => once(keyword, &mut rules.closes, self.instant_of(keyword)?),
            _ => Err(self.foreign(keyword)),
        }
    }

    fn lock(&mut self, key: &'a [u8]) -> Result<Command<'a>, Error> {
        let (token, ttl) = (self.token()?, self.millis("ttl")?);
        let mut block = None;
        self.keywords(|args, keyword| match keyword {
            Keyword::Block => once(keyword, &mut block, Millis(args.value_of(keyword, 0..=MAX_INT)?)),
            _ => Err(args.foreign(keyword)),
        })?;
        Ok(Command::Lock { key, token, ttl, block })
    }

    fn create(&mut self) -> Result<Request<'a>, Error> {
        let mut stock = None;
        let mut rules = Alteration::default();
        self.keywords(|args, keyword| match keyword {
            Keyword::Stock => once(keyword, &mut stock, args.value_of(keyword, 0..=MAX_INT)?),
            _ => args.rule(keyword, &mut rules),
        })?;
        let what = CommandName::Create.as_str();
        let stock = stock.ok_or(Error::Needs { what, keyword: Keyword::Stock })?;
        Ok(Request::Create { stock, rules: Rules::default().with(rules).checked()? })
    }

    fn alter(&mut self) -> Result<Request<'a>, Error> {
        let mut alteration = Alteration::default();
        self.keywords(|args, keyword| args.rule(keyword, &mut alteration))?;
        if alteration == Alteration::default() {
            return Err(Error::NoRule);
        }
        Ok(Request::Alter(alteration))
    }

    fn restock(&mut self) -> Result<Request<'a>, Error> {
        let delta = self.delta()?;
        let mut id = None;
        self.keywords(|args, keyword| match keyword {
            Keyword::Id => once(keyword, &mut id, Name::new("id", args.value(keyword)?)?),
            _ => Err(args.foreign(keyword)),
        })?;
        if delta == 0 && id.is_none() {
            return Err(Error::Needs { what: "a delta of 0", keyword: Keyword::Id });
        }
        Ok(Request::Restock { delta, id })
    }

    fn cancel(&mut self) -> Result<Request<'a>, Error> {
        let order = self.name("order")?;
        Ok(Request::Cancel { order, refund: self.flag(Keyword::Refund)? })
    }

    fn buy(&mut self) -> Result<Request<'a>, Error> {
        let (buyer, order) = (self.name("buyer")?, self.name("order")?);
        let mut qty = None;
        let guard =
            self.purchase(|args| once(Keyword::Qty, &mut qty, args.value_of(Keyword::Qty, 1..=MAX_QTY)?))?;
        let qty = u32::try_from(qty.unwrap_or(1)).unwrap_or(u32::MAX);
        Ok(Request::Buy(Buy { buyer, order, qty, guard }))
    }

    fn buy_all(&mut self, numsales: &[u8]) -> Result<BuyAll<'a>, Error> {
        let most = u64::try_from(MAX_SALES).unwrap_or(u64::MAX);
        let count = integer_of("numsales", numsales, 1..=most, Unit::None)?;
        let sales = self.take(usize::try_from(count).unwrap_or(MAX_SALES))?;
        let is_repeated = |(place, sale)| sales.iter().take(place).any(|other| other == sale);
        if sales.iter().enumerate().any(is_repeated) {
            return Err(Error::SaleTwice);
        }
        let (buyer, order) = (self.name("buyer")?, self.name("order")?);
        let mut texts = None;
        let guard = self.purchase(|args| once(Keyword::Qty, &mut texts, args.values(Keyword::Qty)?))?;
        let quantities = Quantities::new(texts.unwrap_or_default(), sales.len())?;
        Ok(BuyAll { sales, buyer, order, quantities, guard })
    }

    /// The keywords of a purchase. `take_qty` takes the values of QTY.
    fn purchase(
        &mut self,
        mut take_qty: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<Option<Guard<'a>>, Error> {
        let (mut lock, mut release) = (None, None);
        let taken = self.keywords(|args, keyword| match keyword {
            Keyword::Qty => take_qty(args),
            Keyword::Lock => {
                let key = args.value(keyword)?;
                let token = args.value(keyword)?;
                once(keyword, &mut lock, (key, Token::new(token)?))
            }
            Keyword::Release => once(keyword, &mut release, ()),
            _ => Err(args.foreign(keyword)),
        });
        if let Err(error) = taken {
            // A token that is spelt like a keyword was probably meant to be that keyword.
            let is_keyword = lock.is_some_and(|(_, token)| Keyword::from_any_case(token.bytes()).is_some());
            let lacks_token = is_keyword && matches!(error, Error::NoKeyword { .. });
            return Err(if lacks_token { Error::NoValue(Keyword::Lock) } else { error });
        }
        match (lock, release) {
            (Some((key, token)), release) => Ok(Some(Guard { key, token, release: release.is_some() })),
            (None, Some(())) => Err(Error::Needs { what: Keyword::Release.as_str(), keyword: Keyword::Lock }),
            (None, None) => Ok(None),
        }
    }

    fn events(&mut self) -> Result<Query<'a>, Error> {
        let after = Seq(self.integer("after", 0..=MAX_INT, Unit::None)?);
        let (mut term, mut count, mut block) = (None, None, None);
        self.keywords(|args, keyword| match keyword {
            Keyword::Term => once(keyword, &mut term, Term(args.value_of(keyword, 0..=MAX_INT)?)),
            Keyword::Count => once(keyword, &mut count, args.value_of(keyword, 1..=EVENTS_MAX)?),
            Keyword::Block => once(keyword, &mut block, Millis(args.value_of(keyword, 0..=MAX_INT)?)),
            _ => Err(args.foreign(keyword)),
        })?;
        Ok(Query::Events { after, term, count: count.unwrap_or(EVENTS_DEFAULT), block })
    }
}
