//! What a shard replied to INFO, and until when that holds.

use std::time::{Duration, Instant};

use crate::reply::Info;

/// How long figures hold after they were asked for, if nothing says otherwise: also when the connection hangs, on which
/// the server would.
pub(super) const LIFE: Duration = Duration::from_secs(1);

/// Whether a shard sells, by the clock of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    Upcoming,
    Open,
    Closed,
}

/// The figures of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) window: Window,
    pub(super) available: u64,
    /// Before they were asked for.
    pub(super) sent: Instant,
    /// Until when they hold.
    pub(super) until: Instant,
}

impl Figures {
    /// What a reply says of new orders that was asked for at this instant.
    ///
    /// The server read its clock after `sent`, and `now` is truncated to a millisecond: so until `until` its clock cannot
    /// have reached the instant at which the window opens or closes.
    pub(super) fn of(info: &Info, sent: Instant) -> Self {
        let (window, changes) = match info.rules.opens {
            // It answers with an error, so nobody is refused in its name.
            _ if info.diverged => (Window::Open, u64::MAX),
            opens if info.now < opens => (Window::Upcoming, opens),
            _ => match info.rules.closes {
                0 => (Window::Open, u64::MAX),
                closes if info.now < closes => (Window::Open, closes),
                _ => (Window::Closed, u64::MAX),
            },
        };
        let left = Duration::from_millis(changes.saturating_sub(info.now.saturating_add(1)));
        let until = sent + left.min(LIFE);
        let available = if info.diverged { u64::MAX } else { info.available };
        Self { window, available, sent, until }
    }

    /// When half of their time is over: then they are asked for again by whoever needs them.
    pub(super) fn stale_at(&self) -> Instant {
        self.sent + self.until.duration_since(self.sent) / 2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reply::Rules;

    fn info(now: u64, opens: u64, closes: u64) -> Info {
        Info { diverged: false, now, rules: Rules { opens, closes, ..Rules::SAMPLE }, ..Info::SAMPLE }
    }

    /// The window, and for how long it holds, in ms.
    fn window(now: u64, opens: u64, closes: u64) -> (Window, u128) {
        let sent = Instant::now();
        let figures = Figures::of(&info(now, opens, closes), sent);
        (figures.window, (figures.until - sent).as_millis())
    }

    #[test]
    fn windows_hold_until_the_fastest_clock_ends_them() {
        for (now, opens, closes, expected) in [
            (5_000, 0, 0, (Window::Open, 1_000)),
            (5_000, 5_000, 0, (Window::Open, 1_000)),
            (5_000, 5_001, 0, (Window::Upcoming, 0)),
            (5_000, 5_101, 0, (Window::Upcoming, 100)),
            (5_000, 9_000, 0, (Window::Upcoming, 1_000)),
            (5_000, 9_000, 4_000, (Window::Upcoming, 1_000)),
            (5_000, 0, 5_001, (Window::Open, 0)),
            (5_000, 0, 5_101, (Window::Open, 100)),
            (5_000, 0, 5_000, (Window::Closed, 1_000)),
            (u64::MAX, 0, 0, (Window::Open, 0)),
        ] {
            assert_eq!(window(now, opens, closes), expected, "{now} {opens} {closes}");
        }
    }

    #[test]
    fn a_copy_that_diverged_refuses_nobody() {
        let figures = Figures::of(&Info { diverged: true, ..info(5_000, 0, 0) }, Instant::now());
        assert_eq!((figures.window, figures.available), (Window::Open, u64::MAX));
    }

    proptest! {
        /// Whenever the server read its clock between request and reply, and whatever part of a ms it cut off: while the
        /// figures hold, the server's clock is in the window that they name.
        #[test]
        fn the_server_agrees_while_they_hold(
            now in 0..5_000u64,
            cut_off in 0..1_000u64,
            read_after in 0..2_000_000u64,
            opens in 0..10_000u64,
            closes in 0..10_000u64,
            at in 0..1_000_000u64,
        ) {
            let sent = Instant::now();
            let figures = Figures::of(&info(now, opens, closes), sent);
            let asked = sent + Duration::from_micros(read_after + at);
            prop_assume!(asked < figures.until);
            // The server's clock then, in ms: `at` µs after it was read.
            let server = (now * 1_000 + cut_off + at) / 1_000;
            let expected = match () {
                () if server < opens => Window::Upcoming,
                () if closes != 0 && server >= closes => Window::Closed,
                () => Window::Open,
            };
            prop_assert_eq!(figures.window, expected);
        }
    }
}
