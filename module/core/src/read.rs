//! What is read from a sale.

use crate::command::Rules;
use crate::error::Error;
use crate::names::Name;
use crate::sale::{Sale, Units};
use crate::wire::{BUYER_ORDERS, Phase, State};

/// An order, as ORDER tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderView<'s> {
    /// Whose, and how much.
    pub claim: Claim<'s>,
    /// Its state; a hold that is due counts as expired.
    pub state: State,
    /// When it was bought, in unix ms.
    pub at: u64,
    /// When its hold ends, in unix ms; 0 when it is not held.
    pub deadline: u64,
    /// The seq of its last event.
    pub seq: u64,
}

/// The particulars of an order that never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'s> {
    /// Its id.
    pub order: Name<'s>,
    /// Who bought.
    pub buyer: Name<'s>,
    /// Units.
    pub qty: u32,
}

/// The figures of a sale, as INFO tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Info {
    pub state: Phase,
    pub available: u64,
    pub held: u64,
    pub sold: u64,
    pub orders: u32,
    pub buyers: u32,
    pub rules: Rules,
    pub seq: u64,
    pub term: u64,
    pub created: u64,
    pub diverged: bool,
}

impl Sale {
    /// An order, by its id.
    #[must_use]
    pub fn order(&self, order: &[u8], now: u64) -> Option<OrderView<'_>> {
        let number = self.orders.find(&self.hashed(Name::new(order)?))?;
        let order = self.orders.get(number)?;
        let deadline = self.hold(number).map_or(0, |hold| hold.deadline);
        let due = order.state() == State::Held && deadline <= self.clock(now);
        Some(OrderView {
            claim: self.claim(number)?,
            state: if due { State::Expired } else { order.state() },
            at: self.log.opening(number)?.at,
            deadline: if due { 0 } else { deadline },
            seq: order.seq(),
        })
    }

    /// The particulars of an order, by its number.
    #[must_use]
    pub fn claim(&self, number: u32) -> Option<Claim<'_>> {
        let order = self.orders.get(number)?;
        let buyer = self.buyers.name(order.buyer)?;
        Some(Claim { order: self.orders.name(number)?, buyer, qty: order.qty })
    }

    /// The units that a buyer has. Who never bought has none.
    #[must_use]
    pub fn buyer_units(&self, buyer: &[u8]) -> Units {
        self.buyer(buyer).and_then(|number| self.buyers.get(number)).map_or(Units::default(), |b| b.units)
    }

    /// The ids of a buyer's orders, the newest first, at most [`BUYER_ORDERS`].
    pub fn buyer_orders(&self, buyer: &[u8]) -> impl Iterator<Item = Name<'_>> {
        let newest = self.buyer(buyer).and_then(|number| self.buyers.get(number)).map(|b| b.newest);
        core::iter::successors(newest, |number| self.orders.get(*number)?.previous())
            .take(BUYER_ORDERS)
            .map_while(|number| self.orders.name(number))
    }

    fn buyer(&self, buyer: &[u8]) -> Option<u32> {
        self.buyers.find(&self.hashed(Name::new(buyer)?))
    }

    /// The figures.
    #[must_use]
    pub fn info(&self, now: u64) -> Info {
        let now = self.clock(now);
        let rules = self.rules;
        let state = if now < rules.opens {
            Phase::Upcoming
        } else if rules.closes != 0 && now >= rules.closes {
            Phase::Closed
        } else if self.available == 0 {
            Phase::SoldOut
        } else {
            Phase::Open
        };
        Info {
            state,
            available: self.available,
            held: self.claimed.held,
            sold: self.claimed.sold,
            orders: self.orders.len(),
            buyers: self.buyers.len(),
            rules,
            seq: self.seq(),
            term: self.term(),
            created: self.log.get(1).map_or(0, |logged| logged.at),
            diverged: self.diverged,
        }
    }

    /// Whether the last event that a reader stored is in this sale's history: [`Error::Forked`] when it is
    /// not, with the last seq that both histories may share, and the term of it here.
    ///
    /// The reader takes back its events of a higher seq, and those of a higher term, for a term that began
    /// after that one is none of this history. When the reader's term is known here, that is where the
    /// histories part. When it is not, the reader's own earlier terms decide: it asks again with what is then
    /// its last event, at most once for each of its terms.
    pub fn check_reader(&self, term: u64, seq: u64) -> Result<(), Error> {
        if seq == 0 {
            return Ok(());
        }
        let terms = self.log.terms();
        let known = terms.partition_point(|known| known.term <= term);
        // The last event here of the reader's term, or of the latest one before it.
        let end = terms.get(known).map_or(self.seq(), |next| next.first.saturating_sub(1));
        match known.checked_sub(1).and_then(|last| terms.get(last)) {
            Some(last) if last.term == term && (last.first..=end).contains(&seq) => Ok(()),
            _ => {
                let seq = end.min(seq.saturating_sub(1));
                Err(Error::Forked { seq, term: self.log.term_at(seq) })
            }
        }
    }
}
