//! Carries out a transfer, or finishes one that another client began.

use super::servers::{Ending, Restocked, Servers};
use super::transfer::Transfer;
use crate::error::{Error, Result};

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Both halves are done: the units available then in each shard.
    Moved { from: u64, to: u64 },
    /// No half counts, and none ever will.
    Void,
    /// One shard got the units, and the other one has too few to give them: a failover forgot that it had given them.
    /// The transfer is not at an end.
    Owed,
}

impl End {
    /// How it ended for good, if it did.
    pub(super) fn ending(self) -> Option<Ending> {
        match self {
            Self::Moved { .. } => Some(Ending::Moved),
            Self::Void => Some(Ending::Void),
            Self::Owed => None,
        }
    }
}

/// A step of a transfer failed. It is open, and others may finish it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) error: Error,
    /// The shard that failed.
    pub(super) at: usize,
}

/// Takes the units from one shard and puts them into the other.
///
/// Anyone may do this at any time, also several at once, and again after it is done: each step is applied once, by its ID.
/// A shard that has too few units makes the transfer void, and does so with the same ID, so that a step which was sent
/// earlier and arrives later changes nothing. The shard that would get the units is asked first: when it has them already,
/// the transfer cannot become void.
pub(super) async fn carry_out<S: Servers>(servers: &S, transfer: Transfer) -> Result<End, Open> {
    let steps = Steps { servers, transfer };
    match steps.take().await? {
        Restocked::Applied(from) => steps.put(from).await,
        // Void.
        Restocked::Mismatch => Ok(End::Void),
        Restocked::NoStock => steps.make_void().await,
    }
}

/// Repeats a transfer that was done, in case that a failover forgot a step. One that became void stays so.
pub(super) async fn repeat<S: Servers>(servers: &S, transfer: Transfer, ending: Ending) -> Result<End, Open> {
    match ending {
        Ending::Moved => carry_out(servers, transfer).await,
        Ending::Void => Steps { servers, transfer }.make_void().await,
    }
}

struct Steps<'s, S> {
    servers: &'s S,
    transfer: Transfer,
}

impl<S: Servers> Steps<'_, S> {
    async fn take(&self) -> Result<Restocked, Open> {
        self.restock(self.transfer.from, self.transfer.taken()).await
    }

    async fn put(&self, from: u64) -> Result<End, Open> {
        match self.restock(self.transfer.to, self.transfer.put()).await? {
            Restocked::Applied(to) => Ok(End::Moved { from, to }),
            // Another client found too few units before they were taken.
            _ => self.give_back().await,
        }
    }

    async fn make_void(&self) -> Result<End, Open> {
        let is_put = self.restock(self.transfer.to, 0).await? == Restocked::Mismatch;
        if is_put {
            // Another client may have taken and put them in between.
            return match self.take().await? {
                Restocked::Applied(from) => self.put(from).await,
                _ => Ok(End::Owed),
            };
        }
        match self.restock(self.transfer.from, 0).await? {
            Restocked::Applied(_) => Ok(End::Void),
            // Another client took them in between.
            _ => self.give_back().await,
        }
    }

    /// The units were taken, and the other shard will never get them.
    async fn give_back(&self) -> Result<End, Open> {
        let Transfer { from, .. } = self.transfer;
        let given_back = self.servers.restock(from, self.transfer.put(), self.transfer.back()).await;
        given_back.map_err(|error| Open { error, at: from })?;
        Ok(End::Void)
    }

    async fn restock(&self, shard: usize, delta: i64) -> Result<Restocked, Open> {
        let restocked = self.servers.restock(shard, delta, self.transfer.to_string()).await;
        restocked.map_err(|error| Open { error, at: shard })
    }
}
