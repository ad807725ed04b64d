//! The auditor: recomputes every figure of a sale, by other means than those that made it.

use std::collections::BTreeSet;

use super::event::{Event, OrderStatus};
use super::log::Logged;
use super::state::{Sale, Units};
use crate::protocol::{Name, OrderNumber, RestockNumber, Rules, Seq, State, Term, UnixMs};
use crate::storage::Directory;

/// What is inconsistent in a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum AuditError {
    #[error("this copy diverged from its primary")]
    Diverged,
    #[error("units of all orders overflow")]
    UnitsOverflow,
    #[error("a held order has no deadline")]
    NoDeadline,
    #[error("an order is not found by its id")]
    OrderNotIndexed,
    #[error("held or sold units are not those of the orders")]
    Units,
    #[error("the deadlines are not those of the held orders")]
    Deadlines,
    #[error("a buyer is not found by name")]
    BuyerNotIndexed,
    #[error("a buyer's order does not exist")]
    NoSuchOrder,
    #[error("an order stands with another buyer")]
    OtherBuyer,
    #[error("a buyer's units overflow")]
    BuyerUnitsOverflow,
    #[error("a buyer's orders are out of order")]
    BuyerOrders,
    #[error("a buyer's units are not those of the buyer's orders")]
    BuyerUnits,
    #[error("a buyer placed another number of orders")]
    BuyerPlaced,
    #[error("an order has no buyer")]
    NoBuyer,
    #[error("the history has a gap")]
    Gap,
    #[error("the history runs backwards")]
    Time,
    #[error("a term ended and came back")]
    Term,
    #[error("the history is cut short")]
    ShortHistory,
    #[error("a restocking id has no event")]
    RestockWithoutEvent,
    #[error("a restocking's delta is wrong")]
    RestockDelta,
    #[error("a restocking is not found by its id")]
    RestockNotIndexed,
    #[error("a restocking id is out of order")]
    RestockSequence,
    #[error("an order is out of order")]
    OrderSequence,
    #[error("an event of an order that does not exist")]
    EventWithoutOrder,
    #[error("the rules are not those of the history")]
    Rules,
    #[error("units put in are not available, held or sold")]
    Stock,
    #[error("an order's state is not that of the history")]
    OrderState,
}

impl Sale {
    /// Recomputes every figure from the orders, and every order from the history. Takes time and memory in
    /// proportion to the orders. Returns the first inconsistency.
    pub fn audit(&self) -> Result<(), AuditError> {
        expect(!self.diverged, AuditError::Diverged)?;
        self.audit_orders()?;
        self.audit_buyers()?;
        self.audit_history()
    }

    /// The totals, the holds and the index, from the orders.
    fn audit_orders(&self) -> Result<(), AuditError> {
        let mut claimed = Units::default();
        let mut holds = BTreeSet::new();
        for (number, order) in self.orders.iter() {
            claimed = claimed.shift(order.qty, None, order.state()).ok_or(AuditError::UnitsOverflow)?;
            if order.state() == State::Held {
                holds.insert(self.hold(number).ok_or(AuditError::NoDeadline)?);
            }
            expect(self.is_indexed(&self.orders, number), AuditError::OrderNotIndexed)?;
        }
        expect(claimed == self.claimed, AuditError::Units)?;
        expect(holds.into_iter().eq(self.holds.iter()), AuditError::Deadlines)
    }

    /// Every buyer's units and chain of orders, from the orders.
    fn audit_buyers(&self) -> Result<(), AuditError> {
        let mut seen = 0_u32;
        for (number, buyer) in self.buyers.iter() {
            expect(self.is_indexed(&self.buyers, number), AuditError::BuyerNotIndexed)?;
            let (mut units, mut orders) = (Units::default(), 0_u32);
            let mut next = Some(buyer.newest);
            while let Some(order) = next {
                let placed = self.orders.get(order).ok_or(AuditError::NoSuchOrder)?;
                expect({ placed.buyer } == number, AuditError::OtherBuyer)?;
                units =
                    units.shift(placed.qty, None, placed.state()).ok_or(AuditError::BuyerUnitsOverflow)?;
                orders = orders.saturating_add(1);
                next = placed.previous();
                expect(next.is_none_or(|next| next < order), AuditError::BuyerOrders)?;
            }
            expect(units == { buyer.units }, AuditError::BuyerUnits)?;
            expect(orders == { buyer.placed }, AuditError::BuyerPlaced)?;
            seen = seen.saturating_add(orders);
        }
        expect(seen == self.orders.len(), AuditError::NoBuyer)
    }

    fn is_indexed<N, T>(&self, directory: &Directory<N, T>, number: N) -> bool
    where
        N: From<u32> + Into<u32> + Copy + PartialEq,
    {
        let name: Option<Name<'_>> = directory.name(number);
        name.is_some_and(|name| directory.find(&self.hash(name)) == Some(number))
    }

    /// The rules, the stock and every order, from the history.
    fn audit_history(&self) -> Result<(), AuditError> {
        let mut replay = Replay::default();
        for logged in self.log.after(Seq(0)) {
            replay.event(self, &logged)?;
        }
        expect(replay.seq == self.seq(), AuditError::ShortHistory)?;
        expect(replay.restocks == self.restocks.len(), AuditError::RestockWithoutEvent)?;
        expect(replay.rules == self.rules, AuditError::Rules)?;
        let units = [self.available, self.claimed.held, self.claimed.sold];
        let accounted = units.into_iter().map(i128::from).fold(0_i128, i128::saturating_add);
        expect(replay.put_in == accounted, AuditError::Stock)?;
        let orders = self.orders.iter().map(|(_, order)| (order.seq(), order.state()));
        expect(replay.orders.into_iter().eq(orders), AuditError::OrderState)
    }
}

/// What the history amounts to.
#[derive(Default)]
struct Replay {
    seq: Seq,
    at: UnixMs,
    term: Term,
    restocks: u32,
    /// Units put in, less those taken out.
    put_in: i128,
    rules: Rules,
    /// The last event and the state of every order.
    orders: Vec<(Seq, State)>,
}

impl Replay {
    fn event(&mut self, sale: &Sale, logged: &Logged) -> Result<(), AuditError> {
        self.seq = self.seq.next();
        expect(logged.seq == self.seq, AuditError::Gap)?;
        expect(logged.at >= self.at, AuditError::Time)?;
        expect(logged.term >= self.term, AuditError::Term)?;
        (self.at, self.term) = (logged.at, logged.term);
        match logged.event {
            Event::Created { stock, rules } => {
                self.put_in = i128::from(stock);
                self.rules = rules;
            }
            Event::Altered { rules } => self.rules = rules,
            Event::Restocked { delta, id } => {
                self.put_in = self.put_in.saturating_add(i128::from(delta));
                if let Some(id) = id {
                    self.restock(sale, id, delta)?;
                }
            }
            Event::Opened { opening: OrderNumber(order), status } => {
                expect(usize::try_from(order) == Ok(self.orders.len()), AuditError::OrderSequence)?;
                self.orders.push((logged.seq, OrderStatus::from(status).state()));
            }
            Event::StatusChanged { order: OrderNumber(order), status } => {
                let order = usize::try_from(order).ok().and_then(|order| self.orders.get_mut(order));
                *order.ok_or(AuditError::EventWithoutOrder)? = (logged.seq, status.state());
            }
        }
        Ok(())
    }

    fn restock(&mut self, sale: &Sale, id: RestockNumber, delta: i64) -> Result<(), AuditError> {
        let known = sale.restocks.get(id).map(|restock| restock.delta);
        expect(known == Some(delta), AuditError::RestockDelta)?;
        expect(sale.is_indexed(&sale.restocks, id), AuditError::RestockNotIndexed)?;
        expect(id.0 == self.restocks, AuditError::RestockSequence)?;
        self.restocks = self.restocks.saturating_add(1);
        Ok(())
    }
}

fn expect(holds: bool, error: AuditError) -> Result<(), AuditError> {
    if holds { Ok(()) } else { Err(error) }
}
