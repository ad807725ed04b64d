//! Purchases from several sales under one order id: all of them or none.

use super::decide::{Decision, Moment, Outcome};
use super::state::Sale;
use crate::protocol::{Buy, Error, Refusal, Request, State};

/// What became of one purchase of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The state of the order in this sale. Then every part has one.
    Order(State),
    /// Why this sale refuses.
    Refused(Refusal),
    /// This sale would accept, but another one refuses.
    Free,
}

/// The decisions about a bundle, each for its sale.
#[must_use]
pub struct Bundle<'a> {
    /// What became of each purchase, in their sequence; or one error for all, and then there is no order.
    pub parts: Result<Vec<Part>, Error>,
    /// The decision for each sale. It may expire holds, also when the bundle is refused.
    pub decisions: Vec<Decision<'a>>,
}

impl<'a> Bundle<'a> {
    /// Decides purchases, each from a sale of its own.
    ///
    /// Every sale decides as for a single purchase. A bundle that was accepted before has an order in every
    /// sale. Where only some have one, the id belongs to something else: [`Error::PartialOrder`].
    pub fn decide<'s>(purchases: impl Iterator<Item = (&'s Sale, Buy<'a>)>, moment: &Moment) -> Self {
        let mut decisions: Vec<Decision<'a>> =
            purchases.map(|(sale, buy)| sale.decide(&Request::Buy(buy), moment)).collect();
        let parts = Self::parts(&decisions);
        let is_accepted = parts.as_ref().is_ok_and(|parts| parts.iter().all(|part| part.is_order()));
        if !is_accepted {
            decisions.iter_mut().for_each(Decision::drop_event);
        }
        Self { parts, decisions }
    }

    fn parts(decisions: &[Decision<'a>]) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::with_capacity(decisions.len());
        let (mut known, mut refused) = (0_usize, false);
        for decision in decisions {
            let part = match decision.outcome? {
                Outcome::State(state) => Part::Order(state),
                Outcome::Refused(refusal) => Part::Refused(refusal),
                // A purchase has no other outcome.
                Outcome::Ok | Outcome::Available(_) => Part::Free,
            };
            known = known.saturating_add(usize::from(part.is_order() && !decision.has_event()));
            refused |= !part.is_order();
            parts.push(part);
        }
        if known > 0 && known < parts.len() {
            return Err(Error::PartialOrder);
        }
        if refused {
            parts.iter_mut().filter(|part| part.is_order()).for_each(|part| *part = Part::Free);
        }
        Ok(parts)
    }
}

impl Part {
    fn is_order(self) -> bool {
        matches!(self, Self::Order(_))
    }
}
