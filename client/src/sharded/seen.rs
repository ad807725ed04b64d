//! What was seen of the shards, by which a failover is noticed that forgot events.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::servers::Figures;
use super::transfer::Transfer;

/// The last event of each shard as it was read, or as it must be since.
#[derive(Default)]
pub(super) struct Seen(Mutex<Vec<Option<Last>>>);

#[derive(Debug, Clone, Copy)]
struct Last {
    seq: u64,
    term: u64,
}

impl Last {
    fn of(figures: Figures) -> Self {
        Self { seq: figures.seq, term: figures.term }
    }
}

fn are_behind(seen: &[Option<Last>], shards: &[Option<Figures>]) -> bool {
    let mut known = seen.iter().zip(shards).filter_map(|(before, now)| before.zip(now.map(Last::of)));
    known.any(|(before, now)| now.term != before.term || now.seq < before.seq)
}

/// No shard has come so far, so it counts as one that forgot events.
const NEVER: Last = Last { seq: u64::MAX, term: 0 };

impl Seen {
    /// Takes note of the figures. `true` when a shard may have forgotten events since it was read last.
    pub(super) fn note(&self, shards: &[Option<Figures>]) -> bool {
        let mut all = self.of(shards);
        let forgot = are_behind(&all, shards);
        for (seen, now) in all.iter_mut().zip(shards) {
            *seen = now.map(Last::of).or(*seen);
        }
        forgot
    }

    /// Whether a shard may have forgotten events since it was read last.
    pub(super) fn are_behind(&self, shards: &[Option<Figures>]) -> bool {
        are_behind(&self.lock(), shards)
    }

    /// Takes note of a new transfer that both shards have carried out: each has one event more. A shard whose new primary has
    /// decided nothing yet is still in the old term, so only its sequence shows that it forgot its half.
    pub(super) fn note_moved(&self, transfer: Transfer) {
        let mut all = self.lock();
        for shard in [transfer.from, transfer.to] {
            if let Some(Some(seen)) = all.get_mut(shard) {
                seen.seq = seen.seq.saturating_add(1);
            }
        }
    }

    /// All shards count as such that forgot events, when they are read next.
    pub(super) fn forget(&self) {
        self.lock().fill(Some(NEVER));
    }

    /// Those that did not answer do.
    pub(super) fn forget_silent(&self, shards: &[Option<Figures>]) {
        let mut all = self.of(shards);
        let silent = all.iter_mut().zip(shards).filter(|(_, now)| now.is_none());
        silent.for_each(|(seen, _)| *seen = Some(NEVER));
    }

    fn of(&self, shards: &[Option<Figures>]) -> MutexGuard<'_, Vec<Option<Last>>> {
        let mut all = self.lock();
        all.resize(shards.len(), None);
        all
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Last>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(seq: u64, term: u64) -> Option<Figures> {
        Some(Figures { available: 0, taken: 0, seq, term })
    }

    #[test]
    fn a_shard_that_forgot_events_is_noticed() {
        let seen = Seen::default();
        assert!(!seen.note(&[shard(5, 1), shard(5, 1)]));
        assert!(!seen.note(&[shard(6, 1), None]));
        assert!(seen.note(&[shard(6, 1), shard(4, 1)]));
        assert!(seen.note(&[shard(6, 2), shard(4, 1)]));
        assert!(!seen.note(&[shard(6, 2), shard(4, 1)]));
        seen.forget();
        assert!(seen.note(&[shard(6, 2), shard(4, 1)]));
        seen.forget_silent(&[shard(6, 2), None]);
        assert!(!seen.note(&[shard(6, 2), None]));
        assert!(seen.note(&[shard(6, 2), shard(4, 1)]));
    }

    #[test]
    fn so_is_one_that_forgot_its_half_of_a_transfer() {
        for (forgot, [from, to]) in [(false, [6, 6]), (false, [7, 9]), (true, [5, 6]), (true, [6, 5])] {
            let seen = Seen::default();
            seen.note(&[shard(5, 1), shard(5, 1)]);
            seen.note_moved(Transfer::new(0, 1, 1));
            assert_eq!(seen.note(&[shard(from, 1), shard(to, 1)]), forgot, "{from} {to}");
        }
    }
}
