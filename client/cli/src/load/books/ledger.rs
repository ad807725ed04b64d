//! The accounts of a sale, by its events from the first on.

use std::collections::HashMap;

use seckill_client::{Event, EventKind, Info, Rules};

use super::difference::Difference;
use super::figures::{Figures, signed};
use super::history::History;
use crate::load::told::Status;

/// An order.
pub(super) struct Account {
    /// The index of its buyer.
    buyer: u32,
    pub(super) qty: u32,
    deadline: u64,
    pub(super) was_extended: bool,
    pub(super) history: History,
}

/// What a buyer has.
struct Standing {
    name: Box<[u8]>,
    units: i64,
    orders: u64,
}

/// The accounts, and what is wrong with them by themselves.
pub(crate) struct Ledger {
    seq: u64,
    figures: Figures,
    rules: Option<Rules>,
    pub(super) orders: HashMap<Box<[u8]>, Account>,
    buyers: HashMap<Box<[u8]>, u32>,
    standings: Vec<Standing>,
    /// The figures of INFO before, and those by the events up to there.
    before: Info,
    then: Option<Figures>,
    differences: Vec<Difference>,
}

impl Ledger {
    /// Empty. `before` is what INFO said when the load began.
    pub(crate) fn new(before: Info) -> Self {
        Self {
            seq: 0,
            figures: Figures::default(),
            rules: None,
            orders: HashMap::new(),
            buyers: HashMap::new(),
            standings: Vec::new(),
            before,
            then: None,
            differences: Vec::new(),
        }
    }

    /// Enters the next event.
    pub(crate) fn enter(&mut self, event: Event) {
        if event.seq != self.seq + 1 {
            self.differences.push(Difference::Gap { last: self.seq, found: event.seq });
        }
        self.seq = event.seq;
        match event.kind {
            EventKind::Created { qty, rules } => {
                self.figures.available += signed(qty);
                self.rules = Some(rules);
            }
            EventKind::Altered { rules } => self.rules = Some(rules),
            EventKind::Restocked { qty, .. } => self.figures.available += qty,
            EventKind::Order { state, order, buyer, qty, deadline } => {
                if let Some(status) = Status::of(&state) {
                    self.enter_order(status, order, buyer, qty, deadline.unwrap_or_default(), event.at);
                }
            }
            _ => {}
        }
        if self.figures.available < 0 {
            let missing = self.figures.available.unsigned_abs();
            self.differences.push(Difference::Oversold { seq: self.seq, missing });
        }
        if self.seq == self.before.seq {
            self.then = Some(self.figures);
        }
    }

    fn enter_order(&mut self, to: Status, order: Vec<u8>, buyer: Vec<u8>, qty: u32, deadline: u64, at: u64) {
        let Some(account) = self.orders.get_mut(order.as_slice()) else {
            return self.open(to, order, buyer, qty, deadline);
        };
        let from = account.history.last();
        if (from, to) == (Status::Held, Status::Held) {
            account.deadline = deadline;
            account.was_extended = true;
        } else if account.history.go(to) {
            if to == Status::Expired && at < account.deadline {
                let early_ms = account.deadline - at;
                self.differences.push(Difference::ExpiredEarly { order: text(&order), early_ms });
            }
            let (buyer, units) = (account.buyer, i64::from(account.qty));
            self.figures.move_units(Some(from), to, units);
            if to != Status::Sold
                && let Some(standing) = self.standings.get_mut(buyer as usize)
            {
                standing.units -= units;
            }
        } else {
            self.differences.push(Difference::Impossible { order: text(&order), to, seq: self.seq });
        }
    }

    /// Enters a new order.
    fn open(&mut self, status: Status, order: Vec<u8>, buyer: Vec<u8>, qty: u32, deadline: u64) {
        if !matches!(status, Status::Held | Status::Sold) {
            let difference = Difference::Impossible { order: text(&order), to: status, seq: self.seq };
            return self.differences.push(difference);
        }
        let buyer = self.buyer(buyer.into());
        self.figures.orders += 1;
        self.figures.move_units(None, status, qty.into());
        if let Some(standing) = self.standings.get_mut(buyer as usize) {
            standing.units += i64::from(qty);
            standing.orders += 1;
            let broken = self.rules.and_then(|rules| standing.breaks(&rules, self.seq));
            self.differences.extend(broken);
        }
        let account = Account { buyer, qty, deadline, was_extended: false, history: History::begin(status) };
        self.orders.insert(order.into(), account);
    }

    /// The index of a buyer.
    fn buyer(&mut self, name: Box<[u8]>) -> u32 {
        let next = self.standings.len() as u32;
        *self.buyers.entry(name).or_insert_with_key(|name| {
            self.figures.buyers += 1;
            self.standings.push(Standing { name: name.clone(), units: 0, orders: 0 });
            next
        })
    }

    /// The name of the buyer of an order.
    pub(super) fn buyer_of(&self, account: &Account) -> &[u8] {
        self.standings.get(account.buyer as usize).map_or(&[], |standing| &standing.name)
    }

    /// What is wrong with the sale by itself, where INFO says this after the last event.
    pub(super) fn differences(&self, after: &Info) -> Vec<Difference> {
        let mut all = self.differences.clone();
        match self.then {
            Some(events) => all.extend(differ("before the load", &self.before, events)),
            None => all.push(Difference::LostHistory { seq: self.before.seq }),
        }
        all.extend(differ("after the load", after, self.figures));
        all
    }

    /// How many events were entered.
    pub(crate) fn events(&self) -> u64 {
        self.seq
    }
}

fn differ(when: &'static str, info: &Info, events: Figures) -> Option<Difference> {
    let info = Figures::of(info);
    (info != events).then_some(Difference::OtherFigures { when, info, events })
}

impl Standing {
    fn breaks(&self, rules: &Rules, seq: u64) -> Option<Difference> {
        let buyer = text(&self.name);
        let units = self.units.unsigned_abs();
        if rules.limit > 0 && units > rules.limit.into() {
            return Some(Difference::OverLimit { buyer, units, limit: rules.limit, seq });
        }
        let is_over = rules.attempts > 0 && self.orders > rules.attempts.into();
        is_over.then_some(Difference::OverAttempts {
            buyer,
            orders: self.orders,
            attempts: rules.attempts,
            seq,
        })
    }
}

/// A name that can be shown.
pub(super) fn text(name: &[u8]) -> String {
    name.escape_ascii().to_string()
}
