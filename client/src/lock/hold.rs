//! How long a lock is held.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::claim::Claim;
use super::keeper::Keeper;
use crate::call::timed_out;

/// Whether a lock is held, as far as this process can know.
#[derive(Clone, Copy)]
pub(crate) enum Hold {
    /// It is, until this instant at least.
    Until(Instant),
    /// It may have ended.
    Lost,
}

/// Keeps a lock until it may be lost, or nobody watches any more. Its lease began with a request that was sent then.
pub(crate) async fn keep(
    keeper: Arc<dyn Keeper>,
    claim: Arc<Claim>,
    hold: watch::Sender<Hold>,
    granted: Instant,
) {
    tokio::select! {
        biased;
        () = hold.closed() => {}
        why = renew(&*keeper, &claim, &hold, granted) => {
            hold.send_replace(Hold::Lost);
            tracing::warn!(name: "seckill.lock.lost", key = %claim.name(), why);
        }
    }
}

/// Renews the lease until the lock may be lost, and says why it may be.
async fn renew(
    keeper: &dyn Keeper,
    claim: &Claim,
    hold: &watch::Sender<Hold>,
    granted: Instant,
) -> &'static str {
    let (mut end, mut next) = (claim.end(granted), granted + claim.lease / 3);
    loop {
        let attempt = async {
            sleep_until(next).await;
            let sent = Instant::now();
            // One that hangs leaves time for others.
            let renewed = timeout(claim.lease / 6, keeper.renew(claim)).await;
            (sent, renewed.unwrap_or_else(|_| Err(timed_out().into())))
        };
        match timeout_at(end, attempt).await {
            Ok((sent, Ok(true))) => {
                (end, next) = (claim.end(sent), sent + claim.lease / 3);
                hold.send_replace(Hold::Until(end));
            }
            Ok((_, Ok(false))) => return "its renewal was refused",
            Ok((_, Err(error))) => {
                tracing::debug!(name: "seckill.lock.renewal_failed", key = %claim.name(), %error);
                next = Instant::now() + claim.lease / 10;
            }
            Err(_) => return "its lease ends without an answer",
        }
    }
}

/// Waits until a lock may be lost.
pub(crate) async fn lost(mut hold: watch::Receiver<Hold>) {
    loop {
        let Hold::Until(end) = *hold.borrow_and_update() else { return };
        match timeout_at(end, hold.changed()).await {
            Ok(Ok(())) => {}
            // Nobody renews it: the runtime that did is gone.
            Ok(Err(_)) => return sleep_until(end).await,
            Err(_) => return,
        }
    }
}

/// For how long a lock is held still, for certain.
pub(crate) fn left(hold: Hold) -> Duration {
    match hold {
        Hold::Until(end) => end.saturating_duration_since(Instant::now()),
        Hold::Lost => Duration::ZERO,
    }
}
