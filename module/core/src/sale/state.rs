//! The state of a sale.

use super::event::{BuyerRef, Claim, OrderStatus};
use super::holds::{Hold, Holds};
use super::log::Log;
use crate::protocol::{
    BuyerNumber, Epoch, MAX_INT, MAX_ORDERS, Name, OrderNumber, RestockNumber, Rules, Seq, State, Term,
    UnixMs,
};
use crate::storage::{Directory, Hashed, Seed};

/// A sale: stock, orders and history.
///
/// A new sale is blank: it has no event until it is created.
pub struct Sale {
    pub(super) rules: Rules,
    pub(super) available: u64,
    pub(super) claimed: Units,
    pub(super) orders: Directory<OrderNumber, Order>,
    pub(super) buyers: Directory<BuyerNumber, Buyer>,
    pub(super) restocks: Directory<RestockNumber, Restock>,
    pub(super) holds: Holds,
    pub(super) log: Log,
    /// The leadership epoch in which the last event was decided; 0 when another server decided it.
    pub(super) epoch: Epoch,
    /// Whether this copy was sent events that cannot be applied to it.
    pub(super) diverged: bool,
    pub(super) seed: Seed,
}

/// Units in orders that are held or sold: of a whole sale, or of one buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// In orders that are held.
    pub held: u64,
    /// In orders that are sold.
    pub sold: u64,
}

impl Units {
    /// Both; `None` when that is out of range.
    pub(super) fn total(self) -> Option<u64> {
        self.held.checked_add(self.sold)
    }

    /// What they are when `qty` units go from one state to another, or from the stock.
    pub(super) fn shift(mut self, qty: u32, from: Option<State>, to: State) -> Option<Self> {
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

/// The `previous` of the first order of a buyer.
const NO_ORDER: u32 = u32::MAX;
const _: () = assert!(MAX_ORDERS < NO_ORDER);

/// An order. Its time and its deadline are read from the log. Packed, for there may be millions.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct Order {
    pub(super) buyer: BuyerNumber,
    pub(super) qty: u32,
    /// The number of the order that the same buyer placed before, or [`NO_ORDER`].
    previous: u32,
    /// The seq of its last event, and in the two low bits its state.
    last: u64,
}

const _: () = assert!(MAX_INT <= u64::MAX >> 2, "a seq and two bits fit");

impl Order {
    pub(super) fn new(
        buyer: BuyerNumber,
        qty: u32,
        previous: Option<OrderNumber>,
        seq: Seq,
        state: State,
    ) -> Self {
        let previous = previous.map_or(NO_ORDER, |previous| previous.0);
        let mut order = Self { buyer, qty, previous, last: 0 };
        order.set_last(seq, state);
        order
    }

    pub(super) fn state(self) -> State {
        match self.last & 3 {
            0 => State::Held,
            1 => State::Sold,
            2 => State::Cancelled,
            _ => State::Expired,
        }
    }

    /// The seq of its last event.
    pub(super) fn seq(self) -> Seq {
        Seq(self.last >> 2)
    }

    pub(super) fn set_last(&mut self, seq: Seq, state: State) {
        let bits = match state {
            State::Held => 0,
            State::Sold => 1,
            State::Cancelled => 2,
            State::Expired => 3,
        };
        self.last = seq.0 << 2 | bits;
    }

    /// The order that the same buyer placed before.
    pub(super) fn previous(self) -> Option<OrderNumber> {
        (self.previous != NO_ORDER).then_some(OrderNumber(self.previous))
    }
}

/// A buyer. Packed, for there may be millions.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct Buyer {
    /// The last order that the buyer placed.
    pub(super) newest: OrderNumber,
    /// How many orders the buyer placed, whatever became of them.
    pub(super) placed: u32,
    pub(super) units: Units,
}

/// A restock with an id.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub(super) struct Restock {
    pub(super) delta: i64,
}

// With the address of its name.
const _: () = assert!(Directory::<OrderNumber, Order>::RECORD_SIZE == 24);
const _: () = assert!(Directory::<BuyerNumber, Buyer>::RECORD_SIZE == 28);
const _: () = assert!(Directory::<RestockNumber, Restock>::RECORD_SIZE == 12);

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
            restocks: Directory::default(),
            holds: Holds::default(),
            log: Log::default(),
            epoch: Epoch(0),
            diverged: false,
            seed,
        }
    }

    /// An independent copy. Its next decision begins a term, for its history is another from there on.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            rules: self.rules,
            available: self.available,
            claimed: self.claimed,
            orders: self.orders.clone(),
            buyers: self.buyers.clone(),
            restocks: self.restocks.clone(),
            holds: self.holds.clone(),
            log: self.log.clone(),
            epoch: Epoch(0),
            diverged: self.diverged,
            seed: self.seed,
        }
    }

    /// The seq of its last event; 0 when it is blank.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.log.last()
    }

    /// The term of its last event.
    #[must_use]
    pub fn term(&self) -> Term {
        self.log.term()
    }

    /// Whether this copy was sent events that cannot be applied to it. It decides nothing any more.
    #[must_use]
    pub fn diverged(&self) -> bool {
        self.diverged
    }

    /// When the next held order passes its deadline, if this copy can decide so.
    #[must_use]
    pub fn next_deadline(&self) -> Option<UnixMs> {
        self.holds.iter().next().filter(|_| !self.diverged).map(|hold| hold.deadline)
    }

    /// Memory, in bytes, in constant time.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            .saturating_add(self.orders.memory())
            .saturating_add(self.buyers.memory())
            .saturating_add(self.restocks.memory())
            .saturating_add(self.holds.memory())
            .saturating_add(self.log.memory())
    }

    /// The time of an event that is decided now: the times of events never fall, even if the server's clock
    /// was set back.
    pub(super) fn event_time(&self, now: UnixMs) -> UnixMs {
        now.max(self.log.at()).min(UnixMs::MAX)
    }

    /// A name with its hash in this sale.
    pub(super) fn hash<'a>(&self, name: Name<'a>) -> Hashed<'a> {
        self.seed.hash(name)
    }

    /// The hashes of an order's id and of its buyer. Prefetches both.
    pub(super) fn prefetch<'a>(&self, claim: &Claim<'a>) -> (Hashed<'a>, Hashed<'a>) {
        let (order, buyer) = (self.hash(claim.order), self.hash(claim.buyer));
        self.orders.prefetch(&order);
        self.buyers.prefetch(&buyer);
        (order, buyer)
    }

    pub(super) fn buyer_ref<'a>(&self, name: Hashed<'a>) -> BuyerRef<'a> {
        BuyerRef { name, number: self.buyers.find(&name) }
    }

    /// The hold of an order, if it is held.
    pub(super) fn hold(&self, number: OrderNumber) -> Option<Hold> {
        let order = self.orders.get(number).filter(|order| order.state() == State::Held)?;
        let deadline = self.log.get(order.seq())?.event.status().and_then(OrderStatus::deadline);
        debug_assert!(deadline.is_some(), "the last event of a held order has its deadline");
        Some(Hold { deadline: deadline?, order: number })
    }
}
