//! Moves units between the shards of a sale.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::carry_out::{End, Open, carry_out, repeat};
use super::plan::{Move, Plan, towards};
use super::seen::Seen;
use super::servers::{Ending, Figures, Servers};
use super::suspects::Suspects;
use super::transfer::Transfer;
use crate::error::Result;

/// The most transfers for one shard in a row: others may take the units as fast as they come.
const MOST_MOVES: usize = 100;
/// How long the transfers of others are finished, before those of one's own.
const SETTLE_FOR: Duration = Duration::from_secs(1);
/// How many transfers are repeated at a time.
const REPEATED_AT_ONCE: usize = 32;

/// Moves units, and finishes what others began.
pub(super) struct Mover<S> {
    servers: S,
    seen: Seen,
    suspects: Suspects,
}

/// What came of the search for units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// This shard has got them, if nobody else was faster.
    Brought(usize),
    /// All shards together have no more than this.
    Only(u64),
    /// The same, but for units of transfers that a shard refuses to finish.
    Stuck(u64),
    /// There may be more: a shard does not answer, or units are under way.
    Unsure(u64),
}

/// What is known after all transfers were looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// How many were finished.
    pub(super) finished: usize,
    /// Those that cannot be finished yet.
    pub(super) open: Vec<Transfer>,
    /// Those of them whose units are there: the shard that gave them forgot it, and owes them.
    pub(super) owed: Vec<Transfer>,
    /// Those of them that a shard refuses.
    pub(super) refused: Vec<Transfer>,
    /// Shards that could not do their half. They get no units, for these would be in no shard until somebody mends it; nor
    /// do they give any.
    faulty: HashSet<usize>,
}

impl Settled {
    /// Whether no open transfer can be finished before somebody mends a shard.
    fn are_all_refused(&self) -> bool {
        self.open.iter().all(|open| self.refused.contains(open))
    }

    fn note_open(&mut self, transfer: Transfer, Open { error, at }: &Open) {
        tracing::warn!(name: "seckill.transfer.open", %transfer, %error);
        self.open.push(transfer);
        self.faulty.insert(*at);
        if !error.is_retryable() {
            self.refused.push(transfer);
        }
    }
}

impl<S: Servers> Mover<S> {
    pub(super) fn new(servers: S) -> Self {
        Self { servers, seen: Seen::default(), suspects: Suspects::default() }
    }

    pub(super) fn servers(&self) -> &S {
        &self.servers
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Finishes the transfers of others, and then makes these. One that fails does not keep the others from it. Fails when there is
    /// nothing else to tell of than shards that could not do their halves.
    pub(super) async fn balance(
        &self,
        moves: impl FnOnce(&[Option<Figures>]) -> Vec<Move> + Send,
    ) -> Result<(Settled, Vec<Transfer>)> {
        let mut settled = self.settle().await?;
        let shards = self.read().await;
        let mut moved = Vec::new();
        let (mut unready, mut why) = (HashSet::new(), None);
        for planned in moves(&shards) {
            let cannot = |shard| {
                settled.faulty.contains(&shard) || unready.contains(&shard) || self.suspects.has(shard)
            };
            if [planned.from, planned.to].into_iter().any(cannot) {
                continue;
            }
            if let Err(Open { error, at }) = self.check_ready(planned.from, planned.to).await {
                unready.insert(at);
                why = Some(error);
                continue;
            }
            let (transfer, end) = self.transfer(planned).await?;
            match end {
                Ok(End::Moved { .. }) => moved.push(transfer),
                Ok(End::Void | End::Owed) => {}
                Err(open) => {
                    settled.note_open(transfer, &open);
                    // Its node has other shards, and each would take as long.
                    if open.error.is_retryable() {
                        break;
                    }
                }
            }
        }
        match why {
            Some(error) if moved.is_empty() && settled.open.is_empty() && settled.finished == 0 => Err(error),
            _ => Ok((settled, moved)),
        }
    }

    /// Repeats the transfers that were done a short time ago: a failover may have forgotten a half of one. Those of shards
    /// that do not answer are repeated when these do, and those that are under way again are finished as such.
    pub(super) async fn repeat(&self) -> Result<()> {
        let shards = self.servers.figures().await;
        self.seen.forget_silent(&shards);
        let under_way: HashSet<_> =
            self.servers.under_way().await?.into_iter().map(|entry| entry.transfer).collect();
        let is_to_repeat =
            |(transfer, _): &(Transfer, _)| both_answer(&shards, *transfer) && !under_way.contains(transfer);
        let done = self.servers.done().await?.into_iter().filter(is_to_repeat);
        let repeated = stream::iter(done).map(|(transfer, ending)| self.repeat_one(transfer, ending));
        repeated.buffer_unordered(REPEATED_AT_ONCE).fold(Ok(()), async |all, one| all.and(one)).await
    }

    async fn repeat_one(&self, transfer: Transfer, ending: Ending) -> Result<()> {
        let is_open = match repeat(&self.servers, transfer, ending).await {
            Ok(end) => end == End::Owed,
            // Until somebody mends the shard.
            Err(Open { error, .. }) if !error.is_retryable() => true,
            Err(Open { error, .. }) => return Err(error),
        };
        if is_open {
            // It is to be finished when it can be.
            self.servers.begin(transfer).await?;
        }
        Ok(())
    }

    /// Finishes the transfers under way. One that fails does not keep the others from it, but those of the shard that failed.
    /// Shards that do not answer keep nobody waiting.
    pub(super) async fn settle(&self) -> Result<Settled> {
        let mut settled = Settled::default();
        let entries = self.servers.under_way().await?;
        if entries.is_empty() {
            return Ok(settled);
        }
        let begun = Instant::now();
        let mut shards = self.servers.figures().await;
        for entry in entries {
            let Transfer { from, to, .. } = entry.transfer;
            let is_silent = |shard| matches!(shards.get(shard), Some(None));
            let fails = |shard| self.suspects.is_left_alone(shard) || is_silent(shard);
            if fails(from) || fails(to) || begun.elapsed() > SETTLE_FOR {
                settled.open.push(entry.transfer);
                let may_fail = |shard: &usize| self.suspects.has(*shard) || is_silent(*shard);
                let failing: Vec<_> = [from, to].into_iter().filter(may_fail).collect();
                // Either may fail when neither is known to.
                settled.faulty.extend(if failing.is_empty() { vec![from, to] } else { failing });
                continue;
            }
            match self.finish(entry.transfer).await {
                Ok(end) => match end.ending() {
                    Some(ending) => {
                        self.servers.end(&entry, ending).await?;
                        settled.finished += 1;
                    }
                    None => {
                        settled.open.push(entry.transfer);
                        settled.owed.push(entry.transfer);
                    }
                },
                Err(open) => {
                    self.suspect(&open);
                    settled.note_open(entry.transfer, &open);
                    if open.error.is_retryable()
                        && let Some(figures) = shards.get_mut(open.at)
                    {
                        *figures = None;
                    }
                }
            }
        }
        Ok(settled)
    }

    /// Carries out what another one began. A shard that owes units gets them first, if others have any.
    async fn finish(&self, transfer: Transfer) -> Result<End, Open> {
        self.check_ready(transfer.from, transfer.to).await?;
        let end = carry_out(&self.servers, transfer).await?;
        if end != End::Owed {
            return Ok(end);
        }
        let mut shards = self.servers.figures().await;
        let gathered = self.gather(&mut shards, &mut Settled::default(), transfer.from, transfer.units).await;
        if let Err(error) = gathered {
            // It stays owed.
            tracing::debug!(name: "seckill.transfer.failed", %error);
        }
        carry_out(&self.servers, transfer).await
    }

    /// The figures of each shard, after the transfers under way were finished as far as they can be.
    pub(super) async fn figures_when_settled(&self) -> Result<(Settled, Vec<Option<Figures>>)> {
        let settled = self.settle().await?;
        Ok((settled, self.read().await))
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
        settled: &mut Settled,
        to: usize,
        units: u64,
    ) -> Result<Answer> {
        let mut unready = HashSet::new();
        for _ in 0..MOST_MOVES {
            let can = |shard: usize| !settled.faulty.contains(&shard) && !unready.contains(&shard);
            if matches!(shards.get(to), Some(None)) {
                // It would keep the units in no shard.
                return Ok(Answer::Unsure(0));
            }
            let preferred =
                towards(to, units, shards, |shard| can(to) && can(shard) && !self.suspects.has(shard));
            let plan = match preferred {
                Plan::Blocked(_) => towards(to, units, shards, |shard| can(to) && can(shard)),
                plan => plan,
            };
            let planned = match plan {
                Plan::Enough => break,
                Plan::Missing(total) => return Ok(Answer::Only(total)),
                Plan::Blocked(total) if unready.is_empty() && settled.are_all_refused() => {
                    return Ok(Answer::Stuck(total));
                }
                Plan::Blocked(total) => return Ok(Answer::Unsure(total)),
                Plan::Move(planned) => planned,
            };
            if let Some(shard) = self.unready(planned).await {
                unready.insert(shard);
                continue;
            }
            let (transfer, end) = self.transfer(planned).await?;
            match end {
                Ok(End::Moved { from, to }) => {
                    set_available(shards, planned.from, from);
                    set_available(shards, planned.to, to);
                }
                Ok(End::Void | End::Owed) => *shards = self.servers.figures().await,
                // Perhaps another shard can give them; but who did not answer took all the time.
                Err(open) => {
                    settled.note_open(transfer, &open);
                    if open.error.is_retryable() {
                        return Ok(Answer::Unsure(0));
                    }
                }
            }
        }
        Ok(Answer::Brought(to))
    }

    /// A shard of a planned transfer that could not do its half now. Then its units stay where they are.
    async fn unready(&self, planned: Move) -> Option<usize> {
        let Open { error, at } = self.check_ready(planned.from, planned.to).await.err()?;
        tracing::debug!(name: "seckill.transfer.failed", %error);
        Some(at)
    }

    fn suspect(&self, open: &Open) {
        if open.error.is_retryable() {
            self.suspects.note(open.at);
        }
    }

    /// Whether both shards of a transfer could do their halves now.
    async fn check_ready(&self, from: usize, to: usize) -> Result<(), Open> {
        for at in [from, to] {
            self.servers.ready(at).await.map_err(|error| Open { error, at })?;
        }
        Ok(())
    }

    /// Makes a transfer. It fails when it could not be begun.
    async fn transfer(&self, planned: Move) -> Result<(Transfer, Result<End, Open>)> {
        let transfer = Transfer::new(planned.from, planned.to, planned.units);
        let entry = self.servers.begin(transfer).await?;
        let end = carry_out(&self.servers, transfer).await;
        tracing::debug!(name: "seckill.transfer", %transfer, ?end);
        if let Err(open) = &end {
            self.suspect(open);
        }
        if matches!(end, Ok(End::Moved { .. })) {
            self.seen.note_moved(transfer);
        }
        if let Some(ending) = end.as_ref().ok().and_then(|end| end.ending())
            && let Err(error) = self.servers.end(&entry, ending).await
        {
            // Whoever looks next does it.
            tracing::debug!(name: "seckill.transfer.open", %transfer, %error);
        }
        Ok((transfer, end))
    }
}

/// Whether both shards of a transfer answer.
fn both_answer(shards: &[Option<Figures>], transfer: Transfer) -> bool {
    let is_silent = |shard: usize| matches!(shards.get(shard), Some(None));
    !is_silent(transfer.from) && !is_silent(transfer.to)
}

fn set_available(shards: &mut [Option<Figures>], shard: usize, available: u64) {
    if let Some(Some(figures)) = shards.get_mut(shard) {
        figures.available = available;
    }
}
