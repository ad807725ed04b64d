//! Purchases from several sales under one order id: all of them or none.

use super::decide::{Decision, Moment, Outcome};
use super::state::Sale;
use crate::protocol::{Buy, Error, Refusal, Request, State, Term};

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
    /// What became of each purchase, in their sequence; or the place of one that is an error, from 0 on, and the
    /// error. Then there is no order.
    pub parts: Result<Vec<Part>, (usize, Error)>,
    /// The decision for each sale. It may expire holds, also when the bundle is refused.
    pub decisions: Vec<Decision<'a>>,
}

impl<'a> Bundle<'a> {
    /// Decides purchases, each from a sale of its own.
    ///
    /// Every sale decides as for a single purchase. A bundle that was accepted before has an order in every
    /// sale. Where only some have one, the id belongs to something else: [`Error::PartialOrder`].
    ///
    /// No two sales may begin the same term, or a reader could take one for the other: `next_term` returns the
    /// term that would begin after one that was begun.
    pub fn decide<'s>(
        purchases: impl Iterator<Item = (&'s Sale, Buy<'a>)>,
        moment: &Moment,
        mut next_term: impl FnMut(Term) -> Term,
    ) -> Self {
        let mut moment = *moment;
        let mut decisions = Vec::new();
        for (sale, buy) in purchases {
            let decision = sale.decide(&Request::Buy(buy), &moment);
            let term = decision.term();
            if term != sale.term() {
                moment.term = next_term(term);
            }
            decisions.push(decision);
        }
        let parts = Self::parts(&decisions);
        let is_accepted = parts.as_ref().is_ok_and(|parts| parts.iter().all(|part| part.is_order()));
        if !is_accepted {
            decisions.iter_mut().for_each(Decision::drop_event);
        }
        Self { parts, decisions }
    }

    fn parts(decisions: &[Decision<'a>]) -> Result<Vec<Part>, (usize, Error)> {
        let mut parts = Vec::with_capacity(decisions.len());
        let (mut known, mut refused) = (0_usize, false);
        for (place, decision) in decisions.iter().enumerate() {
            let part = match decision.outcome.map_err(|error| (place, error))? {
                Outcome::State(state) => Part::Order(state),
                Outcome::Refused(refusal) => Part::Refused(refusal),
                Outcome::Ok | Outcome::Available(_) => {
                    debug_assert!(false, "a purchase has no other outcome");
                    Part::Free
                }
            };
            known = known.saturating_add(usize::from(part.is_order() && !decision.has_event()));
            refused |= !part.is_order();
            parts.push(part);
        }
        if known > 0 && known < parts.len() {
            let lacks = |decision: &Decision<'_>| {
                decision.has_event() || !matches!(decision.outcome, Ok(Outcome::State(_)))
            };
            let place = decisions.iter().position(lacks).unwrap_or_default();
            return Err((place, Error::PartialOrder));
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
