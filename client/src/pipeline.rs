//! Many purchases in one round trip.

use redis::{Pipeline, RedisResult};
use seckill_core::protocol::{Command, Request};
use tokio::time::Instant;

use crate::call::{Answer, Failure};
use crate::client::Client;
use crate::connect::Connect;
use crate::encode::encode;
use crate::error::Result;
use crate::options::Buy;
use crate::outcome::{Outcome, outcome};
use crate::reply::Bought;
use crate::retry::Backoff;
use crate::sale::Sale;

/// The most commands in a pipeline, so that neither side buffers without limit.
const LONGEST: usize = 1_000;

impl<C: Connect> Sale<C> {
    /// Many purchases in one round trip: what came of each, in their sequence. They are no transaction: each is decided
    /// by itself. When the connection is lost all are sent again.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// use seckill_client::Buy;
    ///
    /// let outcomes = sale.buy_many(&[Buy::new("ann", "order-1"), Buy::new("bob", "order-2").qty(2)]).await;
    /// for outcome in outcomes {
    ///     println!("{:?}", outcome?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn buy_many(&self, purchases: &[Buy<'_>]) -> Vec<Result<Outcome>> {
        let mut outcomes = Vec::with_capacity(purchases.len());
        for some in purchases.chunks(LONGEST) {
            outcomes.extend(buy_some(self.client(), self.key(), some).await);
        }
        outcomes
    }
}

async fn buy_some<C: Connect>(
    client: &Client<C>,
    sale: &[u8],
    purchases: &[Buy<'_>],
) -> Vec<Result<Outcome>> {
    let deadline = client.deadline();
    let mut pipe = Pipeline::with_capacity(purchases.len());
    for purchase in purchases.iter().filter_map(|purchase| purchase.0.ok()) {
        pipe.add_command(encode(Command::Decide { sale, request: Request::Buy(purchase) }));
    }
    let mut answers = send(client, pipe.ignore_errors(), deadline).await.into_iter();
    let mut outcomes = Vec::with_capacity(purchases.len());
    for purchase in purchases {
        let result = match purchase.0 {
            Err(error) => Err(error.into()),
            Ok(purchase) => {
                let releases = purchase.guard.is_some_and(|guard| guard.release);
                let request = Request::Buy(purchase);
                let again = || async move {
                    let command = encode(Command::Decide { sale, request });
                    client.call_until(&command, deadline).await?.parse()
                };
                let answer = match answers.next() {
                    Some(Err(failure)) if failure.error.is_retryable() && !failure.may_be_done => {
                        again().await
                    }
                    Some(answer) => answer,
                    None => Err(Failure::unsent((redis::ErrorKind::Parse, "a reply is missing").into())),
                };
                outcome(answer, releases)
            }
        };
        outcomes.push(result);
    }
    outcomes
}

/// The answers to the commands of a pipeline, which is sent as a whole until it is answered or the time is up.
async fn send<C: Connect>(
    client: &Client<C>,
    pipe: &Pipeline,
    deadline: Instant,
) -> Vec<Result<Answer<Bought>, Failure>> {
    let mut backoff = Backoff::until(deadline);
    let mut is_repeated = false;
    loop {
        let sent = Instant::now();
        match client.attempt_all(pipe, deadline).await {
            Ok(replies) => {
                let answer = |reply: RedisResult<Bought>| match reply {
                    Ok(reply) => Ok(Answer { reply, sent, is_repeated }),
                    Err(error) => Err(Failure::sent(error)),
                };
                return replies.into_iter().map(answer).collect();
            }
            Err(failure) => {
                is_repeated |= failure.may_be_done;
                if !failure.error.is_retryable() || !backoff.wait().await {
                    let failed = |_| Err(Failure { error: failure.error.clone(), may_be_done: is_repeated });
                    return pipe.cmd_iter().map(failed).collect();
                }
            }
        }
    }
}
