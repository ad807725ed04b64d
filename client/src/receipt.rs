//! What came of a purchase.

use crate::call::{Answer, Failure};
use crate::error::Result;
use crate::outcome::Outcome;
use crate::reply::Bought;
use crate::words::{Refusal, State};

/// What came of a purchase.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// let receipt = sale.buy("ann").await?;
/// println!("{}: {:?}", String::from_utf8_lossy(&receipt.order), receipt.outcome);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Receipt {
    /// The id of the order: the one that was given, or else a new UUID of version 7.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_format::name"))]
    pub order: Vec<u8>,
    /// What is known of it.
    pub outcome: Outcome,
    /// Whether that stays so. `false` for an unknown outcome, and for a refusal when an earlier attempt of the same purchase
    /// was lost: it may arrive late, and be accepted then. Who asks again uses the same order id.
    pub is_final: bool,
    /// Whether the server was not asked, for a [`RememberingSale`](crate::RememberingSale) knew that it refuses.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub from_memory: bool,
}

impl Receipt {
    /// Whether the buyer has the units now, held or sold.
    ///
    /// ```no_run
    /// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
    /// if sale.buy("ann").order("order-1").await?.is_accepted() {
    ///     println!("yours");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self.outcome, Outcome::Order(State::Held | State::Sold))
    }
}

/// The receipt for a purchase that `releases` a lock or does not, after its last attempt.
pub(crate) fn receipt(
    order: impl Into<Vec<u8>>,
    answer: Result<Answer<Bought>, Failure>,
    releases: bool,
) -> Result<Receipt> {
    let (outcome, is_final) = match answer {
        Ok(Answer { reply, is_repeated, .. }) => {
            let outcome = match reply {
                Bought::Order(state) => Outcome::Order(state),
                Bought::Refused(Refusal::LockLost) if is_repeated && releases => Outcome::NotPlaced,
                Bought::Refused(refusal) => Outcome::Refused(refusal),
                Bought::Other(word) => Outcome::Other(word),
            };
            // An earlier attempt that arrives late finds the order, or the lock released.
            let is_final = !is_repeated || releases || matches!(outcome, Outcome::Order(_));
            (outcome, is_final)
        }
        // What the module says of the sale is an answer: there is no such order.
        Err(failure) if failure.may_be_done && !failure.error.is_of_module() => (Outcome::Unknown, false),
        Err(failure) => return Err(failure.error),
    };
    Ok(Receipt { order: order.into(), outcome, is_final, from_memory: false })
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::words::State;

    fn answered(reply: Bought, is_repeated: bool, releases: bool) -> (Outcome, bool) {
        let answer = Answer { reply, sent: Instant::now(), is_repeated };
        let receipt = receipt("o1", Ok(answer), releases).expect("an answer");
        (receipt.outcome, receipt.is_final)
    }

    fn failed(line: &str, may_be_done: bool) -> Option<Outcome> {
        let reply = redis::parse_redis_value(line.as_bytes()).and_then(redis::Value::extract_error);
        let failure = Failure { error: reply.expect_err("an error line").into(), may_be_done };
        receipt("o1", Err(failure), false).ok().map(|receipt| receipt.outcome)
    }

    #[test]
    fn an_order_stays_and_a_refusal_may_not() {
        for (is_repeated, releases, is_final) in
            [(false, false, true), (true, false, false), (true, true, true)]
        {
            let sold = answered(Bought::Order(State::Sold), is_repeated, releases);
            assert_eq!(sold, (Outcome::Order(State::Sold), true));
            let refused = answered(Bought::Refused(Refusal::SoldOut), is_repeated, releases);
            assert_eq!(refused, (Outcome::Refused(Refusal::SoldOut), is_final));
        }
    }

    #[test]
    fn a_lock_that_an_earlier_attempt_may_have_released_was_not_lost() {
        let lost = Bought::Refused(Refusal::LockLost);
        assert_eq!(answered(lost.clone(), true, true).0, Outcome::NotPlaced);
        for (is_repeated, releases) in [(false, true), (true, false)] {
            let outcome = answered(lost.clone(), is_repeated, releases).0;
            assert_eq!(outcome, Outcome::Refused(Refusal::LockLost));
        }
    }

    /// Only the module knows the sale: whatever else is said after a lost reply leaves the order unknown.
    #[test]
    fn what_may_be_done_has_not_failed() {
        for line in ["-ERR upstream failure\r\n", "-NOREPLICAS few\r\n", "-OOM full\r\n", "-NOPERM no\r\n"] {
            assert_eq!((failed(line, true), failed(line, false)), (Some(Outcome::Unknown), None), "{line}");
        }
        assert_eq!(failed("-NOSALE no sale at this key\r\n", true), None);
    }
}
