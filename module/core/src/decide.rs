//! The rules: what a request comes to, and which events it causes.
//!
//! Nothing here changes a sale. [`Sale::decide`] reads, [`Sale::commit`] applies what was decided.

use crate::change::{Change, Party, Stamp, Unfit};
use crate::command::{Alteration, Buy, Request, Rules};
use crate::error::Error;
use crate::events::Standing;
use crate::holds::Hold;
use crate::log::Record;
use crate::names::Name;
use crate::sale::{Sale, Units};
use crate::wire::{BUY_SWEEP, MAX_INT, Refusal, State};

/// What a decision depends on besides the sale and the request.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The present time, in unix ms. Within a sale it never runs backwards: an earlier one counts as the time
    /// of the last event.
    pub now: u64,
    /// The reign of this server as decider, at least 1. It differs from all earlier ones of this process.
    pub tenure: u64,
    /// The term that begins if this is the sale's first decision under this tenure.
    pub term: u64,
    /// Orders that the sale may have.
    pub max_orders: u32,
    /// Whether the lock that a purchase names is held by the token that it names.
    pub lock_held: bool,
}

/// What a request came to, when it was no mistake.
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

/// A judgement, and the events that it causes. It holds for the sale that made it, until that one changes.
#[must_use]
pub struct Decision<'a> {
    /// What the caller is told.
    pub outcome: Result<Outcome, Error>,
    /// The seq of the sale's last event when it was made.
    pub(crate) after: u64,
    pub(crate) stamp: Stamp,
    tenure: u64,
    pub(crate) expired: Vec<Hold>,
    pub(crate) change: Option<Change<'a>>,
}

impl Decision<'_> {
    /// Holds that it lets run out.
    #[must_use]
    pub fn expired(&self) -> usize {
        self.expired.len()
    }

    /// Whether it causes an event besides those of holds that ran out.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.change.is_some()
    }

    /// Whether it causes no event at all.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.expired.is_empty() && self.change.is_none()
    }
}

/// A judgement under way.
struct Judgement<'s> {
    sale: &'s Sale,
    now: u64,
    max_orders: u32,
    lock_held: bool,
    /// Holds that are due, and which the decision lets run out.
    expired: Vec<Hold>,
}

type Verdict<'a> = Result<(Outcome, Option<Change<'a>>), Error>;

impl Sale {
    /// Judges a request.
    pub fn decide<'a>(&self, request: &Request<'a>, moment: &Moment) -> Decision<'a> {
        let mut judgement = Judgement {
            sale: self,
            now: self.clock(moment.now),
            max_orders: moment.max_orders,
            lock_held: moment.lock_held,
            expired: Vec::new(),
        };
        let verdict = if self.diverged { Err(Error::DIVERGED) } else { judgement.request(request) };
        let expired = judgement.expired;
        match verdict {
            Ok((outcome, change)) => self.decision(moment, Ok(outcome), expired, change),
            Err(error) => self.decision(moment, Err(error), expired, None),
        }
    }

    /// Decides that holds which are due run out: the oldest first, at most `most`.
    pub fn sweep(&self, moment: &Moment, most: usize) -> Decision<'static> {
        let due = if self.diverged { Vec::new() } else { self.due(self.clock(moment.now), most) };
        self.decision(moment, Ok(Outcome::Ok), due, None)
    }

    fn decision<'a>(
        &self,
        moment: &Moment,
        outcome: Result<Outcome, Error>,
        expired: Vec<Hold>,
        change: Option<Change<'a>>,
    ) -> Decision<'a> {
        let term = if self.tenure == moment.tenure {
            self.term()
        } else {
            moment.term.max(self.term().saturating_add(1)).min(MAX_INT)
        };
        let stamp = Stamp { at: self.clock(moment.now), term };
        Decision { outcome, after: self.seq(), stamp, tenure: moment.tenure, expired, change }
    }

    /// Applies a decision; it must be of this very state of the sale.
    pub fn commit(&mut self, decision: &Decision<'_>) -> Result<(), Unfit> {
        if decision.after != self.seq() {
            return Err(Unfit("a decision about what has changed since"));
        }
        for hold in &decision.expired {
            self.apply(decision.stamp, &Change::expired(*hold))?;
        }
        if let Some(change) = &decision.change {
            self.apply(decision.stamp, change)?;
        }
        if !decision.is_idle() {
            self.tenure = decision.tenure;
        }
        Ok(())
    }

    /// The time that counts: it never runs backwards.
    pub(crate) fn clock(&self, now: u64) -> u64 {
        now.max(self.log.at()).min(MAX_INT)
    }

    /// Holds that are due, the oldest first.
    fn due(&self, now: u64, most: usize) -> Vec<Hold> {
        self.holds.iter().take_while(|hold| hold.deadline <= now).take(most).collect()
    }

    /// The particulars that the sale was created with.
    fn creation(&self) -> Option<(u64, Rules)> {
        match self.log.get(1)?.record {
            Record::Created { stock, rules } => Some((stock, rules)),
            _ => None,
        }
    }
}

fn name<'a>(what: &'static str, bytes: &'a [u8]) -> Result<Name<'a>, Error> {
    Name::new(bytes).ok_or(Error::Length(what))
}

impl Judgement<'_> {
    fn request<'a>(&mut self, request: &Request<'a>) -> Verdict<'a> {
        if self.sale.seq() == 0 && !matches!(request, Request::Create { .. }) {
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

    fn create<'a>(&self, stock: u64, rules: Rules) -> Verdict<'a> {
        match self.sale.creation() {
            None => Ok((Outcome::Ok, Some(Change::Created { stock, rules: rules.checked()? }))),
            Some(created) if created == (stock, rules) => Ok((Outcome::Ok, None)),
            Some(_) => Err(Error::BusyKey),
        }
    }

    fn alter<'a>(&self, alteration: Alteration) -> Verdict<'a> {
        let old = self.sale.rules;
        let rules = Rules {
            limit: alteration.limit.unwrap_or(old.limit),
            hold: alteration.hold.unwrap_or(old.hold),
            opens: alteration.opens.unwrap_or(old.opens),
            closes: alteration.closes.unwrap_or(old.closes),
        }
        .checked()?;
        Ok((Outcome::Ok, (rules != old).then_some(Change::Altered { rules })))
    }

    fn restock<'a>(&self, delta: i64, id: Option<&'a [u8]>) -> Verdict<'a> {
        let sale = self.sale;
        let id = id.map(|id| name("id", id)).transpose()?.map(|id| sale.hashed(id));
        if let Some(number) = id.and_then(|id| sale.restockings.find(&id)) {
            let known = sale.restockings.get(number).map(|restocking| restocking.delta);
            return if known == Some(delta) {
                Ok((Outcome::Available(sale.available), None))
            } else {
                Err(Error::OtherDelta)
            };
        }
        let available = sale.restocked(delta)?;
        if id.is_some() && sale.restockings.len() >= self.max_orders {
            return Err(Error::Full(sale.restockings.len(), "restocking ids"));
        }
        Ok((Outcome::Available(available), Some(Change::Restocked { delta, id })))
    }

    fn buy<'a>(&mut self, buy: &Buy<'a>) -> Verdict<'a> {
        let sale = self.sale;
        self.expired = sale.due(self.now, BUY_SWEEP);
        let (order, buyer) = sale.sought(name("order", buy.order)?, name("buyer", buy.buyer)?);
        if let Some(number) = sale.orders.find(&order) {
            return self.placed(number, &buyer.name, buy.qty).map(|state| (Outcome::State(state), None));
        }
        let buyer = sale.party(buyer);
        if let Some(refusal) = self.refusal(buy, buyer) {
            return Ok((Outcome::Refused(refusal), None));
        }
        if sale.orders.len() >= self.max_orders {
            return Err(Error::Full(sale.orders.len(), "orders"));
        }
        let standing = match sale.rules.hold {
            0 => Standing::Sold,
            hold => Standing::Held { deadline: self.in_future(hold) },
        };
        let change = Change::Opened { order, buyer, qty: buy.qty, standing };
        Ok((Outcome::State(standing.state()), Some(change)))
    }

    /// The state of an order that a purchase finds in its place.
    fn placed(&mut self, number: u32, buyer: &Name<'_>, qty: u32) -> Result<State, Error> {
        let sale = self.sale;
        let order = sale.orders.get(number).ok_or(Error::NoOrder)?;
        let same_buyer = sale.buyers.name(order.buyer).as_ref() == Some(buyer);
        let (state, _) = self.state(number)?;
        if same_buyer && order.qty == qty { Ok(state) } else { Err(Error::OtherOrder) }
    }

    /// Why a new order is refused, in the order of the protocol.
    fn refusal(&self, buy: &Buy<'_>, buyer: Party<'_>) -> Option<Refusal> {
        let rules = &self.sale.rules;
        let qty = u64::from(buy.qty);
        let (available, claimed) = self.after_expiry(buyer);
        if buy.guard.is_some() && !self.lock_held {
            Some(Refusal::LockLost)
        } else if self.now < rules.opens {
            Some(Refusal::Upcoming)
        } else if rules.closes != 0 && self.now >= rules.closes {
            Some(Refusal::Closed)
        } else if rules.limit != 0 && claimed.saturating_add(qty) > rules.limit {
            Some(Refusal::Limit)
        } else if available == 0 {
            Some(Refusal::SoldOut)
        } else if available < qty {
            Some(Refusal::Short)
        } else {
            None
        }
    }

    /// Units available, and units that the buyer has, once the due holds have run out.
    fn after_expiry(&self, buyer: Party<'_>) -> (u64, u64) {
        let sale = self.sale;
        let known = buyer.number.and_then(|number| sale.buyers.get(number));
        let units = known.map_or(Units::default(), |buyer| buyer.units);
        let (mut available, mut claimed) = (sale.available, units.held.saturating_add(units.sold));
        for order in self.expired.iter().filter_map(|hold| sale.orders.get(hold.order)) {
            let qty = u64::from(order.qty);
            available = available.saturating_add(qty);
            if Some(order.buyer) == buyer.number {
                claimed = claimed.saturating_sub(qty);
            }
        }
        (available, claimed)
    }

    fn confirm<'a>(&mut self, order: &[u8]) -> Verdict<'a> {
        let number = self.order(order)?;
        match self.state(number)? {
            (State::Held, hold) => Ok(moved(number, hold, Standing::Sold)),
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    fn extend<'a>(&mut self, order: &[u8], hold: u64) -> Verdict<'a> {
        let number = self.order(order)?;
        let deadline = self.in_future(hold);
        match self.state(number)? {
            (State::Held, hold) if hold.is_none_or(|hold| hold.deadline != deadline) => {
                Ok(moved(number, hold, Standing::Held { deadline }))
            }
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    fn cancel<'a>(&mut self, order: &[u8], refund: bool) -> Verdict<'a> {
        let number = self.order(order)?;
        match self.state(number)? {
            (State::Held, hold) => Ok(moved(number, hold, Standing::Cancelled)),
            (State::Sold, _) if refund => Ok(moved(number, None, Standing::Cancelled)),
            (state, _) => Ok((Outcome::State(state), None)),
        }
    }

    fn order(&self, order: &[u8]) -> Result<u32, Error> {
        let order = self.sale.hashed(name("order", order)?);
        self.sale.orders.find(&order).ok_or(Error::NoOrder)
    }

    /// The state of an order, and its hold if it has one. A hold that is due runs out by that.
    fn state(&mut self, number: u32) -> Result<(State, Option<Hold>), Error> {
        let state = self.sale.orders.get(number).ok_or(Error::NoOrder)?.state();
        match self.sale.hold(number) {
            Some(hold) if hold.deadline <= self.now => {
                if !self.expired.contains(&hold) {
                    self.expired.push(hold);
                }
                Ok((State::Expired, None))
            }
            hold => Ok((state, hold)),
        }
    }

    /// An instant so many ms from now; the last instant there is when it would lie beyond.
    fn in_future(&self, ms: u64) -> u64 {
        self.now.saturating_add(ms).min(MAX_INT)
    }
}

fn moved<'a>(order: u32, hold: Option<Hold>, standing: Standing) -> (Outcome, Option<Change<'a>>) {
    (Outcome::State(standing.state()), Some(Change::Moved { order, hold, standing }))
}
