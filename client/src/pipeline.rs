//! Many purchases in one round trip.

use redis::{Pipeline, RedisResult};
use seckill_core::protocol::{Buy as Command, Request};
use tokio::time::Instant;

use crate::call::{Answer, Failure};
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::error::Result;
use crate::options::Buy;
use crate::receipt::{Receipt, receipt};
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
    /// let purchases = [Buy::new("ann", "order-1"), Buy::new("bob", "order-2").qty(2)];
    /// for receipt in sale.buy_many(&purchases).await {
    ///     println!("{:?}", receipt?.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn buy_many(&self, purchases: &[Buy<'_>]) -> Vec<Result<Receipt>> {
        let deadline = self.client().deadline();
        let mut receipts = Vec::with_capacity(purchases.len());
        for some in purchases.chunks(LONGEST) {
            receipts.extend(buy_some(self, some, deadline).await);
        }
        receipts
    }
}

async fn buy_some<C: Connect>(
    sale: &Sale<C>,
    purchases: &[Buy<'_>],
    deadline: Instant,
) -> Vec<Result<Receipt>> {
    let mut pipe = Pipeline::with_capacity(purchases.len());
    for purchase in purchases.iter().filter_map(|purchase| purchase.0.ok()) {
        pipe.add_command(sale.deciding(Request::Buy(purchase)));
    }
    let mut answers = send(sale, pipe.ignore_errors(), deadline).await.into_iter();
    let mut receipts = Vec::with_capacity(purchases.len());
    for purchase in purchases {
        receipts.push(match purchase.0 {
            Ok(purchase) => complete(sale, purchase, answers.next(), deadline).await,
            Err(error) => Err(error.into()),
        });
    }
    receipts
}

/// The answers to the commands of a pipeline, which is sent as a whole until it is answered or the time is up.
async fn send<C: Connect>(
    sale: &Sale<C>,
    pipe: &Pipeline,
    deadline: Instant,
) -> Vec<Result<Answer<Bought>, Failure>> {
    let mut backoff = Backoff::until(deadline);
    let mut is_repeated = false;
    let mut patience = ANSWER_WITHIN;
    loop {
        let sent = Instant::now();
        match sale.client().attempt_all(pipe, deadline, patience).await {
            Ok(replies) => {
                let answer = |reply: RedisResult<Bought>| match reply {
                    Ok(reply) => Ok(Answer { reply, sent, is_repeated }),
                    Err(error) => {
                        let failure = Failure::sent(error);
                        Err(Failure { may_be_done: failure.may_be_done || is_repeated, ..failure })
                    }
                };
                return replies.into_iter().map(answer).collect();
            }
            Err(failure) => {
                is_repeated |= failure.may_be_done;
                patience = patience.saturating_mul(4);
                if !failure.error.is_retryable() || !backoff.wait().await {
                    let failed = |_| Err(Failure { error: failure.error.clone(), may_be_done: is_repeated });
                    return pipe.cmd_iter().map(failed).collect();
                }
            }
        }
    }
}

/// The receipt of one of the purchases. One that the server could not decide at that moment is sent again by itself.
async fn complete<C: Connect>(
    sale: &Sale<C>,
    purchase: Command<'_>,
    answer: Option<Result<Answer<Bought>, Failure>>,
    deadline: Instant,
) -> Result<Receipt> {
    let missing = || Err(Failure::unsent((redis::ErrorKind::Parse, "a reply is missing").into()));
    let mut answer = answer.unwrap_or_else(missing);
    if let Err(failure) = &answer
        && failure.error.is_retryable()
        && Instant::now() < deadline
    {
        let was_done = failure.may_be_done;
        let again = sale.client().call_until(&sale.deciding(Request::Buy(purchase)), deadline).await;
        answer = match again.and_then(Answer::parse) {
            Ok(answer) => Ok(Answer { is_repeated: answer.is_repeated || was_done, ..answer }),
            Err(failure) => Err(Failure { may_be_done: failure.may_be_done || was_done, ..failure }),
        };
    }
    let releases = purchase.guard.is_some_and(|guard| guard.release);
    receipt(&*purchase.order.text(), answer, releases)
}
