//! The auditor: recomputes every figure, by other means than those that made it.

use std::collections::BTreeSet;

use crate::command::Rules;
use crate::directory::Directory;
use crate::events::Standing;
use crate::log::{Logged, Record};
use crate::names::Name;
use crate::sale::{Sale, Units};
use crate::wire::State;

/// What differs.
type Finding = &'static str;

impl Sale {
    /// Checks the books: every figure against the orders, and the orders against the history. Takes time and
    /// memory in proportion to the orders. Tells the first thing that differs.
    pub fn audit(&self) -> Result<(), Finding> {
        if self.diverged {
            return Err("this copy diverged from its primary");
        }
        self.audit_orders()?;
        self.audit_buyers()?;
        self.audit_history()
    }

    /// The totals, the holds and the index, from the orders.
    fn audit_orders(&self) -> Result<(), Finding> {
        let mut claimed = Units::default();
        let mut holds = BTreeSet::new();
        for (number, order) in (0..).zip(self.orders.iter()) {
            claimed = claimed.shift(order.qty, None, order.state()).ok_or("units of all orders overflow")?;
            if order.state() == State::Held {
                let hold = self.hold(number).ok_or("a held order has no deadline")?;
                holds.insert(hold);
            }
            expect(self.indexed(&self.orders, number), "an order is not found by its id")?;
        }
        expect(claimed == self.claimed, "held or sold units are not those of the orders")?;
        expect(holds.into_iter().eq(self.holds.iter()), "the deadlines are not those of the held orders")
    }

    /// Every buyer's units and chain of orders, from the orders.
    fn audit_buyers(&self) -> Result<(), Finding> {
        let mut seen = 0_u32;
        for (number, buyer) in (0..).zip(self.buyers.iter()) {
            expect(self.indexed(&self.buyers, number), "a buyer is not found by name")?;
            let mut units = Units::default();
            let mut next = Some(buyer.newest);
            while let Some(order) = next {
                let placed = self.orders.get(order).ok_or("a buyer's order does not exist")?;
                expect(placed.buyer == number, "an order stands with another buyer")?;
                units = units.shift(placed.qty, None, placed.state()).ok_or("a buyer's units overflow")?;
                seen = seen.saturating_add(1);
                next = placed.previous();
                expect(next.is_none_or(|next| next < order), "a buyer's orders are out of order")?;
            }
            expect(units == { buyer.units }, "a buyer's units are not those of the buyer's orders")?;
        }
        expect(seen == self.orders.len(), "an order has no buyer")
    }

    fn indexed<T>(&self, directory: &Directory<T>, number: u32) -> bool {
        let name: Option<Name<'_>> = directory.name(number);
        name.is_some_and(|name| directory.find(&self.hashed(name)) == Some(number))
    }

    /// The rules, the stock and every order, from the history.
    fn audit_history(&self) -> Result<(), Finding> {
        let mut books = Books::default();
        for logged in self.log.after(0) {
            books.enter(self, &logged)?;
        }
        expect(books.seq == self.seq(), "the history is cut short")?;
        expect(books.restockings == self.restockings.len(), "a restocking id has no event")?;
        expect(books.rules == self.rules, "the rules are not those of the history")?;
        let units = [self.available, self.claimed.held, self.claimed.sold];
        let accounted = units.into_iter().map(i128::from).fold(0_i128, i128::saturating_add);
        expect(books.put_in == accounted, "units put in are not available, held or sold")?;
        expect(
            books.orders.iter().eq(self.orders.iter().map(|order| (order.seq(), order.state()))),
            "an order's state is not that of the history",
        )
    }
}

/// What the history comes to.
#[derive(Default)]
struct Books {
    seq: u64,
    at: u64,
    term: u64,
    restockings: u32,
    put_in: i128,
    rules: Rules,
    orders: Orders,
}

impl Books {
    /// Enters one event.
    fn enter(&mut self, sale: &Sale, logged: &Logged) -> Result<(), Finding> {
        self.seq = self.seq.saturating_add(1);
        expect(logged.seq == self.seq, "the history has a gap")?;
        expect(logged.at >= self.at, "the history runs backwards")?;
        expect(logged.term >= self.term, "a term ended and came back")?;
        (self.at, self.term) = (logged.at, logged.term);
        match logged.record {
            Record::Created { stock, rules } => {
                self.put_in = i128::from(stock);
                self.rules = rules;
            }
            Record::Altered { rules } => self.rules = rules,
            Record::Restocked { delta, id } => {
                self.put_in = self.put_in.saturating_add(i128::from(delta));
                if let Some(id) = id {
                    let known = sale.restockings.get(id).map(|restocking| restocking.delta);
                    expect(known == Some(delta), "a restocking's delta is wrong")?;
                    expect(sale.indexed(&sale.restockings, id), "a restocking is not found by its id")?;
                    expect(id == self.restockings, "a restocking id is out of order")?;
                    self.restockings = self.restockings.saturating_add(1);
                }
            }
            Record::Opened { order, standing } => {
                expect(usize::try_from(order) == Ok(self.orders.len()), "an order is out of order")?;
                self.orders.push(logged.seq, standing);
            }
            Record::Moved { order, standing } => self.orders.set(order, logged.seq, standing)?,
        }
        Ok(())
    }
}

/// The seq and state of every order.
#[derive(Default)]
struct Orders(Vec<(u64, State)>);

impl Orders {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, seq: u64, standing: Standing) {
        self.0.push((seq, standing.state()));
    }

    fn set(&mut self, order: u32, seq: u64, standing: Standing) -> Result<(), Finding> {
        let order = usize::try_from(order).ok().and_then(|order| self.0.get_mut(order));
        *order.ok_or("an event of an order that does not exist")? = (seq, standing.state());
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (u64, State)> {
        self.0.iter().copied()
    }
}

fn expect(holds: bool, finding: Finding) -> Result<(), Finding> {
    if holds { Ok(()) } else { Err(finding) }
}
