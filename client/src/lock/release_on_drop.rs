//! A claim is released when nobody needs it any more.

use std::sync::Arc;

use tokio::time::timeout;

use super::claim::Claim;
use super::keeper::{Keeper, Release};

/// A claim that may hold a lock, or may come to hold it, until it is known not to. When this is dropped before, the lock is
/// released in the background.
pub(crate) struct ReleaseOnDrop {
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) claim: Arc<Claim>,
    is_open: bool,
}

impl ReleaseOnDrop {
    pub(crate) fn new(keeper: Arc<dyn Keeper>, claim: Claim) -> Self {
        Self { keeper, claim: Arc::new(claim), is_open: true }
    }

    /// Nothing is left to release.
    pub(crate) fn close(mut self) {
        self.is_open = false;
    }

    pub(crate) async fn release(self) -> Release {
        let release = self.keeper.release(&self.claim).await;
        tracing::debug!(name: "seckill.lock.released", key = %self.claim.name(), ?release);
        self.close();
        release
    }
}

impl Drop for ReleaseOnDrop {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let (keeper, claim) = (self.keeper.clone(), self.claim.clone());
        self.keeper.background().run(async move {
            // After its lease the lock is free anyway.
            let release = timeout(claim.lease, keeper.release(&claim)).await.unwrap_or(Release::Unknown);
            tracing::debug!(name: "seckill.lock.released", key = %claim.name(), ?release);
        });
    }
}
