//! What a lock on three servers costs beside one on one server.

use std::time::{Duration, Instant};

use seckill_client::{Client, Lock, Redlock, Release};

use crate::harness::server::Server;

const ROUNDS: usize = 20;
const LOCKS_A_ROUND: usize = 200;

/// The median of all times in which the lock was acquired and released.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn acquire_and_release(lock: &Lock) -> Duration {
    let began = Instant::now();
    let guard = lock.acquire(Duration::from_secs(10)).await.unwrap().unwrap();
    assert_eq!(guard.release().await, Release::Released);
    began.elapsed()
}

#[tokio::test]
#[ignore = "measures: `make redlock`"]
async fn acquire_and_release_beside_one_server() {
    let mut servers = vec![];
    for _ in 0..4 {
        servers.push(Server::primary("").await);
    }
    let client = |server: &Server| Client::open(format!("redis://127.0.0.1:{}/", server.port())).unwrap();
    // The one server is none of the three.
    let locks =
        [client(&servers[3]).lock("lock"), Redlock::new(servers[..3].iter().map(client)).lock("lock")];
    let mut times = [vec![], vec![]];
    for _ in 0..ROUNDS {
        for (lock, times) in locks.iter().zip(&mut times) {
            for _ in 0..LOCKS_A_ROUND {
                times.push(acquire_and_release(lock).await);
            }
        }
    }
    let [one, three] = times.each_mut().map(|times| median(times));
    println!("acquire and release, median of {}:", ROUNDS * LOCKS_A_ROUND);
    println!("  one server:    {:>6} µs", one.as_micros());
    println!("  Redlock of 3:  {:>6} µs", three.as_micros());
    println!("  ratio:         {:>8.1}", three.as_secs_f64() / one.as_secs_f64());
}
