//! Applying an event: the only way in which a sale changes.

use super::batch::MalformedBatch;
use super::event::{BuyerRef, Event, KnownOrder, NewOrder, OpenStatus, OrderStatus, ResolvedEvent, Stamp};
use super::holds::Hold;
use super::state::{Buyer, Order, Restock, Sale, Units};
use crate::protocol::{Error, MAX_INT, State};
use crate::storage::Hashed;

/// Why an event, or a batch of events, cannot be applied to a copy of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The copy was marked diverged earlier.
    #[error("it diverged before")]
    Diverged,
    /// The bytes are no batch that this module can read.
    #[error(transparent)]
    Malformed(#[from] MalformedBatch),
    /// A batch has a head, and nothing after it.
    #[error("a batch without events")]
    NoEvents,
    /// The seq of an event is not the next one.
    #[error("an event is missing, or came twice")]
    OutOfSequence,
    /// An event is older than the one before it.
    #[error("time runs backwards")]
    OutOfTime,
    /// An event belongs to a term before the last one, or to none.
    #[error("a term that has ended")]
    EndedTerm,
    /// The first event is not the creation, or a later one is.
    #[error("a sale begins with its creation, once")]
    Creation,
    /// A term or a time that is too far ahead, from somebody who is not trusted.
    #[error("a term or a time in the far future")]
    FarFuture,
    /// There is no seq for one more event.
    #[error("its history is too long")]
    TooLong,
    /// An order is opened under the id of another.
    #[error("an order id that is taken")]
    OrderExists,
    /// A restock has the id of another.
    #[error("a restocking id that is taken")]
    RestockExists,
    /// An order is changed that does not exist.
    #[error("an order that does not exist")]
    NoSuchOrder,
    /// An order has a buyer that does not exist.
    #[error("a buyer that does not exist")]
    NoSuchBuyer,
    /// A status that cannot follow the one that the order has.
    #[error("an order's state that cannot follow the one it has")]
    StatusChange,
    /// A restock takes more than is available.
    #[error("more is taken than is available")]
    NoStock,
    /// A restock adds more than a sale can have.
    #[error("too much stock")]
    TooMuchStock,
    /// An order takes or returns more units than there are.
    #[error("more units than there are")]
    Units,
    /// There is no room for one more record.
    #[error("no room for another order, buyer or restocking id")]
    NoRoom,
    /// The sale changed after the decision was made.
    #[error("a decision about what has changed since")]
    StaleDecision,
}

impl Sale {
    /// Applies one event: either all of it or, when it cannot be applied, nothing.
    pub(super) fn apply(&mut self, stamp: Stamp, event: &ResolvedEvent<'_>) -> Result<(), ApplyError> {
        debug_assert!(self.log.at() <= stamp.at, "time runs backwards");
        if matches!(event, Event::Created { .. }) != (self.seq().0 == 0) {
            return Err(ApplyError::Creation);
        }
        if self.seq().0 >= MAX_INT {
            return Err(ApplyError::TooLong);
        }
        match *event {
            Event::Created { stock, rules } => {
                self.available = stock;
                self.rules = rules;
                self.log.push(stamp, &Event::Created { stock, rules });
            }
            Event::Altered { rules } => {
                self.rules = rules;
                self.log.push(stamp, &Event::Altered { rules });
            }
            Event::Restocked { delta, id } => self.apply_restock(stamp, delta, id)?,
            Event::Opened { opening, status } => self.apply_opening(stamp, &opening, status)?,
            Event::StatusChanged { order, status } => self.apply_status(stamp, order, status)?,
        }
        debug_assert!(self.total().is_some_and(|total| total <= MAX_INT), "more stock than a sale can have");
        Ok(())
    }

    /// All units: available, held and sold.
    fn total(&self) -> Option<u64> {
        self.claimed.total()?.checked_add(self.available)
    }

    /// Units available after a restock: [`Error::NoStock`] or [`Error::TooMuchStock`] when it is impossible.
    pub(super) fn available_after(&self, delta: i64) -> Result<u64, Error> {
        let available = self.available.checked_add_signed(delta).ok_or(Error::NoStock(self.available))?;
        let total = self.claimed.total().and_then(|claimed| claimed.checked_add(available));
        if total.is_some_and(|total| total <= MAX_INT) { Ok(available) } else { Err(Error::TooMuchStock) }
    }

    fn apply_restock(&mut self, stamp: Stamp, delta: i64, id: Option<Hashed<'_>>) -> Result<(), ApplyError> {
        let available = self.available_after(delta).map_err(|error| match error {
            Error::NoStock(_) => ApplyError::NoStock,
            _ => ApplyError::TooMuchStock,
        })?;
        let id = match id {
            Some(id) => Some(self.restocks.add(&id, Restock { delta }).ok_or(ApplyError::NoRoom)?),
            None => None,
        };
        self.available = available;
        self.log.push(stamp, &Event::Restocked { delta, id });
        Ok(())
    }

    fn apply_opening(
        &mut self,
        stamp: Stamp,
        opening: &NewOrder<'_>,
        status: OpenStatus,
    ) -> Result<(), ApplyError> {
        let NewOrder { order, buyer, qty } = *opening;
        let number = self.orders.next_number().ok_or(ApplyError::NoRoom)?;
        let known = match buyer.number {
            Some(number) => Some(*self.buyers.get(number).ok_or(ApplyError::NoSuchBuyer)?),
            None => None,
        };
        let units = known.map_or(Units::default(), |buyer| buyer.units);
        let state = OrderStatus::from(status).state();
        let balance = self.balance(units, qty, None, state)?;

        let placed = known.map_or(0, |buyer| buyer.placed).saturating_add(1);
        let entry = Buyer { newest: number, placed, units: balance.buyer };
        let buyer = match buyer {
            BuyerRef { number: Some(number), .. } => {
                if let Some(known) = self.buyers.get_mut(number) {
                    *known = entry;
                }
                number
            }
            BuyerRef { name, number: None } => self.buyers.add(&name, entry).ok_or(ApplyError::NoRoom)?,
        };
        self.set_balance(&balance);
        let seq = self.log.push(stamp, &Event::Opened { opening: number, status });
        let previous = known.map(|buyer| buyer.newest);
        let added = self.orders.add(&order, Order::new(buyer, qty, previous, seq, state));
        debug_assert_eq!(added, Some(number), "there was room for it");
        if let OpenStatus::Held { deadline } = status {
            self.holds.insert(Hold { deadline, order: number });
        }
        Ok(())
    }

    fn apply_status(
        &mut self,
        stamp: Stamp,
        order: KnownOrder,
        status: OrderStatus,
    ) -> Result<(), ApplyError> {
        let KnownOrder { number, hold } = order;
        let order = *self.orders.get(number).ok_or(ApplyError::NoSuchOrder)?;
        let (from, to) = (order.state(), status.state());
        if !matches!((from, to), (State::Held, _) | (State::Sold, State::Cancelled)) {
            return Err(ApplyError::StatusChange);
        }
        debug_assert_eq!(hold, self.hold(number), "the hold is that of the order");
        let buyer = *self.buyers.get(order.buyer).ok_or(ApplyError::NoSuchBuyer)?;
        let balance = self.balance(buyer.units, order.qty, Some(from), to)?;

        self.set_balance(&balance);
        if let Some(buyer) = self.buyers.get_mut(order.buyer) {
            buyer.units = balance.buyer;
        }
        let seq = self.log.push(stamp, &Event::StatusChanged { order: number, status });
        if let Some(order) = self.orders.get_mut(number) {
            order.set_last(seq, to);
        }
        if let Some(hold) = hold {
            self.holds.remove(hold);
        }
        if let Some(deadline) = status.deadline() {
            self.holds.insert(Hold { deadline, order: number });
        }
        Ok(())
    }

    /// The figures after `qty` units of a buyer went from one state to another, or from the stock.
    fn balance(&self, buyer: Units, qty: u32, from: Option<State>, to: State) -> Result<Balance, ApplyError> {
        let balance = || {
            let claimed = self.claimed.shift(qty, from, to)?;
            let available = self.total()?.checked_sub(claimed.total()?)?;
            Some(Balance { available, claimed, buyer: buyer.shift(qty, from, to)? })
        };
        balance().ok_or(ApplyError::Units)
    }

    fn set_balance(&mut self, balance: &Balance) {
        self.available = balance.available;
        self.claimed = balance.claimed;
    }
}

/// The figures that one event changes.
struct Balance {
    available: u64,
    claimed: Units,
    buyer: Units,
}
