//! Bytes to commands and back, side by side: `parse(encode(c)) == c`.
//!
//! A command borrows from its arguments; neither direction allocates.

use crate::command::{Alteration, Buy, Command, Guard, Query, Request, Rules};
use crate::error::Error;
use crate::wire::{EVENTS_DEFAULT, EVENTS_MAX, Keyword, MAX_INT, MAX_NAME, MAX_QTY, Name};

/// The most arguments that a well-formed command has, its name included; more is a syntax error.
pub const MAX_ARGS: usize = 12;

impl<'a> Command<'a> {
    /// Reads a command and its arguments, its name first.
    pub fn parse(args: &[&'a [u8]]) -> Result<Self, Error> {
        let mut args = Args { rest: args };
        let name = Name::in_any_case(args.next()?).ok_or(Error::Syntax)?;
        // The key of the lock or the sale comes first in every command.
        let key = args.next()?;
        let decide = |request| Self::Decide { sale: key, request };
        let read = |query| Self::Read { sale: key, query };
        let command = match name {
            Name::Lock => args.lock(key)?,
            Name::Unlock => Self::Unlock { key, token: args.name("token")? },
            Name::Renew => {
                Self::Renew { key, token: args.name("token")?, ttl: args.integer("ttl", 1, MAX_INT)? }
            }
            Name::Create => decide(args.create()?),
            Name::Alter => decide(args.alter()?),
            Name::Restock => decide(args.restock()?),
            Name::Buy => decide(args.buy()?),
            Name::Confirm => decide(Request::Confirm { order: args.name("order")? }),
            Name::Extend => {
                let order = args.name("order")?;
                decide(Request::Extend { order, hold: args.integer("hold", 1, MAX_INT)? })
            }
            Name::Cancel => decide(args.cancel()?),
            Name::Order => read(Query::Order { order: args.name("order")? }),
            Name::Buyer => read(Query::Buyer { buyer: args.name("buyer")? }),
            Name::Events => read(args.events()?),
            Name::Info => read(Query::Info),
            Name::Audit => read(Query::Audit),
            Name::Apply => Self::Apply { sale: key, batch: args.next()? },
            Name::Grant => Self::Grant {
                key,
                token: args.name("token")?,
                until: args.integer("pxat", 1, MAX_INT)?,
                fence: args.integer("fence", 1, MAX_INT)?,
            },
        };
        args.finish()?;
        Ok(command)
    }

    /// Passes the arguments to `push`, one by one, the name first.
    pub fn encode(&self, push: &mut dyn FnMut(&[u8])) {
        let mut out = Encoder { push };
        out.bytes(self.name().as_str().as_bytes());
        out.bytes(self.key());
        match self {
            Self::Lock { token, ttl, block, .. } => {
                out.bytes(token);
                out.integer(*ttl);
                out.option(Keyword::Block, *block);
            }
            Self::Unlock { token, .. } => out.bytes(token),
            Self::Renew { token, ttl, .. } => {
                out.bytes(token);
                out.integer(*ttl);
            }
            Self::Decide { request, .. } => out.request(request),
            Self::Read { query, .. } => out.query(query),
            Self::Apply { batch, .. } => out.bytes(batch),
            Self::Grant { token, until, fence, .. } => {
                out.bytes(token);
                out.integer(*until);
                out.integer(*fence);
            }
        }
    }
}

fn name_of<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
    if (1..=MAX_NAME).contains(&bytes.len()) { Ok(bytes) } else { Err(Error::Length(what)) }
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

fn integer_of(name: &'static str, bytes: &[u8], min: u64, max: u64) -> Result<u64, Error> {
    digits(bytes).filter(|value| (min..=max).contains(value)).ok_or(Error::Integer {
        name,
        min: i64::try_from(min).unwrap_or(i64::MAX),
        max: i64::try_from(max).unwrap_or(i64::MAX),
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

    fn name(&mut self, what: &'static str) -> Result<&'a [u8], Error> {
        name_of(what, self.next()?)
    }

    fn integer(&mut self, name: &'static str, min: u64, max: u64) -> Result<u64, Error> {
        integer_of(name, self.next()?, min, max)
    }

    /// The integer that follows a keyword.
    fn value_of(&mut self, keyword: Keyword, min: u64, max: u64) -> Result<u64, Error> {
        integer_of(keyword.as_str(), self.value()?, min, max)
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
            let keyword = Keyword::in_any_case(word).ok_or(Error::Syntax)?;
            take(self, keyword)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Arity) }
    }

    fn rule(&mut self, keyword: Keyword, rules: &mut Alteration) -> Result<(), Error> {
        match keyword {
            Keyword::Limit => once(&mut rules.limit, self.value_of(keyword, 0, MAX_QTY)?),
            Keyword::Hold => once(&mut rules.hold, self.value_of(keyword, 0, MAX_INT)?),
            Keyword::Opens => once(&mut rules.opens, self.value_of(keyword, 0, MAX_INT)?),
            Keyword::Closes => once(&mut rules.closes, self.value_of(keyword, 0, MAX_INT)?),
            _ => Err(Error::Syntax),
        }
    }

    fn lock(&mut self, key: &'a [u8]) -> Result<Command<'a>, Error> {
        let (token, ttl) = (self.name("token")?, self.integer("ttl", 1, MAX_INT)?);
        let mut block = None;
        self.keywords(|args, keyword| match keyword {
            Keyword::Block => once(&mut block, args.value_of(keyword, 0, MAX_INT)?),
            _ => Err(Error::Syntax),
        })?;
        Ok(Command::Lock { key, token, ttl, block })
    }

    fn create(&mut self) -> Result<Request<'a>, Error> {
        let mut stock = None;
        let mut rules = Alteration::default();
        self.keywords(|args, keyword| match keyword {
            Keyword::Stock => once(&mut stock, args.value_of(keyword, 0, MAX_INT)?),
            _ => args.rule(keyword, &mut rules),
        })?;
        let rules = Rules {
            limit: rules.limit.unwrap_or(0),
            hold: rules.hold.unwrap_or(0),
            opens: rules.opens.unwrap_or(0),
            closes: rules.closes.unwrap_or(0),
        };
        Ok(Request::Create { stock: stock.ok_or(Error::Syntax)?, rules: rules.checked()? })
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
            Keyword::Id => once(&mut id, name_of("id", args.value()?)?),
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
            Keyword::Qty => once(&mut qty, args.value_of(keyword, 1, MAX_QTY)?),
            Keyword::Lock => {
                let key = args.value()?;
                let token = args.value()?;
                once(&mut lock, (key, name_of("token", token)?))
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
        let after = self.integer("after", 0, MAX_INT)?;
        let (mut term, mut count, mut block) = (None, None, None);
        self.keywords(|args, keyword| match keyword {
            Keyword::Term => once(&mut term, args.value_of(keyword, 0, MAX_INT)?),
            Keyword::Count => once(&mut count, args.value_of(keyword, 1, EVENTS_MAX)?),
            Keyword::Block => once(&mut block, args.value_of(keyword, 0, MAX_INT)?),
            _ => Err(Error::Syntax),
        })?;
        Ok(Query::Events { after, term, count: count.unwrap_or(EVENTS_DEFAULT), block })
    }
}

/// Writes arguments.
struct Encoder<'p> {
    push: &'p mut dyn FnMut(&[u8]),
}

impl Encoder<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        (self.push)(bytes);
    }

    fn keyword(&mut self, keyword: Keyword) {
        self.bytes(keyword.as_str().as_bytes());
    }

    fn integer(&mut self, value: impl itoa::Integer) {
        self.bytes(itoa::Buffer::new().format(value).as_bytes());
    }

    fn option(&mut self, keyword: Keyword, value: Option<u64>) {
        if let Some(value) = value {
            self.keyword(keyword);
            self.integer(value);
        }
    }

    fn request(&mut self, request: &Request<'_>) {
        match request {
            Request::Create { stock, rules } => {
                self.option(Keyword::Stock, Some(*stock));
                let given = |value: u64| (value != 0).then_some(value);
                self.rules(&Alteration {
                    limit: given(rules.limit),
                    hold: given(rules.hold),
                    opens: given(rules.opens),
                    closes: given(rules.closes),
                });
            }
            Request::Alter(alteration) => self.rules(alteration),
            Request::Restock { delta, id } => {
                self.integer(*delta);
                if let Some(id) = id {
                    self.keyword(Keyword::Id);
                    self.bytes(id);
                }
            }
            Request::Buy(buy) => self.buy(buy),
            Request::Confirm { order } => self.bytes(order),
            Request::Extend { order, hold } => {
                self.bytes(order);
                self.integer(*hold);
            }
            Request::Cancel { order, refund } => {
                self.bytes(order);
                if *refund {
                    self.keyword(Keyword::Refund);
                }
            }
        }
    }

    fn query(&mut self, query: &Query<'_>) {
        match query {
            Query::Order { order } => self.bytes(order),
            Query::Buyer { buyer } => self.bytes(buyer),
            Query::Events { after, term, count, block } => {
                self.integer(*after);
                self.option(Keyword::Term, *term);
                self.option(Keyword::Count, (*count != EVENTS_DEFAULT).then_some(*count));
                self.option(Keyword::Block, *block);
            }
            Query::Info | Query::Audit => {}
        }
    }

    fn rules(&mut self, rules: &Alteration) {
        self.option(Keyword::Limit, rules.limit);
        self.option(Keyword::Hold, rules.hold);
        self.option(Keyword::Opens, rules.opens);
        self.option(Keyword::Closes, rules.closes);
    }

    fn buy(&mut self, buy: &Buy<'_>) {
        self.bytes(buy.buyer);
        self.bytes(buy.order);
        self.option(Keyword::Qty, (buy.qty != 1).then_some(u64::from(buy.qty)));
        if let Some(guard) = buy.guard {
            self.keyword(Keyword::Lock);
            self.bytes(guard.key);
            self.bytes(guard.token);
            if guard.release {
                self.keyword(Keyword::Release);
            }
        }
    }
}
