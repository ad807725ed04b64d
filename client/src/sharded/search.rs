//! Searches units for a shard that has too few.

use std::io;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::mover::{Answer, Mover, Settled};
use super::plan::Move;
use super::servers::{Figures, Servers};
use super::transfer::Transfer;
use crate::error::{Error, Result};

/// How long the turn is waited for. Who does not get it goes on without it, for it only saves work.
const PATIENCE: Duration = Duration::from_secs(1);
/// After how much of it who needs units looks whether there are any. At the end of a sale all processes need units at once,
/// and few find any.
const GLANCE: Duration = Duration::from_millis(100);

/// Those in this process who need units. One at a time moves some; and what it finds is the answer for those who wait
/// meanwhile, too.
pub(super) struct Search<S> {
    mover: Mover<S>,
    /// The answer that was found last, and when its search began.
    last: Mutex<Option<(Instant, Answer)>>,
}

impl<S: Servers> Search<S> {
    pub(super) fn new(servers: S) -> Self {
        Self { mover: Mover::new(servers), last: Mutex::default() }
    }

    pub(super) fn mover(&self) -> &Mover<S> {
        &self.mover
    }

    fn servers(&self) -> &S {
        self.mover.servers()
    }

    /// Finishes the transfers of others, and then makes these.
    pub(super) async fn balance(
        &self,
        moves: impl FnOnce(&[Option<Figures>]) -> Vec<Move> + Send,
    ) -> Result<(Settled, Vec<Transfer>)> {
        let _others_wait = self.last.lock().await;
        let turn = self.servers().turn(PATIENCE).await.unwrap_or_default();
        let balanced = self.mover.balance(moves).await;
        self.servers().end_turn(turn).await;
        balanced
    }

    /// Brings units to a shard that refused an order of so many at this instant, unless nobody wants them any more when it is
    /// this one's turn in the process. Fails when the journal cannot be written.
    pub(super) async fn bring(
        &self,
        to: usize,
        units: u64,
        refused: Instant,
        is_wanted: impl Fn() -> bool + Send,
    ) -> Result<Answer> {
        let mut last = self.last.lock().await;
        if let Some(answer) = answer_since(*last, refused, to, units) {
            return Ok(answer);
        }
        let mut turn = None;
        let patience = Instant::now() + PATIENCE;
        while turn.is_none() && Instant::now() < patience {
            if !is_wanted() {
                return Ok(Answer::Unsure(0));
            }
            let begun = Instant::now();
            if let Some(total) = self.missing(units, &[]).await? {
                let answer = Answer::Only(total);
                *last = Some((begun, answer));
                return Ok(answer);
            }
            let Ok(given) = self.servers().turn(GLANCE).await else { break };
            turn = given;
        }
        let begun = Instant::now();
        let answer = self.move_to(to, units).await;
        self.servers().end_turn(turn).await;
        let answer = answer?;
        *last = Some((begun, answer));
        Ok(answer)
    }

    async fn move_to(&self, to: usize, units: u64) -> Result<Answer> {
        let (mut settled, mut shards) = self.mover.figures_when_settled().await?;
        let total = match self.mover.gather(&mut shards, &mut settled, to, units).await? {
            Answer::Only(total) => total,
            answer => return Ok(answer),
        };
        if let Some(total) = self.missing(units, &settled.owed).await? {
            return Ok(Answer::Only(total));
        }
        let known = [settled.owed, settled.refused].concat();
        let is_stuck = settled.open.iter().all(|open| known.contains(open));
        Ok(if is_stuck && !settled.open.is_empty() && self.missing(units, &known).await?.is_some() {
            Answer::Stuck(total)
        } else {
            Answer::Unsure(total)
        })
    }

    /// What all shards together have, if that is certain to be less than these units, but for those of transfers that are
    /// known to be open. It needs no turn.
    ///
    /// The units of no shard changed between two reads, so there was an instant at which they had just this; and then no
    /// transfer was under way, for it would have been in the journal, which was read in between.
    async fn missing(&self, units: u64, known: &[Transfer]) -> Result<Option<u64>> {
        let before = self.servers().figures().await;
        let Some(total) = total(&before).filter(|total| *total < units) else { return Ok(None) };
        let under_way = self.servers().under_way().await?;
        let is_known = under_way.iter().all(|entry| known.contains(&entry.transfer));
        if !is_known || self.mover.seen().are_behind(&before) {
            return Ok(None);
        }
        let after = self.servers().figures().await;
        if !has_same_units(&before, &after) {
            return Ok(None);
        }
        self.mover.seen().note(&after);
        Ok(Some(total))
    }
}

/// Orders may have been confirmed meanwhile.
fn has_same_units(before: &[Option<Figures>], after: &[Option<Figures>]) -> bool {
    let units = |figures: &Option<Figures>| figures.map(|figures| (figures.available, figures.taken));
    before.iter().map(units).eq(after.iter().map(units))
}

/// The answer for who was refused at this instant, if it was found by a search that began later.
fn answer_since(last: Option<(Instant, Answer)>, refused: Instant, to: usize, units: u64) -> Option<Answer> {
    let (_, answer) = last.filter(|(begun, _)| *begun > refused)?;
    let is_answer = match answer {
        Answer::Brought(shard) => shard == to,
        Answer::Only(total) | Answer::Stuck(total) | Answer::Unsure(total) => total < units,
    };
    is_answer.then_some(answer)
}

/// The error of a call that needs units which may be left.
pub(super) fn unsure() -> Error {
    Error::Redis(
        io::Error::new(
            io::ErrorKind::TimedOut,
            "units may be left: a shard does not answer, or some are under way",
        )
        .into(),
    )
}

/// The units of all shards; none unless each has answered.
fn total(shards: &[Option<Figures>]) -> Option<u64> {
    shards.iter().try_fold(0u64, |sum, figures| Some(sum.saturating_add(figures.as_ref()?.available)))
}
