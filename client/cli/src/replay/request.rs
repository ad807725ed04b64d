//! The request of one buyer, from arrival to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;

use super::by_hand::Keys;
use super::checkout::Checkout;
use super::error::Error;
use super::handler::{Attempt, Handler};
use super::load::Load;
use super::service::UserService;
use super::strategy::Strategy;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ordered,
    SoldOut,
    GaveUp,
}

/// A request that has ended.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) buyer: u32,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    /// The handler read the stock, or sold from it, while the lock was not its own.
    pub(super) without_lock: bool,
    /// Attempts that the server refused because the lock was lost.
    pub(super) lock_lost: u64,
}

/// What the handlers of a strategy share.
pub(super) struct Shared {
    pub(super) strategy: Strategy,
    pub(super) load: Load,
    pub(super) keys: Arc<Keys>,
    pub(super) checkout: Arc<Checkout>,
    pub(super) service: UserService,
    /// Set by the first handler that found the stock empty, as the threads of one process would share it.
    pub(super) sold_out: AtomicBool,
    pub(super) began: Instant,
}

/// Tries until the buyer has a bottle, none is left, or the deadline has passed.
pub(super) async fn serve(
    shared: Arc<Shared>,
    con: MultiplexedConnection,
    buyer: u32,
) -> Result<Answer, Error> {
    let load = &shared.load;
    let mut rng = load.rng(buyer);
    let names = [buyer_id(buyer), order_id(buyer)];
    let deadline = (shared.began + load.deadline()).into();
    let mut handler = Handler::new(con, shared.keys.clone(), shared.checkout.clone(), names, deadline);
    let (mut without_lock, mut lock_lost) = (false, 0);
    let outcome = loop {
        if shared.sold_out.load(Ordering::Relaxed) {
            break Outcome::SoldOut;
        }
        if shared.began.elapsed() >= load.deadline() {
            break Outcome::GaveUp;
        }
        let check = shared.service.check(load.latency(&mut rng));
        match handler.attempt(shared.strategy, check).await? {
            Attempt::Busy => {}
            Attempt::LockLost => lock_lost += 1,
            Attempt::Done { ordered, without_lock: unprotected } => {
                without_lock = unprotected;
                if ordered {
                    break Outcome::Ordered;
                }
                shared.sold_out.store(true, Ordering::Relaxed);
                break Outcome::SoldOut;
            }
        }
        tokio::time::sleep(load.backoff(&mut rng)).await;
    };
    Ok(Answer { buyer, outcome, took: shared.began.elapsed(), without_lock, lock_lost })
}

pub(super) fn buyer_id(buyer: u32) -> String {
    format!("buyer-{buyer}")
}

pub(super) fn order_id(buyer: u32) -> String {
    format!("order-{buyer}")
}
