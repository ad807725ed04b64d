//! A lock on one server, or in one cluster.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::claim::Claim;
use super::handle::Lock;
use super::keeper::{Grant, Keeper, Release};
use crate::background::Background;
use crate::call::{Failure, parse};
use crate::client::Client;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::error::Result;
use crate::own_connection::OwnConnection;
use crate::retry::Backoff;

impl<C: Connect> Client<C> {
    /// The lock at a key. Nothing is sent.
    ///
    /// ```no_run
    /// # async fn example(client: seckill_client::Client) -> seckill_client::Result<()> {
    /// let lease = std::time::Duration::from_secs(10);
    /// let guard = client.lock("checkout:ann").acquire(lease).await?;
    /// println!("{}", if guard.is_some() { "ours" } else { "another's" });
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lock(&self, key: impl Into<Vec<u8>>) -> Lock {
        Lock::new(Arc::new(self.clone()), key.into())
    }
}

impl<C: Connect> Keeper for Client<C> {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Grant>>> {
        Box::pin(async move {
            let answer = self.call(&claim.lock(None)).await?;
            let grant = granted(answer.reply, answer.sent);
            if grant.is_none() && answer.is_repeated {
                // An earlier attempt may arrive late.
                self.release(claim).await;
            }
            Ok(grant)
        })
    }

    fn wait<'a>(&'a self, claim: &'a Claim, deadline: Instant) -> BoxFuture<'a, Result<Option<Grant>>> {
        Box::pin(async move {
            let mut backoff = Backoff::until(deadline);
            // A lock that is free needs no connection of its own.
            let sent = Instant::now();
            let may_be_done = match self.attempt(&claim.lock(None)).await.and_then(parse) {
                Ok(Some(fence)) => return Ok(granted(Some(fence), sent)),
                Ok(None) => false,
                Err(failure) => retry(failure, &mut backoff).await?,
            };
            wait_in_line(self, claim, deadline, may_be_done).await
        })
    }

    fn renew<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move { Ok(self.attempt(&claim.renew()).await.and_then(parse)?) })
    }

    fn release<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Release> {
        Box::pin(async move {
            match self.call::<bool>(&claim.unlock()).await {
                Ok(answer) if answer.reply => Release::Released,
                Ok(answer) if !answer.is_repeated => Release::NotHeld,
                Ok(_) | Err(_) => Release::Unknown,
            }
        })
    }

    fn background(&self) -> &Background {
        self.background()
    }
}

/// Waits for the lock's turn, on a connection of its own: when this is dropped, the server sees that nobody waits any more.
async fn wait_in_line<C: Connect>(
    client: &Client<C>,
    claim: &Claim,
    deadline: Instant,
    mut may_be_done: bool,
) -> Result<Option<Grant>> {
    let mut connection = OwnConnection::new(client.clone());
    let mut backoff = Backoff::until(deadline);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let call = connection.call(&claim.lock(Some(left)), left + ANSWER_WITHIN).await;
        match call.and_then(parse) {
            // When the lease began is known to the server alone, so it begins anew.
            Ok(Some(fence)) => {
                let answer = client.call::<bool>(&claim.renew()).await?;
                if answer.reply {
                    return Ok(granted(Some(fence), answer.sent));
                }
            }
            Ok(None) => break,
            Err(failure) => may_be_done |= retry(failure, &mut backoff).await?,
        }
    }
    if may_be_done {
        // An earlier call may still be in line, on a connection that the server has not seen break.
        client.release(claim).await;
    }
    Ok(None)
}

/// Waits until a call that failed is to be sent again: whether it may have been executed.
async fn retry(failure: Failure, backoff: &mut Backoff) -> Result<bool> {
    let is_again = failure.error.is_retryable() && backoff.wait().await;
    if is_again { Ok(failure.may_be_done) } else { Err(failure.error) }
}

fn granted(fence: Option<u64>, sent: Instant) -> Option<Grant> {
    fence.map(|fence| Grant { fence: Some(fence), sent })
}
