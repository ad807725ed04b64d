//! A lock on several servers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use redis::RedisError;
use tokio::time::{Instant, timeout};

use super::claim::Claim;
use super::handle::Lock;
use super::keeper::{Grant, Keeper, Release};
use super::votes::{Verdict, Votes};
use crate::background::Background;
use crate::call::{parse, timed_out};
use crate::client::Client;
use crate::connect::{ANSWER_WITHIN, Connect};
use crate::error::{Error, Result};

/// Locks that a majority of independent primaries keeps, by the Redlock algorithm.
///
/// A lock is held when more than half of the servers granted it, and as long as more than half renew it. So it outlives
/// any minority that is down, hangs or lost its memory, and no failover of one server gives it to a second owner. All
/// servers are asked at once, and the answer of the slowest is not waited for.
///
/// What it does not give:
///
/// * A fence: the fences of several servers are no single order, so [`Guard::fence`](crate::Guard::fence) is `None`. A
///   process that is stopped (by its scheduler, or a swap) *after* it looked whether it still holds the lock, goes on to
///   work when another may have it, and nothing can tell the service it calls. Where that does harm, use the lock of one
///   server with its fence. A purchase needs none of both: the server that sells checks the lock of that server in
///   the same step.
/// * A line: those who [wait](Lock::wait) ask again after random pauses, in no sequence.
/// * Safety when servers forget: a server that restarts without its locks (no AOF, or one that is not synced at each
///   write) may grant a lock again within the lease. Let it stay down for the longest lease.
///
/// The servers are primaries that know nothing of each other: not a primary with its replicas, nor nodes of one
/// cluster. An odd number is best, for of four no more may fail than of three.
///
/// It costs more than one server does: every request goes to all of them. Acquired and released on three servers of one
/// machine, a lock takes three times as long as on one; in a network the slower of the fastest two sets the pace.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use seckill_client::{Client, Redlock};
///
/// let servers = ["redis://a/", "redis://b/", "redis://c/"].map(Client::open);
/// let redlock = Redlock::new(servers.into_iter().collect::<Result<Vec<_>, _>>()?);
/// if let Some(guard) = redlock.lock("nightly-report").acquire(Duration::from_secs(30)).await? {
///     guard.run(async { /* the work */ }).await?;
///     guard.release().await;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Redlock<C: Connect = redis::Client>(Arc<Servers<C>>);

struct Servers<C: Connect> {
    clients: Vec<Client<C>>,
    background: Background,
}

impl<C: Connect> Redlock<C> {
    /// Locks on the servers of these clients. Each must be another server: one that is named twice has two votes. Nothing is
    /// sent.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use seckill_client::{Client, Redlock};
    ///
    /// let redlock = Redlock::new([
    ///     Client::open("redis://a/")?,
    ///     Client::open("redis://b/")?,
    ///     Client::open("redis://c/")?,
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(clients: impl IntoIterator<Item = Client<C>>) -> Self {
        let clients = clients.into_iter().collect();
        Self(Arc::new(Servers { clients, background: Background::default() }))
    }

    /// The lock at a key. Nothing is sent.
    ///
    /// ```no_run
    /// # async fn example(redlock: seckill_client::Redlock) -> seckill_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let (lease, patience) = (Duration::from_secs(30), Duration::from_secs(5));
    /// let guard = redlock.lock("nightly-report").wait(lease, patience).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lock(&self, key: impl Into<Vec<u8>>) -> Lock {
        Lock::new(self.0.clone(), key.into())
    }
}

impl<C: Connect> Servers<C> {
    /// Asks all servers at once, until the vote is decided or the time is up.
    async fn ask<V>(&self, within: Duration, vote: impl Fn(Client<C>) -> V) -> Verdict
    where
        V: Future<Output = Result<bool>> + Send + 'static,
    {
        let mut pending: FuturesUnordered<V> = self.clients.iter().cloned().map(vote).collect();
        let mut votes = Votes::of(self.clients.len());
        let count = async {
            while !votes.are_decided()
                && let Some(vote) = pending.next().await
            {
                votes.count(vote);
            }
        };
        // Who has not answered by then counts as failed.
        let _ = timeout(within, count).await;
        // The others may still answer: their clients see so whether a connection hangs. Not much longer, so that what
        // was asked does not pile up before a server that is gone.
        let rest = async move { while pending.next().await.is_some() {} };
        self.background.run(async { timeout(2 * ANSWER_WITHIN, rest).await.unwrap_or_default() });
        votes.verdict()
    }
}

/// How long a majority may take to answer: short beside the lease, so that most of it is left.
fn time_to_vote(claim: &Claim) -> Duration {
    (claim.lease / 5).min(ANSWER_WITHIN)
}

fn unanswered(error: Option<Error>) -> Error {
    error.unwrap_or_else(|| timed_out().into())
}

impl<C: Connect> Keeper for Servers<C> {
    fn acquire<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Grant>>> {
        Box::pin(async move {
            if self.clients.is_empty() {
                let error = (redis::ErrorKind::InvalidClientConfig, "a Redlock without servers");
                return Err(RedisError::from(error).into());
            }
            let sent = Instant::now();
            let lock = |client: Client<C>| {
                let lock = claim.lock(None);
                async move { Ok(client.attempt(&lock).await.and_then(parse::<Option<u64>>)?.is_some()) }
            };
            match self.ask(time_to_vote(claim), lock).await {
                Verdict::Yes => Ok(Some(Grant { fence: None, sent })),
                Verdict::No => {
                    self.release(claim).await;
                    Ok(None)
                }
                // Whoever was refused by one does not get it from those that are left.
                Verdict::Unknown { refused: 1.., .. } => {
                    self.release(claim).await;
                    Ok(None)
                }
                Verdict::Unknown { error, .. } => Err(unanswered(error)),
            }
        })
    }

    /// There is no line: whoever waits asks again, with another token, for a release of this one may arrive late.
    fn wait<'a>(&'a self, claim: &'a Claim, _deadline: Instant) -> BoxFuture<'a, Result<Option<Grant>>> {
        self.acquire(claim)
    }

    fn renew<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let renew = |client: Client<C>| {
                let renew = claim.renew();
                async move { Ok(client.attempt(&renew).await.and_then(parse)?) }
            };
            match self.ask(time_to_vote(claim), renew).await {
                Verdict::Yes => Ok(true),
                Verdict::No => Ok(false),
                Verdict::Unknown { error, .. } => Err(unanswered(error)),
            }
        })
    }

    fn release<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Release> {
        Box::pin(async move {
            let unlock = |client: Client<C>| {
                let unlock = claim.unlock();
                async move {
                    let answer = client.call::<bool>(&unlock).await?;
                    let is_clear = answer.reply || !answer.is_repeated;
                    if is_clear { Ok(answer.reply) } else { Err(timed_out().into()) }
                }
            };
            match self.ask(ANSWER_WITHIN, unlock).await {
                Verdict::Yes => Release::Released,
                Verdict::No => Release::NotHeld,
                Verdict::Unknown { .. } => Release::Unknown,
            }
        })
    }

    fn background(&self) -> &Background {
        &self.background
    }
}

impl<C: Connect> Clone for Redlock<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Connect> fmt::Debug for Redlock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redlock").field("servers", &self.0.clients.len()).finish()
    }
}
