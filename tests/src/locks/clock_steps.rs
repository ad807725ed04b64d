//! The clock of a server is set back while callers wait.

use crate::harness::clock::Clock;
use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::session::{ask, play};

/// The server does not report SET, so the lock is looked at again and again. What was to be in a second must not be
/// in an hour.
#[tokio::test]
async fn a_line_is_looked_at_although_the_clock_was_set_back() {
    let Some((clock, server)) = Clock::with_server("").await else { return };
    let (mut connection, mut waiter) = (server.connect().await, server.connect().await);
    play(&mut connection, "SET lock ann => OK").await;
    let waits = tokio::spawn(async move { ask(&mut waiter, "SECKILL.LOCK lock bob 60000 BLOCK 0").await });
    wait_until("it waits", async || stat(&mut connection, "seckill", "seckill_waiters").await == "1").await;

    clock.set(-1);
    wait_until("the step is noticed", async || server.log().contains("the clock was set back")).await;
    play(&mut connection, "SET lock bob => OK").await;
    assert!(waits.await.unwrap().parse::<u64>().is_ok(), "it is granted");
}
