//! When a call is sent again.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The pauses between the attempts of one call: each a random part of a time that doubles, so that clients that failed
/// together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    pause: Duration,
    deadline: Option<Instant>,
}

impl Backoff {
    /// Attempts until this instant.
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { pause: FIRST_PAUSE, deadline: Some(deadline) }
    }

    /// Attempts without end.
    pub(crate) fn endless() -> Self {
        Self { pause: FIRST_PAUSE, deadline: None }
    }

    /// Waits until the next attempt; `false`, at once, when that would be too late.
    pub(crate) async fn wait(&mut self) -> bool {
        let next = Instant::now() + self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        let is_in_time = self.deadline.is_none_or(|deadline| next < deadline);
        if is_in_time {
            sleep_until(next).await;
        }
        is_in_time
    }

    /// The last attempt succeeded.
    pub(crate) fn reset(&mut self) {
        self.pause = FIRST_PAUSE;
    }
}
