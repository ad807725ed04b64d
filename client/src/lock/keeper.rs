//! Where a lock is kept.

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::claim::Claim;
use crate::background::Background;
use crate::error::Result;

/// What keeps locks: one server, or several. Any of its futures may be dropped; then whatever the claim asked for
/// may have happened.
pub(crate) trait Keeper: Send + Sync + 'static {
    /// Takes the lock if it is free. After `None` nothing is left of the claim.
    fn acquire<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Grant>>>;

    /// The same, and waits for its turn until the deadline, if there is a line to wait in.
    fn wait<'a>(&'a self, claim: &'a Claim, deadline: Instant) -> BoxFuture<'a, Result<Option<Grant>>>;

    /// Asks once for a new lease: whether it was given.
    fn renew<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<bool>>;

    fn release<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Release>;

    fn background(&self) -> &Background;
}

/// A claim was granted.
pub(crate) struct Grant {
    /// Where there is one order of all grants.
    pub(crate) fence: Option<u64>,
    /// Before the request was sent that the lease began with.
    pub(crate) sent: Instant,
}

/// What came of the release of a lock.
///
/// ```no_run
/// # async fn example(guard: seckill_client::Guard) {
/// use seckill_client::Release;
///
/// if guard.release().await == Release::NotHeld {
///     println!("somebody else may have had the lock at the end");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Release {
    /// The lock was held until now, and is free.
    Released,
    /// It was not held any more: its lease ran out, or it was taken away.
    NotHeld,
    /// No server said. It may be free; if not, its lease runs out.
    Unknown,
}
