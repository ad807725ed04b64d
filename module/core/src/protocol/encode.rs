//! Commands to bytes, the reverse of `parse`: `parse(encode(c)) == c`. Nothing is allocated.

use super::command::{Command, Query, Request};
use super::limits::EVENTS_DEFAULT;
use super::purchase::{Buy, BuyAll, Guard};
use super::rules::Alteration;
use super::words::Keyword;

impl Command<'_> {
    /// Passes the arguments to `push`, one by one, the name first.
    pub fn encode(&self, push: &mut dyn FnMut(&[u8])) {
        let mut out = Encoder { push };
        out.bytes(self.name().as_str().as_bytes());
        if let Some(key) = self.key() {
            out.bytes(key);
        }
        match self {
            Self::Lock { token, ttl, block, .. } => {
                out.bytes(token.bytes());
                out.integer(ttl.0);
                out.option(Keyword::Block, block.map(|block| block.0));
            }
            Self::Unlock { token, .. } => out.bytes(token.bytes()),
            Self::Renew { token, ttl, .. } => {
                out.bytes(token.bytes());
                out.integer(ttl.0);
            }
            Self::Decide { request, .. } => out.request(request),
            Self::BuyAll(all) => out.buy_all(all),
            Self::Read { query, .. } => out.query(query),
            Self::Apply { batch, .. } => out.bytes(batch),
            Self::Grant { token, until, fence, .. } => {
                out.bytes(token.bytes());
                out.integer(until.0);
                out.integer(fence.0);
            }
            Self::Fence { fence } => out.integer(fence.0),
            Self::Waiters { .. } => {}
        }
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

    fn flag(&mut self, keyword: Keyword, is_set: bool) {
        if is_set {
            self.keyword(keyword);
        }
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
                self.rules(&Alteration::from_default(rules));
            }
            Request::Alter(alteration) => self.rules(alteration),
            Request::Restock { delta, id } => {
                self.integer(*delta);
                if let Some(id) = id {
                    self.keyword(Keyword::Id);
                    self.bytes(&id.text());
                }
            }
            Request::Buy(buy) => self.buy(buy),
            Request::Confirm { order } => self.bytes(&order.text()),
            Request::Extend { order, hold } => {
                self.bytes(&order.text());
                self.integer(hold.0);
            }
            Request::Cancel { order, refund } => {
                self.bytes(&order.text());
                self.flag(Keyword::Refund, *refund);
            }
        }
    }

    fn query(&mut self, query: &Query<'_>) {
        match query {
            Query::Order { order } => self.bytes(&order.text()),
            Query::Buyer { buyer } => self.bytes(&buyer.text()),
            Query::Events { after, term, count, block } => {
                self.integer(after.0);
                self.option(Keyword::Term, term.map(|term| term.0));
                self.option(Keyword::Count, (*count != EVENTS_DEFAULT).then_some(*count));
                self.option(Keyword::Block, block.map(|block| block.0));
            }
            Query::Info => {}
            Query::Audit { force } => self.flag(Keyword::Force, *force),
        }
    }

    fn rules(&mut self, rules: &Alteration) {
        self.option(Keyword::Limit, rules.limit);
        self.option(Keyword::Attempts, rules.attempts);
        self.option(Keyword::Hold, rules.hold.map(|hold| hold.0));
        self.option(Keyword::Opens, rules.opens.map(|at| at.0));
        self.option(Keyword::Closes, rules.closes.map(|at| at.0));
    }

    fn buy(&mut self, buy: &Buy<'_>) {
        self.bytes(&buy.buyer.text());
        self.bytes(&buy.order.text());
        self.option(Keyword::Qty, (buy.qty != 1).then_some(u64::from(buy.qty)));
        self.guard(buy.guard);
    }

    fn buy_all(&mut self, all: &BuyAll<'_>) {
        self.integer(all.sales.len());
        all.sales.iter().for_each(|sale| self.bytes(sale));
        self.bytes(&all.buyer.text());
        self.bytes(&all.order.text());
        let quantities = all.quantities.texts();
        if !quantities.is_empty() {
            self.keyword(Keyword::Qty);
            quantities.iter().for_each(|text| self.bytes(text));
        }
        self.guard(all.guard);
    }

    fn guard(&mut self, guard: Option<Guard<'_>>) {
        if let Some(guard) = guard {
            self.keyword(Keyword::Lock);
            self.bytes(guard.key);
            self.bytes(guard.token.bytes());
            self.flag(Keyword::Release, guard.release);
        }
    }
}
