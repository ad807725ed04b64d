//! The state of a sale, and the only way in which it changes: applying an event.

use crate::change::{Change, Party, Stamp, Unfit};
use crate::command::Rules;
use crate::directory::Directory;
use crate::error::Error;
use crate::events::Standing;
use crate::holds::{Hold, Holds};
use crate::index::{Hashed, Seed};
use crate::log::{Log, Record};
use crate::names::Name;
use crate::wire::{MAX_INT, State};

/// Stands for "no order" where a number of an order is kept.
const NONE: u32 = u32::MAX;

/// A sale: stock, orders and history.
///
/// A new one is blank: it has no event yet. Only CREATE makes something of it.
#[derive(Clone)]
pub struct Sale {
    pub(crate) rules: Rules,
    pub(crate) available: u64,
    pub(crate) claimed: Units,
    pub(crate) orders: Directory<Order>,
    pub(crate) buyers: Directory<Buyer>,
    pub(crate) restockings: Directory<Restocking>,
    pub(crate) holds: Holds,
    pub(crate) log: Log,
    /// Under whose tenure the last event was decided here; 0 when it came from elsewhere.
    pub(crate) tenure: u64,
    pub(crate) diverged: bool,
    seed: Seed,
}

/// Units that are not available any more: of a whole sale, or of one buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// In orders that are held.
    pub held: u64,
    /// In orders that are sold.
    pub sold: u64,
}

impl Units {
    /// Both; `None` when that is out of range.
    pub(crate) fn total(self) -> Option<u64> {
        self.held.checked_add(self.sold)
    }

    /// What they are when `qty` units go from one state to another; `None` stands for the stock.
    pub(crate) fn shift(mut self, qty: u32, from: Option<State>, to: State) -> Option<Self> {
        let qty = u64::from(qty);
        match from {
            Some(State::Held) => self.held = self.held.checked_sub(qty)?,
            Some(State::Sold) => self.sold = self.sold.checked_sub(qty)?,
            Some(State::Cancelled | State::Expired) | None => {}
        }
        match to {
            State::Held => self.held = self.held.checked_add(qty)?,
            State::Sold => self.sold = self.sold.checked_add(qty)?,
            State::Cancelled | State::Expired => {}
        }
        Some(self)
    }
}

/// An order. Its time and its deadline stand in the log. Packed, for there may be millions.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct Order {
    pub(crate) buyer: u32,
    pub(crate) qty: u32,
    /// The order that the same buyer placed before, or [`NONE`].
    previous: u32,
    /// The seq of its last event, and in the two low bits its state.
    last: u64,
}

impl Order {
    fn new(buyer: u32, qty: u32, previous: u32, seq: u64, state: State) -> Self {
        let mut order = Self { buyer, qty, previous, last: 0 };
        order.set_last(seq, state);
        order
    }

    pub(crate) fn state(self) -> State {
        match self.last & 3 {
            0 => State::Held,
            1 => State::Sold,
            2 => State::Cancelled,
            _ => State::Expired,
        }
    }

    pub(crate) fn seq(self) -> u64 {
        self.last >> 2
    }

    fn set_last(&mut self, seq: u64, state: State) {
        let bits = match state {
            State::Held => 0,
            State::Sold => 1,
            State::Cancelled => 2,
            State::Expired => 3,
        };
        self.last = seq << 2 | bits;
    }

    /// The order that the same buyer placed before.
    pub(crate) fn previous(self) -> Option<u32> {
        (self.previous != NONE).then_some(self.previous)
    }
}

/// A buyer. Packed, for there may be millions.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct Buyer {
    /// The last order placed.
    pub(crate) newest: u32,
    pub(crate) units: Units,
}

/// A restocking that happens once.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct Restocking {
    pub(crate) delta: i64,
}

impl Sale {
    /// A blank sale.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            rules: Rules::default(),
            available: 0,
            claimed: Units::default(),
            orders: Directory::default(),
            buyers: Directory::default(),
            restockings: Directory::default(),
            holds: Holds::default(),
            log: Log::default(),
            tenure: 0,
            diverged: false,
            seed,
        }
    }

    /// An independent copy. Its next decision begins a term, for another history begins there.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { tenure: 0, ..self.clone() }
    }

    /// The seq of its last event; 0 when it is blank.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.log.len()
    }

    /// The term of its last event.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.log.term()
    }

    /// Whether this copy was told something that does not follow from what it knows.
    #[must_use]
    pub fn diverged(&self) -> bool {
        self.diverged
    }

    /// When the next hold falls due, in unix ms.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        self.holds.iter().next().map(|hold| hold.deadline)
    }

    /// Memory, in bytes, in constant time.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            .saturating_add(self.orders.memory())
            .saturating_add(self.buyers.memory())
            .saturating_add(self.restockings.memory())
            .saturating_add(self.holds.memory())
            .saturating_add(self.log.memory())
    }

    /// Marks this copy as one that does not follow its primary.
    pub fn mark_diverged(&mut self) {
        self.diverged = true;
    }

    /// A name as the directories of this sale know it.
    pub(crate) fn hashed<'a>(&self, name: Name<'a>) -> Hashed<'a> {
        self.seed.hash(name)
    }

    /// The names of an order and of its buyer, which are about to be looked for.
    pub(crate) fn sought<'a>(&self, order: Name<'a>, buyer: Name<'a>) -> (Hashed<'a>, Hashed<'a>) {
        let (order, buyer) = (self.hashed(order), self.hashed(buyer));
        self.orders.announce(&order);
        self.buyers.announce(&buyer);
        (order, buyer)
    }

    pub(crate) fn party<'a>(&self, buyer: Hashed<'a>) -> Party<'a> {
        Party { hashed: buyer, number: self.buyers.find(&buyer) }
    }

    /// Applies one change: either all of it, or, when it does not fit, nothing.
    pub(crate) fn apply(&mut self, stamp: Stamp, change: &Change<'_>) -> Result<(), Unfit> {
        if matches!(change, Change::Created { .. }) != (self.seq() == 0) {
            return Err(Unfit("a sale begins with its creation, once"));
        }
        if self.seq() >= MAX_INT {
            return Err(Unfit("its history is too long"));
        }
        match *change {
            Change::Created { stock, rules } => {
                self.available = stock;
                self.rules = rules;
                self.log.push(stamp.at, stamp.term, &Record::Created { stock, rules });
                Ok(())
            }
            Change::Altered { rules } => {
                self.rules = rules;
                self.log.push(stamp.at, stamp.term, &Record::Altered { rules });
                Ok(())
            }
            Change::Restocked { delta, id } => self.restock(stamp, delta, id),
            Change::Opened { order, buyer, qty, standing } => self.open(stamp, &order, buyer, qty, standing),
            Change::Moved { order, hold, standing } => self.shift(stamp, order, hold, standing),
        }
    }

    /// Units available after a restocking: [`Error::NoStock`] or [`Error::TooMuchStock`] when it cannot be.
    pub(crate) fn restocked(&self, delta: i64) -> Result<u64, Error> {
        let available = self.available.checked_add_signed(delta).ok_or(Error::NoStock(self.available))?;
        let total = self.claimed.total().and_then(|claimed| claimed.checked_add(available));
        if total.is_some_and(|total| total <= MAX_INT) { Ok(available) } else { Err(Error::TooMuchStock) }
    }

    fn restock(&mut self, stamp: Stamp, delta: i64, id: Option<Hashed<'_>>) -> Result<(), Unfit> {
        let available = self.restocked(delta).map_err(|error| match error {
            Error::NoStock(_) => Unfit("more is taken than is available"),
            _ => Unfit("too much stock"),
        })?;
        let id = match id {
            Some(id) => {
                let added = self.restockings.add(&id, Restocking { delta });
                Some(added.ok_or(Unfit("no room for a restocking id"))?)
            }
            None => None,
        };
        self.available = available;
        self.log.push(stamp.at, stamp.term, &Record::Restocked { delta, id });
        Ok(())
    }

    fn open(
        &mut self,
        stamp: Stamp,
        order: &Hashed<'_>,
        buyer: Party<'_>,
        qty: u32,
        standing: Standing,
    ) -> Result<(), Unfit> {
        let state = standing.state();
        if !matches!(state, State::Held | State::Sold) {
            return Err(Unfit("an order begins held or sold"));
        }
        if !self.orders.has_room() || !self.buyers.has_room() {
            return Err(Unfit("no room for an order"));
        }
        let known = match buyer.number {
            Some(number) => Some(*self.buyers.get(number).ok_or(Unfit("a buyer that does not exist"))?),
            None => None,
        };
        let sums = self.sums(known.map_or(Units::default(), |buyer| buyer.units), qty, None, state)?;

        let number = self.orders.len();
        let entry = Buyer { newest: number, units: sums.buyer };
        let buyer = match buyer.number {
            Some(number) => {
                if let Some(known) = self.buyers.get_mut(number) {
                    *known = entry;
                }
                number
            }
            None => self.buyers.add(&buyer.hashed, entry).ok_or(Unfit("no room for a buyer"))?,
        };
        self.set(&sums);
        let seq = self.log.push(stamp.at, stamp.term, &Record::Opened { order: number, standing });
        let previous = known.map_or(NONE, |buyer| buyer.newest);
        self.orders
            .add(order, Order::new(buyer, qty, previous, seq, state))
            .ok_or(Unfit("no room for an order"))?;
        if let Standing::Held { deadline } = standing {
            self.holds.insert(Hold { deadline, order: number });
        }
        Ok(())
    }

    fn shift(
        &mut self,
        stamp: Stamp,
        number: u32,
        hold: Option<Hold>,
        standing: Standing,
    ) -> Result<(), Unfit> {
        let order = *self.orders.get(number).ok_or(Unfit("an order that does not exist"))?;
        let (from, to) = (order.state(), standing.state());
        if !matches!((from, to), (State::Held, _) | (State::Sold, State::Cancelled)) {
            return Err(Unfit("an order's state that cannot follow the one it has"));
        }
        let buyer = *self.buyers.get(order.buyer).ok_or(Unfit("a buyer that does not exist"))?;
        let sums = self.sums(buyer.units, order.qty, Some(from), to)?;

        self.set(&sums);
        if let Some(buyer) = self.buyers.get_mut(order.buyer) {
            buyer.units = sums.buyer;
        }
        let seq = self.log.push(stamp.at, stamp.term, &Record::Moved { order: number, standing });
        if let Some(order) = self.orders.get_mut(number) {
            order.set_last(seq, to);
        }
        if let Some(hold) = hold {
            self.holds.remove(hold);
        }
        if let Standing::Held { deadline } = standing {
            self.holds.insert(Hold { deadline, order: number });
        }
        Ok(())
    }

    /// What the figures are after `qty` units of a buyer went from one state to another.
    fn sums(&self, buyer: Units, qty: u32, from: Option<State>, to: State) -> Result<Sums, Unfit> {
        let sums = || {
            let claimed = self.claimed.shift(qty, from, to)?;
            let available =
                self.available.checked_add(self.claimed.total()?)?.checked_sub(claimed.total()?)?;
            Some(Sums { available, claimed, buyer: buyer.shift(qty, from, to)? })
        };
        sums().ok_or(Unfit("more units than there are"))
    }

    fn set(&mut self, sums: &Sums) {
        self.available = sums.available;
        self.claimed = sums.claimed;
    }

    /// The hold of an order that is held.
    pub(crate) fn hold(&self, number: u32) -> Option<Hold> {
        let order = self.orders.get(number).filter(|order| order.state() == State::Held)?;
        match self.log.get(order.seq())?.record {
            Record::Opened { standing: Standing::Held { deadline }, .. }
            | Record::Moved { standing: Standing::Held { deadline }, .. } => {
                Some(Hold { deadline, order: number })
            }
            _ => None,
        }
    }
}

/// The figures that one event changes.
struct Sums {
    available: u64,
    claimed: Units,
    buyer: Units,
}
