//! One purchase, from the first request to the last answer.

use std::time::{Duration, Instant};

use seckill_client::{Code, Error, Outcome, Refusal, Sale, State};

use super::plan::Plan;
use super::told::{Answer, Ending, Status, Told};
use crate::servers::{AnySale, Connector};

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Buy,
    Confirm,
    Cancel,
}

/// A purchase that ended.
pub(super) struct Purchase {
    pub(super) told: Told,
    pub(super) took: Vec<(Request, Duration)>,
    /// Why the first answer refused it.
    pub(super) refusal: Option<Refusal>,
    /// The last error.
    pub(super) error: Option<Error>,
}

/// Makes the purchase of this number. Its latency counts from the instant when it was due.
pub(super) async fn purchase(sale: &AnySale, plan: &Plan, number: u64, due: Instant) -> Purchase {
    let intent = plan.draw(number);
    let (order, buyer) = (plan.order(number), Plan::buyer(intent.buyer));
    let mut call = Call { took: Vec::new(), refusal: None, error: None };
    let bought = call.buy(sale, plan, &buyer, &order, due).await;
    let again = match intent.again {
        true => Some(call.buy(sale, plan, &buyer, &order, Instant::now()).await),
        false => None,
    };
    let is_held = again.unwrap_or(bought) == Answer::Order(Status::Held);
    let ended = match intent.ending.filter(|_| is_held) {
        Some(ending) => Some((ending, call.end(&sale.home(&buyer), &order, ending).await)),
        None => None,
    };
    let Call { took, refusal, error } = call;
    Purchase { told: Told { buyer: intent.buyer, bought, again, ended }, took, refusal, error }
}

/// The requests of a purchase as they are answered.
struct Call {
    took: Vec<(Request, Duration)>,
    refusal: Option<Refusal>,
    error: Option<Error>,
}

impl Call {
    async fn buy(&mut self, sale: &AnySale, plan: &Plan, buyer: &str, order: &str, since: Instant) -> Answer {
        let receipt = sale.buy(buyer).order(order).qty(plan.qty).await;
        self.took.push((Request::Buy, since.elapsed()));
        match receipt {
            Ok(receipt) => match receipt.outcome {
                Outcome::Order(state) => answer(&state),
                Outcome::Refused(refusal) => {
                    self.refusal.get_or_insert(refusal);
                    if receipt.is_final { Answer::Refused } else { Answer::NotYet }
                }
                _ => Answer::Unknown,
            },
            Err(error) => self.failed(error),
        }
    }

    async fn end(&mut self, sale: &Sale<Connector>, order: &str, ending: Ending) -> Answer {
        let since = Instant::now();
        let (request, state) = match ending {
            Ending::Confirm => (Request::Confirm, sale.confirm(order).await),
            Ending::Cancel => (Request::Cancel, sale.cancel(order).await),
        };
        self.took.push((request, since.elapsed()));
        match state {
            Ok(state) => answer(&state),
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: Error) -> Answer {
        self.error = Some(error);
        Answer::Unknown
    }
}

impl Purchase {
    /// The error because of which no purchase can succeed. That one order is not what it should be is for the books.
    pub(super) fn lasting_error(&self) -> Option<&Error> {
        let is_of_order = |error: &&Error| matches!(error.code(), Some(Code::NoOrder | Code::Mismatch));
        self.error.as_ref().filter(|error| !error.is_retryable() && !is_of_order(error))
    }
}

fn answer(state: &State) -> Answer {
    Status::of(state).map_or(Answer::Unknown, Answer::Order)
}
