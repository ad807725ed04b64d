//! What commands read from a sale.

use super::event::Claim;
use super::log::TermStart;
use super::state::{Sale, Units};
use crate::protocol::{
    BUYER_ORDERS, BuyerNumber, Error, Name, OrderNumber, Phase, Rules, Seq, State, Term, UnixMs,
};

/// An order, as ORDER replies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderView<'s> {
    /// Its id, buyer and quantity.
    pub claim: Claim<'s>,
    /// Its state; a hold that is due counts as expired.
    pub state: State,
    /// When it was bought.
    pub at: UnixMs,
    /// When its hold ends; `None` when it is not held.
    pub deadline: Option<UnixMs>,
    /// The seq of its last event.
    pub seq: Seq,
}

/// The role of the server that has a copy of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It decides, so its history is all there is.
    Primary,
    /// It applies what a primary decided, and may lag behind.
    Replica,
}

/// The figures of a sale, as INFO replies them.
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
    /// Orders that it can still take.
    pub room: u32,
    pub seq: Seq,
    pub term: Term,
    pub created: UnixMs,
    pub diverged: bool,
}

impl Sale {
    /// An order, by its id.
    #[must_use]
    pub fn order(&self, order: Name<'_>, now: UnixMs) -> Option<OrderView<'_>> {
        let number = self.orders.find(&self.hash(order))?;
        let order = self.orders.get(number)?;
        let hold = self.hold(number);
        let due = hold.is_some_and(|hold| hold.is_due(now));
        Some(OrderView {
            claim: self.claim(number)?,
            state: if due { State::Expired } else { order.state() },
            at: self.log.opening(number)?.at,
            deadline: hold.filter(|_| !due).map(|hold| hold.deadline),
            seq: order.seq(),
        })
    }

    /// The id, buyer and quantity of an order, by its number.
    #[must_use]
    pub fn claim(&self, number: OrderNumber) -> Option<Claim<'_>> {
        let order = self.orders.get(number)?;
        let buyer = self.buyers.name(order.buyer)?;
        Some(Claim { order: self.orders.name(number)?, buyer, qty: order.qty })
    }

    /// The units that a buyer has; none for a buyer without orders.
    #[must_use]
    pub fn buyer_units(&self, buyer: Name<'_>) -> Units {
        let number = self.buyer(buyer);
        number.and_then(|number| self.buyers.get(number)).map_or(Units::default(), |buyer| buyer.units)
    }

    /// The ids of a buyer's orders, the newest first, at most [`BUYER_ORDERS`].
    pub fn buyer_orders(&self, buyer: Name<'_>) -> impl Iterator<Item = Name<'_>> {
        let number = self.buyer(buyer);
        let newest = number.and_then(|number| self.buyers.get(number)).map(|buyer| buyer.newest);
        core::iter::successors(newest, |number| self.orders.get(*number)?.previous())
            .take(BUYER_ORDERS)
            .map_while(|number| self.orders.name(number))
    }

    fn buyer(&self, buyer: Name<'_>) -> Option<BuyerNumber> {
        self.buyers.find(&self.hash(buyer))
    }

    /// The figures, of a sale that may have `max_orders` orders.
    #[must_use]
    pub fn info(&self, now: UnixMs, max_orders: u32) -> Info {
        let rules = self.rules;
        let state = match rules.phase(now) {
            Phase::Open if self.available == 0 => Phase::SoldOut,
            phase => phase,
        };
        Info {
            state,
            available: self.available,
            held: self.claimed.held,
            sold: self.claimed.sold,
            orders: self.orders.len(),
            buyers: self.buyers.len(),
            rules,
            room: max_orders.saturating_sub(self.orders.len()),
            seq: self.seq(),
            term: self.term(),
            created: self.log.get(Seq(1)).map_or(UnixMs(0), |logged| logged.at),
            diverged: self.diverged,
        }
    }

    /// Checks that the last event that a reader stored is in this sale's history. If it is not,
    /// [`Error::Forked`] has the last seq that both histories may share, and the term of that event here.
    ///
    /// The reader takes back its events of a higher seq, and those of a higher term, for a term that began
    /// after that one is not part of this history. If the reader's term is known here, that is where the
    /// histories part. If it is not, the reader's own earlier terms decide: it asks again with what is then
    /// its last event, at most once for each of its terms.
    ///
    /// A replica knows only what it was sent. A reader that is ahead of it is not contradicted by that, unless
    /// this history has a higher term already: then what the reader stored cannot come any more.
    pub fn check_reader(&self, term: Term, seq: Seq, role: Role) -> Result<(), Error> {
        let Some(before) = seq.0.checked_sub(1).map(Seq) else { return Ok(()) };
        if role == Role::Replica && seq > self.seq() && term >= self.term() {
            return Ok(());
        }
        let terms = self.log.terms();
        let known = terms.partition_point(|start| start.term <= term);
        // The last event here of the reader's term, or of the latest one before it.
        let end = match terms.get(known) {
            Some(next) => Seq(next.first.0.saturating_sub(1)),
            None => self.seq(),
        };
        match known.checked_sub(1).and_then(|last| terms.get(last)) {
            Some(TermStart { term: last, first }) if *last == term && (*first..=end).contains(&seq) => Ok(()),
            _ => {
                let seq = end.min(before);
                Err(Error::Forked { seq, term: self.log.term_at(seq) })
            }
        }
    }
}
