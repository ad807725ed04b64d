//! Moves units between the shards of a sale.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::carry_out::{End, carry_out, repeat};
use super::plan::{Move, Plan, towards};
use super::seen::Seen;
use super::servers::{Ending, Entry, Figures, Servers};
use super::transfer::Transfer;
use crate::error::{Error, Result};

/// The most transfers for one shard in a row: others may take the units as fast as they come.
const MOST_MOVES: usize = 100;
/// How long who needs units waits for the turn, before it looks again whether there are any; and how often it does. At the
/// end of a sale all processes need units at once, and few find any.
const PATIENCE: Duration = Duration::from_millis(100);
const MOST_WAITS: usize = 10;
/// How long it is waited for otherwise.
const MUCH_PATIENCE: Duration = Duration::from_secs(1);
/// How many transfers are repeated at a time.
const REPEATED_AT_ONCE: usize = 32;

/// Moves units. In a process one at a time does, for those who wait meanwhile need not ask again.
pub(super) struct Mover<S> {
    servers: S,
    seen: Seen,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The answer that was found last, and when its search began.
    last: Option<(Instant, Answer)>,
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
    /// Those of them of which the units are there, and owed by the shard that should have given them.
    pub(super) owed: Vec<Transfer>,
}

impl<S: Servers> Mover<S> {
    pub(super) fn new(servers: S) -> Self {
        Self { servers, seen: Seen::default(), state: Mutex::default() }
    }

    pub(super) fn servers(&self) -> &S {
        &self.servers
    }

    /// Brings units to a shard that refused an order of so many at this instant. Fails when a transfer failed without
    /// which there are too few.
    pub(super) async fn bring(&self, to: usize, units: u64, refused: Instant) -> Result<Answer> {
        let mut state = self.state.lock().await;
        if let Some(answer) = state.answer_since(refused, to, units) {
            return Ok(answer);
        }
        let mut turn = None;
        for _ in 0..MOST_WAITS {
            let begun = Instant::now();
            if let Some(total) = self.missing(units).await {
                let answer = Answer::Only(total);
                state.last = Some((begun, answer));
                return Ok(answer);
            }
            turn = self.servers.turn(PATIENCE).await;
            if turn.is_some() {
                break;
            }
        }
        let begun = Instant::now();
        let ended = self.servers.last_ended().await;
        let (owed, mut shards) = self.look().await;
        let mut answer = self.gather(&mut shards, to, units).await?;
        if let Answer::Only(total) = answer
            && !self.is_still(ended, &owed).await
        {
            answer = Answer::Unsure(total);
        }
        state.last = Some((begun, answer));
        drop(turn);
        Ok(answer)
    }

    /// What all shards together have, if that is certain to be less than these units. It needs no turn.
    ///
    /// No shard changed between two reads, so there was an instant at which they had just this; and then no transfer was under
    /// way, for it would have been in the journal, which was read in between.
    async fn missing(&self, units: u64) -> Option<u64> {
        let before = self.servers.figures().await;
        let total = total(&before)?;
        if total >= units || self.seen.are_behind(&before) || !self.servers.under_way().await.ok()?.is_empty()
        {
            return None;
        }
        let after = self.servers.figures().await;
        if after != before {
            return None;
        }
        self.seen.note(&after);
        Some(total)
    }

    /// Whether no units were under way when the figures were read, after this one was the last that ended: a transfer that
    /// was under way then has not ended yet, or it is the last one now.
    async fn is_still(&self, ended: Result<Option<String>>, owed: &[Transfer]) -> bool {
        let under_way = self.servers.under_way().await;
        let has_ended = self.servers.last_ended().await;
        let is_owed = |entry: &Entry| owed.contains(&entry.transfer);
        under_way.is_ok_and(|entries| entries.iter().all(is_owed)) && ended.is_ok() && ended == has_ended
    }

    /// Finishes the transfers of others, and then makes these.
    pub(super) async fn balance(
        &self,
        moves: impl FnOnce(&[Option<Figures>]) -> Vec<Move> + Send,
    ) -> Result<(Settled, Vec<Transfer>)> {
        let _state = self.state.lock().await;
        let _turn = self.servers.turn(MUCH_PATIENCE).await;
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
    /// that do not answer are repeated when these do.
    pub(super) async fn repeat(&self) -> Result<()> {
        let shards = self.servers.figures().await;
        self.seen.forget_silent(&shards);
        let done = self.servers.done().await?.into_iter();
        let repeated = stream::iter(done.filter(|(transfer, _)| answer(&shards, *transfer)))
            .map(|(transfer, ending)| self.repeat_one(transfer, ending));
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
                    settled.owed.push(entry.transfer);
                }
                Err(error) => {
                    tracing::warn!(name: "seckill.transfer.open", transfer = %entry.transfer, %error);
                    settled.open.push(entry.transfer);
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

    /// The figures of each shard, after the transfers under way were finished as far as they can be; and those that are owed.
    async fn look(&self) -> (Vec<Transfer>, Vec<Option<Figures>>) {
        let settled = self.settle().await.unwrap_or_else(|error| {
            tracing::warn!(name: "seckill.transfers.unread", %error);
            Settled::default()
        });
        (settled.owed, self.read().await)
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
    async fn gather(&self, shards: &mut Vec<Option<Figures>>, to: usize, units: u64) -> Result<Answer> {
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

impl State {
    /// The answer for who was refused at this instant, if it was found by a search that began later.
    fn answer_since(&self, refused: Instant, to: usize, units: u64) -> Option<Answer> {
        let (_, answer) = self.last.filter(|(begun, _)| *begun > refused)?;
        let is_answer = match answer {
            Answer::Brought(shard) => shard == to,
            Answer::Only(total) | Answer::Unsure(total) => total < units,
        };
        is_answer.then_some(answer)
    }
}

/// Whether both shards of a transfer answer.
fn answer(shards: &[Option<Figures>], transfer: Transfer) -> bool {
    let is_silent = |shard: usize| matches!(shards.get(shard), Some(None));
    !is_silent(transfer.from) && !is_silent(transfer.to)
}

/// The units of all shards; none unless each has answered.
fn total(shards: &[Option<Figures>]) -> Option<u64> {
    shards.iter().try_fold(0u64, |sum, figures| Some(sum.saturating_add(figures.as_ref()?.available)))
}

fn set_available(shards: &mut [Option<Figures>], shard: usize, available: u64) {
    if let Some(Some(figures)) = shards.get_mut(shard) {
        figures.available = available;
    }
}
