//! Whether new orders are refused, by what is known of all shards.

use std::time::Instant;

use super::figures::{Figures, Window};
use crate::words::Refusal;

/// What the figures of all shards say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    window: Window,
    /// Units, in all shards.
    pub(super) available: u64,
    /// When it is to be learned again by whoever needs it.
    pub(super) stale_at: Instant,
    /// Until when it holds.
    pub(super) until: Instant,
    /// Until when the units of all shards are certain to be all units there are.
    pub(super) is_certain_until: Instant,
}

impl Verdict {
    /// Nothing, unless all shards are known and agree on whether they sell.
    pub(super) fn of(shards: impl IntoIterator<Item = Option<Figures>>) -> Option<Self> {
        let mut shards = shards.into_iter().map(|figures| {
            let Figures { window, available, until, .. } = figures?;
            Some(Self { window, available, stale_at: figures?.stale_at(), until, is_certain_until: until })
        });
        let first = shards.next()??;
        shards.try_fold(first, |all, shard| {
            let shard = shard.filter(|shard| shard.window == all.window)?;
            Some(Self {
                window: all.window,
                available: all.available.saturating_add(shard.available),
                stale_at: all.stale_at.min(shard.stale_at),
                until: all.until.min(shard.until),
                is_certain_until: all.is_certain_until.min(shard.is_certain_until),
            })
        })
    }

    /// Whether this refusal is certain at this instant.
    pub(super) fn is_certain(&self, refusal: &Refusal, now: Instant) -> bool {
        !matches!(refusal, Refusal::SoldOut | Refusal::Short) || now < self.is_certain_until
    }

    /// Why a new order of so many units is refused, in the precedence of the server.
    pub(super) fn refusal(&self, qty: u32) -> Option<Refusal> {
        match self.window {
            // An error, which the server has to say.
            _ if qty == 0 => None,
            Window::Upcoming => Some(Refusal::Upcoming),
            Window::Closed => Some(Refusal::Closed),
            Window::Open if self.available == 0 => Some(Refusal::SoldOut),
            Window::Open if self.available < u64::from(qty) => Some(Refusal::Short),
            Window::Open => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::figures::LIFE;
    use super::*;

    /// Figures that were asked for so many ms ago.
    fn shard(window: Window, available: u64, now: Instant, age: u64) -> Option<Figures> {
        let sent = now - Duration::from_millis(age);
        Some(Figures { window, available, sent, until: sent + LIFE })
    }

    #[test]
    fn all_shards_are_needed_and_agree() {
        use Window::{Closed, Open, Upcoming};

        let now = Instant::now();
        let refusal = |shards: &[(Window, u64)], qty| {
            let shards = shards.iter().map(|&(window, available)| shard(window, available, now, 0));
            Verdict::of(shards).and_then(|verdict| verdict.refusal(qty))
        };
        for (shards, qty, expected) in [
            (&[(Open, 0), (Open, 0)][..], 1, Some(Refusal::SoldOut)),
            (&[(Open, 0), (Open, 0)], 0, None),
            (&[(Open, 1), (Open, 1)], 3, Some(Refusal::Short)),
            (&[(Open, 1), (Open, 1)], 2, None),
            (&[(Open, u64::MAX), (Open, 1)], u32::MAX, None),
            (&[(Upcoming, 0), (Upcoming, 1)], 1, Some(Refusal::Upcoming)),
            (&[(Closed, 0), (Closed, 0)], 1, Some(Refusal::Closed)),
            (&[(Closed, 0), (Open, 0)], 1, None),
            (&[(Upcoming, 0), (Open, 0)], 1, None),
            (&[], 1, None),
        ] {
            assert_eq!(refusal(shards, qty), expected, "{shards:?} {qty}");
        }
        assert_eq!(Verdict::of([shard(Open, 0, now, 0), None]), None);
    }

    #[test]
    fn the_oldest_figures_end_it() {
        let now = Instant::now();
        let verdict =
            Verdict::of([shard(Window::Open, 0, now, 0), shard(Window::Open, 0, now, 400)]).unwrap();
        assert_eq!(verdict.until, now + Duration::from_millis(600));
        assert_eq!(verdict.stale_at, now + Duration::from_millis(100));
    }
}
