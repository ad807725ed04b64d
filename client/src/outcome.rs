//! What is known of an order.

use crate::call::{Answer, Failure};
use crate::error::Result;
use crate::reply::Bought;
use crate::words::{Refusal, State};

/// What is known of an order after a purchase.
///
/// ```no_run
/// # async fn example(sale: seckill_client::Sale) -> seckill_client::Result<()> {
/// use seckill_client::Outcome;
///
/// match sale.buy("ann").order("order-1").await?.outcome {
///     Outcome::Order(state) => println!("the order is {state}"),
///     Outcome::Refused(why) => println!("no order: {why}"),
///     Outcome::NotPlaced => println!("no order: take the lock again"),
///     Outcome::Unknown => println!("ask again for order-1"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It exists, by this purchase or an earlier one.
    Order(State),
    /// There is no such order.
    Refused(Refusal),
    /// There is no such order. Why is not known: the reply that said so was lost, and the lock is released. Whoever takes
    /// the lock again may have the same order decided anew.
    NotPlaced,
    /// It may exist: a reply was lost, and no other came in time. The same purchase with the same order id may be made
    /// again, at any time.
    Unknown,
    /// A reply that this version of the crate does not know, from a newer server.
    Other(String),
}

/// What came of a purchase, which `releases` a lock or does not.
pub(crate) fn outcome(answer: Result<Answer<Bought>, Failure>, releases: bool) -> Result<Outcome> {
    match answer {
        Ok(Answer { reply: Bought::Refused(Refusal::LockLost), is_repeated: true, .. }) if releases => {
            Ok(Outcome::NotPlaced)
        }
        Ok(Answer { reply: Bought::Refused(refusal), .. }) => Ok(Outcome::Refused(refusal)),
        Ok(Answer { reply: Bought::Order(state), .. }) => Ok(Outcome::Order(state)),
        Ok(Answer { reply: Bought::Other(word), .. }) => Ok(Outcome::Other(word)),
        // A code of the protocol is an answer: there is no such order.
        Err(failure) if failure.may_be_done && failure.error.code().is_none() => Ok(Outcome::Unknown),
        Err(failure) => Err(failure.error),
    }
}
