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

/// For how long nobody asks the servers again whether a sale of several shards is sold out. Its figures do not tell: units may
/// be under way from shard to shard, by a process that ended, and whoever is refused by the servers finishes that.
pub(super) const CERTAIN_FOR: Duration = Duration::from_secs(10);

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
    /// When the servers refused for lack of units, or were to be asked again, if nothing changed since.
    certain_since: Option<Instant>,
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

impl Shard {
    fn is_stale(&self, now: Instant) -> bool {
        self.figures.is_none_or(|figures| now >= figures.stale_at())
    }
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
        let state = State { shards, is_learning: false, certain_since: None, paused_until: None };
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

    /// When who waits is to look again: what is known is stale, or it is stale already and ends; or it is not certain.
    pub(super) fn next_step(&self) -> Instant {
        let now = Instant::now();
        let step = |verdict: &Arc<Verdict>| {
            let step = if now < verdict.stale_at { verdict.stale_at } else { verdict.until };
            step.min(verdict.is_certain_until)
        };
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
        state.certain_since = None;
        let was_known = self.verdict.swap(None).is_some();
        drop(state);
        if was_known {
            tracing::debug!(name: "seckill.memory.forgotten", sale = %self.name());
            self.news.notify_waiters();
        }
    }

    /// Takes note that the servers refused for lack of units: whether for certain.
    pub(super) fn note_refusal(&self, is_certain: bool) {
        let mut state = self.lock();
        state.certain_since = is_certain.then(Instant::now);
        self.conclude(&state);
    }

    /// Whether to ask the servers again at this instant. Once they were certain, only the first who comes does.
    pub(super) fn asks_again(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let Some(since) = &mut state.certain_since else { return true };
        if now < *since + CERTAIN_FOR {
            return false;
        }
        *since = now;
        self.conclude(&state);
        true
    }

    /// Concludes from the figures whether orders are refused.
    fn conclude(&self, state: &State) -> Option<Arc<Verdict>> {
        let mut verdict = Verdict::of(state.shards.iter().map(|shard| shard.figures));
        if self.keys.len() > 1
            && let Some(verdict) = &mut verdict
        {
            verdict.is_certain_until =
                state.certain_since.map_or_else(Instant::now, |since| since + CERTAIN_FOR);
        }
        let verdict = verdict.map(Arc::new);
        self.verdict.store(verdict.clone());
        verdict
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
        if !state.shards.iter().any(|shard| shard.is_stale(now)) {
            return (Progress::Known, None);
        }
        state.is_learning = true;
        (Progress::Learning, Some(Learning(self.clone())))
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
pub(super) struct Learning(Arc<Knowledge>);

impl Learning {
    /// The numbers of the shards whose figures are missing or stale.
    pub(super) fn shards(&self) -> Vec<usize> {
        let now = Instant::now();
        let state = self.0.lock();
        let shards = state.shards.iter().enumerate();
        shards.filter(|(_, shard)| shard.is_stale(now)).map(|(number, _)| number).collect()
    }

    pub(super) fn key(&self, number: usize) -> &[u8] {
        &self.0.keys[number]
    }

    /// The epoch of a shard, to be read before it is asked.
    pub(super) fn epoch(&self, number: usize) -> u64 {
        self.0.lock().shards[number].epoch
    }

    /// Keeps the figures of a shard that was asked in this epoch, unless it changed since.
    pub(super) fn keep(&self, number: usize, epoch: u64, figures: Figures) {
        let shard = &mut self.0.lock().shards[number];
        if shard.epoch == epoch {
            shard.figures = Some(figures);
        }
    }

    /// It did not succeed: for a while nothing is learned.
    pub(super) fn fail(self, error: &Error) {
        // What the module says of the sale may be different soon, as when a sale is replaced.
        let is_passing = error.is_retryable() || error.is_of_module();
        let pause = if is_passing { LIFE } else { REFUSED_FOR };
        self.0.lock().paused_until = Some(Instant::now() + pause);
        tracing::debug!(name: "seckill.memory.failed", sale = %self.0.name(), %error);
    }
}

impl Drop for Learning {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_learning = false;
        let verdict = self.0.conclude(&state);
        drop(state);
        if let Some(Verdict { available, .. }) = verdict.as_deref() {
            tracing::debug!(name: "seckill.memory.learned", sale = %self.0.name(), available);
        }
        self.0.news.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::RedisError;

    use super::super::figures::Window;
    use super::*;
    use crate::words::Refusal;

    fn knowledge() -> Arc<Knowledge> {
        Arc::new(Knowledge::new(vec![b"a".to_vec(), b"b".to_vec()]))
    }

    fn sold_out() -> Figures {
        let sent = Instant::now();
        Figures { window: Window::Open, available: 0, sent, until: sent + Duration::from_secs(3_600) }
    }

    fn invalidate(data: Value) -> PushInfo {
        PushInfo { kind: PushKind::Invalidate, data: vec![data] }
    }

    fn key(key: &str) -> Value {
        Value::Array(vec![Value::BulkString(key.into())])
    }

    fn learn(knowledge: &Arc<Knowledge>, before_replies: impl FnOnce()) -> Vec<usize> {
        let learning = knowledge.begin().1.expect("something to learn");
        let shards = learning.shards();
        let epochs: Vec<_> = shards.iter().map(|&number| learning.epoch(number)).collect();
        before_replies();
        for (&number, epoch) in shards.iter().zip(epochs) {
            learning.keep(number, epoch, sold_out());
        }
        shards
    }

    fn is_known(knowledge: &Knowledge) -> bool {
        knowledge.verdict().is_some()
    }

    #[test]
    fn what_changed_is_learned_anew() {
        let knowledge = knowledge();
        assert_eq!(learn(&knowledge, || ()), [0, 1]);
        assert!(is_known(&knowledge) && knowledge.begin().0 == Progress::Known);
        knowledge.note(&invalidate(key("b")));
        assert!(!is_known(&knowledge));
        assert_eq!(learn(&knowledge, || ()), [1]);
        for kind in [PushKind::Invalidate, PushKind::Disconnection] {
            assert!(is_known(&knowledge));
            knowledge.note(&PushInfo { kind, data: vec![Value::Nil] });
            assert!(!is_known(&knowledge));
            assert_eq!(learn(&knowledge, || ()), [0, 1]);
        }
    }

    /// A push may be handled before the reply to which it belongs.
    #[test]
    fn a_reply_that_a_push_overtook_is_not_kept() {
        let knowledge = knowledge();
        learn(&knowledge, || knowledge.note(&invalidate(key("a"))));
        assert!(!is_known(&knowledge));
        assert_eq!(learn(&knowledge, || ()), [0]);
        assert!(is_known(&knowledge));
    }

    /// By the figures alone units that are under way from one shard to another do not exist.
    #[test]
    fn one_order_asks_the_servers_again_when_units_may_be_under_way() {
        let knowledge = knowledge();
        let is_certain = |at| {
            let verdict = knowledge.verdict();
            verdict.as_ref().expect("it is known").is_certain(&Refusal::SoldOut, at)
        };
        learn(&knowledge, || ());
        let now = Instant::now();
        assert!(!is_certain(now) && knowledge.asks_again(now), "the servers did not refuse");
        knowledge.note_refusal(true);
        assert!(is_certain(Instant::now()));

        knowledge.note(&invalidate(key("b")));
        learn(&knowledge, || ());
        assert!(!is_certain(Instant::now()), "units may have left this shard");
        assert!(knowledge.asks_again(now) && knowledge.asks_again(now));
        knowledge.note_refusal(true);
        let now = Instant::now();
        assert!(is_certain(now) && !knowledge.asks_again(now));
        let later = now + CERTAIN_FOR;
        assert!(!is_certain(later) && knowledge.asks_again(later) && !knowledge.asks_again(later));
        knowledge.note_refusal(false);
        assert!(!is_certain(Instant::now()), "units are under way");
    }

    #[test]
    fn between_one_shard_no_units_are_under_way() {
        let knowledge = Arc::new(Knowledge::new(vec![b"a".to_vec()]));
        learn(&knowledge, || ());
        let verdict = knowledge.verdict();
        let verdict = verdict.as_ref().expect("it is known");
        assert!(verdict.is_certain(&Refusal::SoldOut, Instant::now()));
    }

    #[test]
    fn one_learns_at_a_time_and_not_just_after_a_failure() {
        let knowledge = knowledge();
        let (progress, learning) = knowledge.begin();
        assert_eq!(progress, Progress::Learning);
        assert!(matches!(knowledge.begin(), (Progress::Learning, None)));
        drop(learning);
        let learning = knowledge.begin().1.expect("one that was given up is no failure");
        learning.fail(&RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset)).into());
        assert!(matches!(knowledge.begin(), (Progress::Paused, None)));
    }
}
