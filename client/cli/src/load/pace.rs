//! A rate: the instants at which purchases are to begin.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, channel};

/// The instants, each when it has come. They are kept by a thread, for the timers of the runtime are rounded to whole
/// milliseconds. They do not depend on who receives them: who is late finds them waiting.
pub(super) fn instants(begin: Instant, per_second: u32) -> Receiver<Instant> {
    let (to, instants) = channel(1);
    let interval = Duration::from_secs(1).div_f64(per_second.into());
    thread::spawn(move || {
        for number in 0_u64.. {
            let due = begin + interval.mul_f64(number as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.blocking_send(due).is_err() {
                break;
            }
        }
    });
    instants
}
