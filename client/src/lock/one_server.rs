//! A lock on one server, or in one cluster.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::claim::Claim;
use super::handle::Lock;
use super::keeper::{Grant, Keeper, Release};
use crate::background::Background;
use crate::call::{Answer, Failure, parse};
use crate::client::Client;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::error::Result;
use crate::own_connection::OwnConnection;
use crate::retry::Backoff;

/// Whoever has no patience asks at least so long whether the lock is free.
const ASK_FOR: Duration = Duration::from_millis(250);

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
                release_later(self, claim);
            }
            Ok(grant)
        })
    }

    fn wait<'a>(&'a self, claim: &'a Claim, deadline: Instant) -> BoxFuture<'a, Result<Option<Grant>>> {
        Box::pin(async move {
            let mut backoff = Backoff::until(deadline);
            // A lock that is free needs no connection of its own.
            let sent = Instant::now();
            let until = deadline.clamp(sent + ASK_FOR, sent + ANSWER_WITHIN);
            let attempt = self.attempt_until(&claim.lock(None), until).await;
            let may_be_done = match attempt.and_then(parse) {
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
        let lock = claim.lock(Some(left));
        let call = tokio::select! {
            call = connection.call(&lock, left + ANSWER_WITHIN) => call,
            // The connection of this call may hang as well: it asks again.
            () = client.until_replaced() => {
                connection = OwnConnection::new(client.clone());
                may_be_done = true;
                continue;
            }
        };
        match call.and_then(parse) {
            // When the lease began is known to the server alone, so it begins anew.
            Ok(Some(fence)) => {
                let answer = client.call_until(&claim.renew(), Instant::now() + ANSWER_WITHIN).await?;
                let Answer { reply, sent, .. } = answer.parse::<bool>()?;
                if reply {
                    return Ok(granted(Some(fence), sent));
                }
            }
            Ok(None) => break,
            Err(failure) => may_be_done |= retry(failure, &mut backoff).await?,
        }
    }
    if may_be_done {
        // An earlier call may still be in line, on a connection that the server has not seen break.
        release_later(client, claim);
    }
    Ok(None)
}

fn release_later<C: Connect>(client: &Client<C>, claim: &Claim) {
    let (keeper, claim) = (client.clone(), claim.clone());
    client.background().run(async move {
        // Nobody asked for it.
        let _ = keeper.release(&claim).await;
    });
}

/// Waits until a call that failed is to be sent again: whether it may have been executed.
async fn retry(failure: Failure, backoff: &mut Backoff) -> Result<bool> {
    let is_again = failure.error.is_retryable() && backoff.wait().await;
    if is_again { Ok(failure.may_be_done) } else { Err(failure.error) }
}

fn granted(fence: Option<u64>, sent: Instant) -> Option<Grant> {
    fence.map(|fence| Grant { fence: Some(fence), sent })
}
