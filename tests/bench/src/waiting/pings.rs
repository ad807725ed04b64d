//! How long other clients wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use redis::cmd;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::numerals::us;
use crate::pipe::Pipe;

/// Between two PINGs.
const PAUSE: Duration = Duration::from_micros(300);
/// In µs.
const LONGEST: u64 = 60_000_000;

/// Round trips, in µs.
pub(super) fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_max(LONGEST, 3)?)
}

/// The cells of a table: median, 99 % and the longest.
pub(super) fn cells(latencies: &Histogram<u64>) -> [String; 3] {
    let [median, most, longest] =
        [latencies.value_at_quantile(0.5), latencies.value_at_quantile(0.99), latencies.max()];
    [median, most, longest].map(|latency| us(latency as f64))
}

/// Round trips of PING while `work` goes on. They are measured on a thread of their own.
pub(super) async fn during<T>(
    mut pipe: Pipe,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<(T, Histogram<u64>), Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let seen = is_over.clone();
    let pings = tokio::spawn(blocking(move || {
        let mut latencies = histogram()?;
        while !seen.load(Relaxed) {
            let began = Instant::now();
            pipe.ask::<()>(&cmd("PING"))?;
            latencies.saturating_record(u64::try_from(began.elapsed().as_micros())?);
            thread::sleep(PAUSE);
        }
        Ok(latencies)
    }));
    let done = work.await;
    is_over.store(true, Relaxed);
    Ok((done?, pings.await??))
}
