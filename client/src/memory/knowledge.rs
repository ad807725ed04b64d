//! The figures of all shards, as they are learned and forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

use super::figures::{Figures, LIFE};
use super::verdict::Verdict;
use crate::error::Error;

/// How long nothing is learned after an error that would come again.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// What is known of the shards of a sale.
pub(super) struct Knowledge {
    keys: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, usize>,
    /// What follows from the figures: read by every order, and written when they change.
    verdict: ArcSwapOption<Verdict>,
    state: Mutex<State>,
    /// Wakes who waits when the verdict changes, or was to be learned.
    pub(super) news: Notify,
}

struct State {
    shards: Vec<Shard>,
    is_learning: bool,
    /// Nothing is learned before: it failed.
    paused_until: Option<Instant>,
}

/// A shard.
#[derive(Clone, Default)]
struct Shard {
    figures: Option<Figures>,
    /// How often they were forgotten. What was asked for before that is not kept.
    epoch: u64,
}

/// What is done about figures that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// None are missing.
    Known,
    /// They are being learned.
    Learning,
    /// They could not be learned just now.
    Paused,
}

impl Knowledge {
    /// Nothing is known yet.
    pub(super) fn new(keys: Vec<Vec<u8>>) -> Self {
        let numbers = keys.iter().cloned().zip(0..).collect();
        let shards = vec![Shard::default(); keys.len()];
        let state = State { shards, is_learning: false, paused_until: None };
        Self { keys, numbers, verdict: ArcSwapOption::empty(), state: Mutex::new(state), news: Notify::new() }
    }

    pub(super) fn keys(&self) -> &[Vec<u8>] {
        &self.keys
    }

    /// What is known for certain, if it is still.
    pub(super) fn verdict(&self) -> arc_swap::Guard<Option<Arc<Verdict>>> {
        self.verdict.load()
    }

    /// What a server pushes: that keys changed, all or some, or that the connection is lost.
    pub(super) fn note(&self, push: &PushInfo) {
        match (&push.kind, &push.data[..]) {
            (PushKind::Invalidate, [Value::Array(keys)]) => {
                let number = |key: &Value| match key {
                    Value::BulkString(key) => self.numbers.get(key).copied(),
                    _ => None,
                };
                self.forget(keys.iter().filter_map(number));
            }
            (PushKind::Invalidate | PushKind::Disconnection, _) => self.forget_all(),
            _ => {}
        }
    }

    /// When who waits is to look again: what is known is stale, or it is stale already and ends.
    pub(super) fn next_step(&self) -> Instant {
        let now = Instant::now();
        let step =
            |verdict: &Arc<Verdict>| if now < verdict.stale_at { verdict.stale_at } else { verdict.until };
        self.verdict.load().as_ref().map_or(now, step)
    }

    /// Forgets the figures of all shards.
    pub(super) fn forget_all(&self) {
        self.forget(0..self.keys.len());
    }

    fn forget(&self, shards: impl Iterator<Item = usize>) {
        let mut state = self.lock();
        for number in shards {
            let shard = &mut state.shards[number];
            *shard = Shard { figures: None, epoch: shard.epoch + 1 };
        }
        let was_known = self.verdict.swap(None).is_some();
        drop(state);
        if was_known {
            tracing::debug!(name: "seckill.memory.forgotten", sale = %self.name());
            self.news.notify_waiters();
        }
    }

    /// Begins to learn what is missing or stale, unless somebody does, or it failed just now.
    pub(super) fn begin(self: &Arc<Self>) -> (Progress, Option<Learning>) {
        let now = Instant::now();
        let mut state = self.lock();
        if state.is_learning {
            return (Progress::Learning, None);
        }
        if state.paused_until.is_some_and(|until| now < until) {
            return (Progress::Paused, None);
        }
        let is_stale = |shard: &Shard| shard.figures.is_none_or(|figures| figures.are_stale(now));
        let stale = state.shards.iter().enumerate().filter(|(_, shard)| is_stale(shard));
        let shards: HashMap<_, _> = stale.map(|(number, shard)| (number, shard.epoch)).collect();
        if shards.is_empty() {
            return (Progress::Known, None);
        }
        state.is_learning = true;
        (Progress::Learning, Some(Learning { knowledge: self.clone(), shards }))
    }

    /// The sale, for a trace.
    fn name(&self) -> impl std::fmt::Display {
        self.keys.first().map_or(&[][..], Vec::as_slice).escape_ascii()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody learns the figures of shards. When it is dropped, another may.
pub(super) struct Learning {
    knowledge: Arc<Knowledge>,
    /// The numbers of the shards, and their epochs before they were asked.
    shards: HashMap<usize, u64>,
}

impl Learning {
    pub(super) fn shards(&self) -> impl Iterator<Item = usize> {
        self.shards.keys().copied()
    }

    pub(super) fn key(&self, number: usize) -> &[u8] {
        &self.knowledge.keys[number]
    }

    /// Keeps the figures of a shard, unless it changed since before it was asked.
    pub(super) fn keep(&self, number: usize, figures: Option<Figures>) {
        let mut state = self.knowledge.lock();
        let shard = &mut state.shards[number];
        if self.shards.get(&number) == Some(&shard.epoch) {
            shard.figures = figures;
        }
    }

    /// It did not succeed: what was known is known no more, and for a while nothing is learned.
    pub(super) fn fail(self, error: &Error) {
        self.knowledge.forget_all();
        // What the module says of the sale may be different soon, as when a sale is replaced.
        let is_passing = error.is_retryable() || error.is_of_module();
        let pause = if is_passing { LIFE } else { REFUSED_FOR };
        self.knowledge.lock().paused_until = Some(Instant::now() + pause);
        tracing::debug!(name: "seckill.memory.failed", sale = %self.knowledge.name(), %error);
    }
}

impl Drop for Learning {
    fn drop(&mut self) {
        let mut state = self.knowledge.lock();
        state.is_learning = false;
        let verdict = Verdict::of(state.shards.iter().map(|shard| shard.figures));
        self.knowledge.verdict.store(verdict.map(Arc::new));
        drop(state);
        self.knowledge.news.notify_waiters();
    }
}
