//! Waiting for conditions, never for time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seckill_client::Seckill;

/// How long a condition may take to come true. Generous: a slow machine is no failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A hold or a lease that outlasts every test.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// Between two polls of a condition.
const PAUSE: Duration = Duration::from_millis(2);

/// Polls until the condition holds.
pub(crate) async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "the condition did not come true in time: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until a sale has no held units: all holds ran out, or were settled.
pub(crate) async fn wait_until_none_held(connection: &mut impl Seckill, sale: &str) {
    wait_until("the holds run out", async || connection.seckill().info(sale).await.unwrap().held == 0).await;
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The clock of this machine, which is the servers' too, in unix ms.
pub(crate) fn now_ms() -> u64 {
    now_us() / 1_000
}

/// The same in µs, as fences are.
pub(crate) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64
}
