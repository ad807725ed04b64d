//! A lock that is held.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;

use super::hold::{Hold, keep, left, lost};
use super::keeper::{Grant, Release};
use super::release_on_drop::ReleaseOnDrop;

/// A lock that is held: it is renewed, each time after a third of its lease, until this is released or dropped.
///
/// A lock is lost when no server answers before the lease ends, or somebody else deletes it. Then [`run`](Self::run)
/// stops the work, and [`lost`](Self::lost) resolves: *before* another can have the lock, as long as the server keeps it for
/// its lease. A server does not when somebody deletes the lock, when it restarts without its data, or when a failover
/// promotes a replica that did not have it yet: the next renewal finds out, after a third of the lease. Nor does the clock of a
/// process run while its machine is suspended. Work that must be safe even then, and work that cannot be stopped at once,
/// is protected by the [`fence`](Self::fence); a purchase by the server that sells.
///
/// A guard is renewed by the runtime that acquired it, and when it is dropped, released in the background.
///
/// ```no_run
/// # async fn example(client: seckill_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// let lock = client.lock("checkout:ann");
/// let Some(guard) = lock.acquire(Duration::from_secs(10)).await? else {
///     return Ok(());
/// };
/// // Takes as long as it takes: the lock is renewed meanwhile.
/// guard.run(async { /* the work */ }).await?;
/// guard.release().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a guard that is dropped releases its lock"]
pub struct Guard {
    /// Before the next field: when a guard is dropped its renewals end first.
    hold: watch::Receiver<Hold>,
    claim: ReleaseOnDrop,
    fence: Option<u64>,
}

impl Guard {
    /// From now on the lock is kept.
    pub(crate) fn new(claim: ReleaseOnDrop, Grant { fence, sent }: Grant) -> Self {
        let (sender, hold) = watch::channel(Hold::Until(claim.claim.end(sent)));
        tracing::debug!(name: "seckill.lock.acquired", key = %claim.claim.name(), fence);
        claim.keeper.background().run(keep(claim.keeper.clone(), claim.claim.clone(), sender, sent));
        Self { hold, claim, fence }
    }

    /// The key of the lock.
    ///
    /// ```no_run
    /// # fn example(guard: &seckill_client::Guard) {
    /// println!("we have {}", String::from_utf8_lossy(guard.key()));
    /// # }
    /// ```
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.claim.claim.key
    }

    /// The number of this grant: a service that refuses any lower one than it saw is safe from those that do not know
    /// yet that they lost the lock. None for a [`Redlock`](crate::Redlock): the fences of several servers are no single
    /// order.
    ///
    /// ```no_run
    /// # fn example(guard: &seckill_client::Guard) {
    /// let fence = guard.fence().expect("a lock of one server");
    /// println!("UPDATE balance SET amount = 5, fence = {fence} WHERE fence <= {fence}");
    /// # }
    /// ```
    #[must_use]
    pub fn fence(&self) -> Option<u64> {
        self.fence
    }

    pub(crate) fn token(&self) -> &str {
        self.claim.claim.token()
    }

    /// Resolves as soon as the lock may be lost: a renewal was refused, or the lease is about to end without an answer.
    ///
    /// ```no_run
    /// # async fn example(guard: &seckill_client::Guard) {
    /// # async fn next_item() {}
    /// loop {
    ///     tokio::select! {
    ///         () = guard.lost() => break,
    ///         () = next_item() => {}
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn lost(&self) {
        lost(self.hold.clone()).await;
    }

    /// What is left of the time for which the lock is held for certain; each renewal makes it longer. 0 when the lock may be
    /// lost. Work that cannot be stopped at once is stopped while enough of it is left.
    ///
    /// ```no_run
    /// # fn example(guard: &seckill_client::Guard) {
    /// if guard.left() < std::time::Duration::from_secs(2) {
    ///     println!("no server answers: begin nothing new");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn left(&self) -> Duration {
        left(*self.hold.borrow())
    }

    /// Does the work while the lock is held. As soon as the lock may be lost, the work is dropped at its next await.
    ///
    /// # Errors
    ///
    /// The lock may be lost. How far the work came is not known.
    ///
    /// ```no_run
    /// # async fn example(guard: seckill_client::Guard) {
    /// # async fn charge() -> u64 { 7 }
    /// match guard.run(charge()).await {
    ///     Ok(receipt) => println!("{receipt}"),
    ///     Err(lost) => println!("{lost}"),
    /// }
    /// # }
    /// ```
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, Lost> {
        tokio::select! {
            biased;
            () = self.lost() => Err(Lost),
            output = work => Ok(output),
        }
    }

    /// Releases the lock, and says whether it was held until now. When this is dropped before it is done, the lock is
    /// released in the background.
    ///
    /// ```no_run
    /// # async fn example(guard: seckill_client::Guard) {
    /// println!("{:?}", guard.release().await);
    /// # }
    /// ```
    pub async fn release(self) -> Release {
        drop(self.hold);
        self.claim.release().await
    }

    /// The server that sells has released the lock already.
    pub(crate) fn consumed(self) {
        // The other servers of a Redlock have it still.
        if self.fence.is_some() {
            self.claim.close();
        }
    }
}

/// The key and the fence. The token stays secret: who has it, has the lock.
impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("key", &self.claim.claim.name())
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

/// The lock may be lost: why [`Guard::run`] stopped the work.
///
/// ```no_run
/// # async fn example(guard: seckill_client::Guard) {
/// if let Err(lost) = guard.run(async { /* the work */ }).await {
///     println!("stopped: {lost}");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lock may be lost")]
#[non_exhaustive]
pub struct Lost;
