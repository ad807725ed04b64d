//! A lock, as a handle.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tokio::time::Instant;
use tracing::Instrument;

use super::claim::Claim;
use super::guard::Guard;
use super::keeper::{Grant, Keeper};
use super::release_on_drop::ReleaseOnDrop;
use crate::error::Result;
use crate::retry::Backoff;

/// No process waits longer, and no clock overflows by it.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A lock, on [one server](crate::Client::lock) or on [several](crate::Redlock::lock).
///
/// Its futures may be dropped at any time: then the lock is released, and its line left, in the background. Should that
/// fail, the lock is free after its lease.
///
/// ```no_run
/// # async fn example(client: seckill_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// let (lease, patience) = (Duration::from_secs(10), Duration::from_secs(2));
/// match client.lock("checkout:ann").wait(lease, patience).await? {
///     Some(guard) => guard.run(async { /* the work */ }).await?,
///     None => println!("others were before us all the time"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lock {
    keeper: Arc<dyn Keeper>,
    key: Vec<u8>,
}

impl Lock {
    pub(crate) fn new(keeper: Arc<dyn Keeper>, key: Vec<u8>) -> Self {
        Self { keeper, key }
    }

    /// Its key.
    ///
    /// ```no_run
    /// # fn example(client: &seckill_client::Client) {
    /// assert_eq!(client.lock("checkout:ann").key(), b"checkout:ann");
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Takes the lock, or `None` while another holds it, or others wait for it. Nobody gets it before the lease ends
    /// that began last, so a short lease frees it soon when this process ends without a release; a lease that is much
    /// longer than the pauses of server, network and process keeps it.
    ///
    /// # Errors
    ///
    /// `WRONGTYPE` when the key holds anything else; what the connection ended with. Then the lock is released in the
    /// background, in case that it was taken.
    ///
    /// ```no_run
    /// # async fn example(lock: seckill_client::Lock) -> seckill_client::Result<()> {
    /// match lock.acquire(std::time::Duration::from_secs(10)).await? {
    ///     Some(guard) => println!("ours: {guard:?}"),
    ///     None => println!("another's"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn acquire(&self, lease: Duration) -> Result<Option<Guard>> {
        let claim = self.claim(lease);
        let span = tracing::debug_span!("seckill.lock.acquire", key = %claim.claim.name());
        let grant = claim.keeper.acquire(&claim.claim).instrument(span).await?;
        guard(claim, grant)
    }

    /// Takes the lock, as [`acquire`](Self::acquire) does, and waits for it: on one server in line, in the sequence of the
    /// callers; with a [`Redlock`](crate::Redlock) by asking again after random pauses. `None` when it could not be had
    /// in that time.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire); `MAXWAITERS` when too many wait.
    ///
    /// ```no_run
    /// # async fn example(lock: seckill_client::Lock) -> seckill_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let (lease, patience) = (Duration::from_secs(10), Duration::from_secs(2));
    /// if let Some(guard) = lock.wait(lease, patience).await? {
    ///     println!("it is our turn: {guard:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait(&self, lease: Duration, patience: Duration) -> Result<Option<Guard>> {
        let deadline = Instant::now() + patience.min(LONGEST);
        let span = tracing::debug_span!("seckill.lock.wait", key = %self.key.escape_ascii());
        self.wait_until(lease, deadline).instrument(span).await
    }

    async fn wait_until(&self, lease: Duration, deadline: Instant) -> Result<Option<Guard>> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let claim = self.claim(lease);
            let result = claim.keeper.wait(&claim.claim, deadline).await;
            let result = result.and_then(|grant| guard(claim, grant));
            let is_final = match &result {
                Ok(guard) => guard.is_some(),
                Err(error) => !error.is_retryable(),
            };
            if is_final || !backoff.wait().await {
                return result;
            }
        }
    }

    fn claim(&self, lease: Duration) -> ReleaseOnDrop {
        ReleaseOnDrop::new(self.keeper.clone(), Claim::new(self.key.clone(), lease))
    }
}

/// The guard of a claim, if it was granted. A lease that is over when the grant arrives is of no use.
fn guard(claim: ReleaseOnDrop, grant: Option<Grant>) -> Result<Option<Guard>> {
    let Some(grant) = grant else {
        claim.close();
        return Ok(None);
    };
    if claim.claim.end(grant.sent) <= Instant::now() {
        let error = io::Error::new(io::ErrorKind::TimedOut, "the lease was over when the lock was granted");
        return Err(RedisError::from(error).into());
    }
    Ok(Some(Guard::new(claim, grant)))
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({:?})", String::from_utf8_lossy(&self.key))
    }
}
