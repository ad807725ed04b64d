//! The handler of one request.

use std::time::Duration;

use seckill_client::connect::Connect;
use seckill_client::{Client, Lost, Outcome, Phase, Refusal, Result, Sale, State, redis};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// Each caller that waits in line does so on a connection of its own. This many do; further ones queue here.
const IN_LINE: usize = 16;

/// What one sale's handlers share.
pub(crate) struct Checkout<C: Connect = redis::Client> {
    client: Client<C>,
    sale: Sale<C>,
    lock: Vec<u8>,
    lease: Duration,
    in_line: Semaphore,
}

/// What the buyer is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// The order is accepted, by this request or an earlier one with the same order id.
    Accepted,
    /// The order was accepted before, and has ended since.
    Over(State),
    /// Nothing is left.
    SoldOut,
    /// The sale refuses this buyer, or is not open.
    Refused(Refusal),
    /// The user service refuses this buyer.
    NotAllowed,
    /// Nobody knows yet: the buyer is asked to send the same request again.
    TryAgain,
    /// The lock was lost before anything was bought: somebody deleted it, or no server answered for a whole lease. The
    /// buyer is asked to send the same request again.
    LockLost,
}

impl<C: Connect> Checkout<C> {
    /// Sells by a sale, under a lock that all handlers contend for. In a cluster both are in one slot. A short lease
    /// frees the lock soon when a handler crashes; it is renewed as long as one works.
    pub(crate) fn new(client: &Client<C>, sale: &str, lock: &str, lease: Duration) -> Self {
        Self {
            client: client.clone(),
            sale: client.sale(sale),
            lock: lock.into(),
            lease,
            in_line: Semaphore::new(IN_LINE),
        }
    }

    /// Answers a request of a buyer by a deadline. The buyer's client chose the id of the order, and sends the same when
    /// it asks again. `is_allowed` asks the user service, which may be slow.
    ///
    /// When the web server drops this because the buyer is gone, the lock is released, or its line left.
    pub(crate) async fn handle(
        &self,
        buyer: &str,
        order: &str,
        is_allowed: impl Future<Output = bool>,
        deadline: Instant,
    ) -> Result<Response> {
        let Ok(answer) = timeout_at(deadline, self.sell(buyer, order, is_allowed, deadline)).await else {
            return Ok(Response::TryAgain);
        };
        answer
    }

    async fn sell(
        &self,
        buyer: &str,
        order: &str,
        is_allowed: impl Future<Output = bool>,
        deadline: Instant,
    ) -> Result<Response> {
        let place = self.in_line.acquire().await.expect("nobody closes it");
        if let Some(answer) = self.known_answer(order).await? {
            return Ok(answer);
        }
        let patience = deadline.saturating_duration_since(Instant::now());
        let lock = self.client.lock(&*self.lock);
        let Some(guard) = lock.wait(self.lease, patience).await? else { return Ok(Response::TryAgain) };
        drop(place);
        // It may have changed meanwhile, and the user service need not be asked.
        if let Some(answer) = self.known_answer(order).await? {
            guard.release().await;
            return Ok(answer);
        }
        // The work stops as soon as the lock may be lost: nobody works without it.
        match guard.run(is_allowed).await {
            Ok(true) => {}
            Ok(false) => return Ok(Response::NotAllowed),
            Err(Lost { .. }) => return Ok(Response::LockLost),
        }
        // The server checks the lock, takes the unit and releases the lock in one step.
        let receipt = self.sale.buy(buyer).order(order).releasing(guard).await?;
        Ok(Response::from(receipt.outcome))
    }

    /// The answer to a request that was made before, or when nothing is left.
    async fn known_answer(&self, order: &str) -> Result<Option<Response>> {
        let (placed, figures) = tokio::try_join!(self.sale.order(order), self.sale.info())?;
        Ok(match placed {
            Some(placed) => Some(Response::from(Outcome::Order(placed.state))),
            None => (figures.state == Phase::SoldOut).then_some(Response::SoldOut),
        })
    }
}

impl From<Outcome> for Response {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Order(State::Held | State::Sold) => Self::Accepted,
            Outcome::Order(state) => Self::Over(state),
            Outcome::Refused(Refusal::SoldOut | Refusal::Short) => Self::SoldOut,
            Outcome::Refused(Refusal::LockLost) => Self::LockLost,
            Outcome::Refused(refusal) => Self::Refused(refusal),
            // The order id makes it safe to ask again.
            _ => Self::TryAgain,
        }
    }
}
