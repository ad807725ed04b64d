//! The rules of sales: requests to decisions.
//!
//! Nothing here changes a sale: [`Sale::decide`] reads, and `commit` applies what was decided.

use super::event::{
    BuyerRef, Claim, Event, KnownOrder, NewOrder, OpenStatus, OrderStatus, ResolvedEvent, Stamp,
};
use super::holds::Hold;
use super::state::{Buyer, Sale, Units};
use crate::protocol::{
    Alteration, BUY_EXPIRES, Buy, BuyerNumber, Capacity, Epoch, Error, MAX_INT, Millis, Name, OrderNumber,
    Phase, Refusal, Request, Rules, Seq, State, Term, UnixMs,
};

/// What a decision depends on besides the sale and the request.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The present time, as this server's clock shows it. It may be before the last event.
    pub now: UnixMs,
    /// The leadership epoch of this server, at least 1.
    pub epoch: Epoch,
    /// The term that begins if this is the first decision about the sale in this epoch.
    pub term: Term,
    /// Orders that the sale may have.
    pub max_orders: u32,
    /// Events from which on ALTER, EXTEND and RESTOCK are refused.
    pub max_events: u64,
    /// Whether the lock that a purchase names is held by the token that it names.
    pub lock_held: bool,
}

/// The outcome of a request that is no mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// The state of the order after the call.
    State(State),
    /// Why there is no order.
    Refused(Refusal),
    /// Units available after the call.
    Available(u64),
}

/// The outcome of a request and the events that it causes. It is valid for the sale that made it, until that
/// one changes.
#[must_use]
pub struct Decision<'a> {
    /// The reply to the caller.
    pub outcome: Result<Outcome, Error>,
    /// The seq of the sale's last event when it was made.
    pub(super) after: Seq,
    pub(super) stamp: Stamp,
    pub(super) epoch: Epoch,
    /// Holds that are due, and which it expires.
    pub(super) expired: Vec<Hold>,
    pub(super) event: Option<ResolvedEvent<'a>>,
}

impl Decision<'_> {
    /// How many holds it expires.
    #[must_use]
    pub fn expired(&self) -> usize {
        self.expired.len()
    }

    /// Whether it causes an event besides those of expired holds.
    #[must_use]
    pub fn has_event(&self) -> bool {
        self.event.is_some()
    }

    /// The term of its events.
    pub(super) fn term(&self) -> Term {
        self.stamp.term
    }

    /// Leaves only the holds that it expires.
    pub(super) fn drop_event(&mut self) {
        self.event = None;
    }

    /// Whether it causes no event at all.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.expired.is_empty() && self.event.is_none()
    }
}

/// A decision in the making.
struct Deciding<'s> {
    sale: &'s Sale,
    moment: &'s Moment,
    /// Holds that are due, and which the decision expires.
    expired: Vec<Hold>,
}

type Decided<'a> = Result<(Outcome, Option<ResolvedEvent<'a>>), Error>;

impl Sale {
    /// Decides a request.
    pub fn decide<'a>(&self, request: &Request<'a>, moment: &Moment) -> Decision<'a> {
        debug_assert!(request.is_within_limits(), "no parser returns {request:?}");
        debug_assert!(moment.epoch > Epoch(0), "epochs count from 1");
        let mut deciding = Deciding { sale: self, moment, expired: Vec::new() };
        let decided = if self.diverged { Err(Error::Diverged) } else { deciding.request(request) };
        let expired = deciding.expired;
        match decided {
            Ok((outcome, event)) => self.decision(moment, Ok(outcome), expired, event),
            Err(error) => self.decision(moment, Err(error), expired, None),
        }
    }

    /// Decides that holds which are due expire: the oldest first, at most `most`.
    pub fn decide_expiry(&self, moment: &Moment, most: usize) -> Decision<'static> {
        let due = if self.diverged { Vec::new() } else { self.due(moment.now, most) };
        self.decision(moment, Ok(Outcome::Ok), due, None)
    }

    fn decision<'a>(
        &self,
        moment: &Moment,
        outcome: Result<Outcome, Error>,
        expired: Vec<Hold>,
        event: Option<ResolvedEvent<'a>>,
    ) -> Decision<'a> {
        let term = if self.epoch == moment.epoch {
            self.term()
        } else {
            Term(self.term().0.saturating_add(1).max(moment.term.0).min(MAX_INT))
        };
        let stamp = Stamp { at: self.event_time(moment.now), term };
        Decision { outcome, after: self.seq(), stamp, epoch: moment.epoch, expired, event }
    }

    /// Holds that are due, the oldest first.
    fn due(&self, now: UnixMs, most: usize) -> Vec<Hold> {
        self.holds.iter().take_while(|hold| hold.is_due(now)).take(most).collect()
    }

    /// The stock and the rules that the sale was created with.
    fn creation(&self) -> Option<(u64, Rules)> {
        match self.log.get(Seq(1))?.event {
            Event::Created { stock, rules } => Some((stock, rules)),
            _ => None,
        }
    }
}

impl Deciding<'_> {
    fn request<'a>(&mut self, request: &Request<'a>) -> Decided<'a> {
        if self.sale.seq() == Seq(0) && !matches!(request, Request::Create { .. }) {
            return Err(Error::NoSale);
        }
        match *request {
            Request::Create { stock, rules } => self.create(stock, rules),
            Request::Alter(alteration) => self.alter(alteration),
            Request::Restock { delta, id } => self.restock(delta, id),
            Request::Buy(ref buy) => self.buy(buy),
            Request::Confirm { order } => self.confirm(order),
            Request::Extend { order, hold } => self.extend(order, hold),
            Request::Cancel { order, refund } => self.cancel(order, refund),
        }
    }

    fn create<'a>(&self, stock: u64, rules: Rules) -> Decided<'a> {
        match self.sale.creation() {
            None => Ok((Outcome::Ok, Some(Event::Created { stock, rules: rules.checked()? }))),
            Some((same, as_created)) if same == stock && rules.is_equivalent(&as_created) => {
                Ok((Outcome::Ok, None))
            }
            Some(created) => Err(Error::other_sale(created, (stock, rules))),
        }
    }

    fn alter<'a>(&self, alteration: Alteration) -> Decided<'a> {
        let old = self.sale.rules;
        let rules = old.with(alteration).checked()?;
        if rules == old {
            return Ok((Outcome::Ok, None));
        }
        self.room_for_event()?;
        Ok((Outcome::Ok, Some(Event::Altered { rules })))
    }

    fn restock<'a>(&self, delta: i64, id: Option<Name<'a>>) -> Decided<'a> {
        let sale = self.sale;
        let id = id.map(|id| sale.hash(id));
        if let Some(number) = id.and_then(|id| sale.restocks.find(&id)) {
            let known = sale.restocks.get(number).map(|restock| restock.delta);
            return if known == Some(delta) {
                Ok((Outcome::Available(sale.available), None))
            } else {
                Err(Error::OtherDelta)
            };
        }
        let available = sale.available_after(delta)?;
        if id.is_some() && sale.restocks.len() >= self.moment.max_orders {
            return Err(full(Capacity::RestockIds, sale.restocks.len()));
        }
        self.room_for_event()?;
        Ok((Outcome::Available(available), Some(Event::Restocked { delta, id })))
    }

    fn buy<'a>(&mut self, buy: &Buy<'a>) -> Decided<'a> {
        let sale = self.sale;
        self.expired = sale.due(self.moment.now, BUY_EXPIRES);
        let claim = Claim { order: buy.order, buyer: buy.buyer, qty: buy.qty };
        let (order, buyer) = sale.prefetch(&claim);
        if let Some(number) = sale.orders.find(&order) {
            return self.replay(number, buy).map(|state| (Outcome::State(state), None));
        }
        let buyer = sale.buyer_ref(buyer);
        if let Some(refusal) = self.refusal(buy, buyer) {
            return Ok((Outcome::Refused(refusal), None));
        }
        if sale.orders.len() >= self.moment.max_orders {
            return Err(full(Capacity::Orders, sale.orders.len()));
        }
        let status = match sale.rules.hold {
            Millis(0) => OpenStatus::Sold,
            hold => OpenStatus::Held { deadline: self.moment.now.plus(hold) },
        };
        let opening = NewOrder { order, buyer, qty: buy.qty };
        let state = OrderStatus::from(status).state();
        Ok((Outcome::State(state), Some(Event::Opened { opening, status })))
    }

    /// The state of an order that exists already, when it has the buyer and the quantity of this purchase.
    fn replay(&mut self, number: OrderNumber, buy: &Buy<'_>) -> Result<State, Error> {
        let sale = self.sale;
        let order = sale.orders.get(number).ok_or(Error::NoOrder)?;
        let same_buyer = sale.buyers.name(order.buyer) == Some(buy.buyer);
        let (state, _) = self.state(number)?;
        if same_buyer && order.qty == buy.qty { Ok(state) } else { Err(Error::OtherOrder) }
    }

    /// Why a new order is refused, if it is. Reasons are tested in the order that the reference gives for
    /// BUY.
    fn refusal(&self, buy: &Buy<'_>, buyer: BuyerRef<'_>) -> Option<Refusal> {
        let rules = &self.sale.rules;
        let qty = u64::from(buy.qty);
        if buy.guard.is_some() && !self.moment.lock_held {
            return Some(Refusal::LockLost);
        }
        match rules.phase(self.moment.now) {
            Phase::Upcoming => return Some(Refusal::Upcoming),
            Phase::Closed => return Some(Refusal::Closed),
            Phase::Open | Phase::SoldOut => {}
        }
        let known = buyer.number.and_then(|number| self.sale.buyers.get(number));
        let attempts = rules.attempts_allowed();
        if attempts != 0 && known.is_some_and(|buyer| u64::from(buyer.placed) >= attempts) {
            return Some(Refusal::Attempts);
        }
        let (available, claimed) = self.after_expiry(buyer.number, known);
        if rules.limit != 0 && claimed.saturating_add(qty) > rules.limit {
            Some(Refusal::Limit)
        } else if available == 0 {
            Some(Refusal::SoldOut)
        } else if available < qty {
            Some(Refusal::Short)
        } else {
            None
        }
    }

    /// Units available, and units that the buyer has, once the due holds have expired.
    fn after_expiry(&self, number: Option<BuyerNumber>, known: Option<&Buyer>) -> (u64, u64) {
        let sale = self.sale;
        let units = known.map_or(Units::default(), |buyer| buyer.units);
        let (mut available, mut claimed) = (sale.available, units.held.saturating_add(units.sold));
        for order in self.expired.iter().filter_map(|hold| sale.orders.get(hold.order)) {
            let qty = u64::from(order.qty);
            available = available.saturating_add(qty);
            if Some(order.buyer) == number {
                claimed = claimed.saturating_sub(qty);
            }
        }
        (available, claimed)
    }

    fn confirm<'a>(&mut self, order: Name<'_>) -> Decided<'a> {
        let number = self.find(order)?;
        match self.state(number)? {
            (State::Held, hold) => Ok(status_change(number, hold, OrderStatus::Sold)),
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    fn extend<'a>(&mut self, order: Name<'_>, hold: Millis) -> Decided<'a> {
        let number = self.find(order)?;
        let deadline = self.moment.now.plus(hold);
        match self.state(number)? {
            (State::Held, hold) if hold.is_none_or(|hold| { hold.deadline } != deadline) => {
                self.room_for_event()?;
                Ok(status_change(number, hold, OrderStatus::Held { deadline }))
            }
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    fn cancel<'a>(&mut self, order: Name<'_>, refund: bool) -> Decided<'a> {
        let number = self.find(order)?;
        match self.state(number)? {
            (State::Held, hold) => Ok(status_change(number, hold, OrderStatus::Cancelled)),
            (State::Sold, _) if refund => Ok(status_change(number, None, OrderStatus::Cancelled)),
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    /// Refuses an event that no order needs, when there are as many as there may be. Those that orders need
    /// are bounded by the orders.
    fn room_for_event(&self) -> Result<(), Error> {
        let count = self.sale.seq().0;
        if count < self.moment.max_events { Ok(()) } else { Err(full(Capacity::Events, count)) }
    }

    fn find(&self, order: Name<'_>) -> Result<OrderNumber, Error> {
        self.sale.orders.find(&self.sale.hash(order)).ok_or(Error::NoOrder)
    }

    /// The state of an order, and its hold if it is held. If the hold is due, the decision expires it.
    fn state(&mut self, number: OrderNumber) -> Result<(State, Option<Hold>), Error> {
        let state = self.sale.orders.get(number).ok_or(Error::NoOrder)?.state();
        match self.sale.hold(number) {
            Some(hold) if hold.is_due(self.moment.now) => {
                if !self.expired.contains(&hold) {
                    self.expired.push(hold);
                }
                Ok((State::Expired, None))
            }
            hold => Ok((state, hold)),
        }
    }
}

fn full(capacity: Capacity, count: impl Into<u64>) -> Error {
    Error::Full { capacity, count: count.into() }
}

fn status_change<'a>(
    number: OrderNumber,
    hold: Option<Hold>,
    status: OrderStatus,
) -> (Outcome, Option<ResolvedEvent<'a>>) {
    let order = KnownOrder { number, hold };
    (Outcome::State(status.state()), Some(Event::StatusChanged { order, status }))
}
