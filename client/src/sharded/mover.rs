//! Moves units between the shards of a sale.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};

use super::carry_out::{End, carry_out, repeat};
use super::plan::{Move, Plan, towards};
use super::seen::Seen;
use super::servers::{Ending, Entry, Figures, Servers};
use super::transfer::Transfer;
use crate::error::{Error, Result};

/// The most transfers for one shard in a row: others may take the units as fast as they come.
const MOST_MOVES: usize = 100;
/// How many transfers are repeated at a time.
const REPEATED_AT_ONCE: usize = 32;

/// Moves units, and finishes what others began.
pub(super) struct Mover<S> {
    servers: S,
    seen: Seen,
}

/// What came of the search for units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// This shard has got them, if nobody else was faster.
    Brought(usize),
    /// All shards together have no more than this.
    Only(u64),
    /// Those that answer have no more than this. Others do not answer, or units are under way: there may be more.
    Unsure(u64),
}

/// What is known after all transfers were looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// How many were finished.
    pub(super) finished: usize,
    /// Those that cannot be finished yet.
    pub(super) open: Vec<Transfer>,
    /// Those of them that nobody can finish now: a shard owes the units, or refuses its half.
    pub(super) stuck: Vec<Transfer>,
}

impl<S: Servers> Mover<S> {
    pub(super) fn new(servers: S) -> Self {
        Self { servers, seen: Seen::default() }
    }

    pub(super) fn servers(&self) -> &S {
        &self.servers
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Finishes the transfers of others, and then makes these.
    pub(super) async fn balance(
        &self,
        moves: impl FnOnce(&[Option<Figures>]) -> Vec<Move> + Send,
    ) -> Result<(Settled, Vec<Transfer>)> {
        let settled = self.settle().await?;
        let shards = self.read().await;
        let mut moved = Vec::new();
        for planned in moves(&shards) {
            let (transfer, end) = self.transfer(planned).await?;
            if matches!(end, End::Moved { .. }) {
                moved.push(transfer);
            }
        }
        Ok((settled, moved))
    }

    /// Repeats the transfers that were done a short time ago: a failover may have forgotten a half of one. Those of shards
    /// that do not answer are repeated when these do, and those that are under way again are finished as such.
    pub(super) async fn repeat(&self) -> Result<()> {
        let shards = self.servers.figures().await;
        self.seen.forget_silent(&shards);
        let under_way: HashSet<_> =
            self.servers.under_way().await?.into_iter().map(|entry| entry.transfer).collect();
        let is_to_repeat =
            |(transfer, _): &(Transfer, _)| answer(&shards, *transfer) && !under_way.contains(transfer);
        let done = self.servers.done().await?.into_iter().filter(is_to_repeat);
        let repeated = stream::iter(done).map(|(transfer, ending)| self.repeat_one(transfer, ending));
        repeated.buffer_unordered(REPEATED_AT_ONCE).fold(Ok(()), async |all, one| all.and(one)).await
    }

    async fn repeat_one(&self, transfer: Transfer, ending: Ending) -> Result<()> {
        if repeat(&self.servers, transfer, ending).await? == End::Owed {
            // It is to be finished when there are units for it.
            self.servers.begin(transfer).await?;
        }
        Ok(())
    }

    /// Finishes the transfers under way. One that fails does not keep the others from it, and those of shards that do not
    /// answer keep nobody waiting.
    pub(super) async fn settle(&self) -> Result<Settled> {
        let mut settled = Settled::default();
        let entries = self.servers.under_way().await?;
        if entries.is_empty() {
            return Ok(settled);
        }
        let shards = self.servers.figures().await;
        for entry in entries {
            if !answer(&shards, entry.transfer) {
                settled.open.push(entry.transfer);
                continue;
            }
            match self.finish(&entry).await {
                Ok(true) => settled.finished += 1,
                Ok(false) => {
                    settled.open.push(entry.transfer);
                    settled.stuck.push(entry.transfer);
                }
                Err(error) => {
                    tracing::warn!(name: "seckill.transfer.open", transfer = %entry.transfer, %error);
                    settled.open.push(entry.transfer);
                    if !error.is_retryable() {
                        settled.stuck.push(entry.transfer);
                    }
                }
            }
        }
        Ok(settled)
    }

    /// `false` when a shard that owes units still lacks them.
    async fn finish(&self, entry: &Entry) -> Result<bool> {
        let Transfer { from, units, .. } = entry.transfer;
        let mut end = carry_out(&self.servers, entry.transfer).await?;
        if end == End::Owed {
            let mut shards = self.servers.figures().await;
            self.gather(&mut shards, from, units).await?;
            end = carry_out(&self.servers, entry.transfer).await?;
        }
        let Some(ending) = end.ending() else { return Ok(false) };
        self.servers.end(entry, ending).await?;
        Ok(true)
    }

    /// The figures of each shard, after the transfers under way were finished as far as they can be; and those that nobody
    /// can finish.
    pub(super) async fn look(&self) -> (Vec<Transfer>, Vec<Option<Figures>>) {
        let settled = self.settle().await.unwrap_or_else(|error| {
            tracing::warn!(name: "seckill.transfers.unread", %error);
            Settled::default()
        });
        (settled.stuck, self.read().await)
    }

    /// The figures of each shard. After a failover the latest transfers are repeated first.
    async fn read(&self) -> Vec<Option<Figures>> {
        let shards = self.servers.figures().await;
        if !self.seen.note(&shards) {
            return shards;
        }
        if let Err(error) = self.repeat().await {
            tracing::warn!(name: "seckill.transfers.unread", %error);
            self.seen.forget();
        }
        self.servers.figures().await
    }

    /// Moves units to a shard until it has enough or all together have too few.
    pub(super) async fn gather(
        &self,
        shards: &mut Vec<Option<Figures>>,
        to: usize,
        units: u64,
    ) -> Result<Answer> {
        let mut failed: Option<Error> = None;
        for _ in 0..MOST_MOVES {
            let planned = match towards(to, units, shards) {
                Plan::Enough => break,
                Plan::Missing(total) => {
                    let is_silent = shards.contains(&None);
                    let answer = if is_silent { Answer::Unsure(total) } else { Answer::Only(total) };
                    return failed.map_or(Ok(answer), Err);
                }
                Plan::Move(planned) => planned,
            };
            match self.transfer(planned).await {
                Ok((_, End::Moved { from, to })) => {
                    set_available(shards, planned.from, from);
                    set_available(shards, planned.to, to);
                }
                Ok((_, End::Void | End::Owed)) => *shards = self.servers.figures().await,
                // Perhaps another shard can give them.
                Err(error) => {
                    tracing::debug!(name: "seckill.transfer.failed", %error);
                    shards[planned.from] = None;
                    failed = Some(error);
                }
            }
        }
        Ok(Answer::Brought(to))
    }

    async fn transfer(&self, planned: Move) -> Result<(Transfer, End)> {
        let transfer = Transfer::new(planned.from, planned.to, planned.units);
        let entry = self.servers.begin(transfer).await?;
        let end = carry_out(&self.servers, transfer).await?;
        tracing::debug!(name: "seckill.transfer", %transfer, ?end);
        if matches!(end, End::Moved { .. }) {
            self.seen.note_moved(transfer);
        }
        if let Some(ending) = end.ending()
            && let Err(error) = self.servers.end(&entry, ending).await
        {
            // Whoever looks next does it.
            tracing::debug!(name: "seckill.transfer.open", %transfer, %error);
        }
        Ok((transfer, end))
    }
}

/// Whether both shards of a transfer answer.
fn answer(shards: &[Option<Figures>], transfer: Transfer) -> bool {
    let is_silent = |shard: usize| matches!(shards.get(shard), Some(None));
    !is_silent(transfer.from) && !is_silent(transfer.to)
}

fn set_available(shards: &mut [Option<Figures>], shard: usize, available: u64) {
    if let Some(Some(figures)) = shards.get_mut(shard) {
        figures.available = available;
    }
}
