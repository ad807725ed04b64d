//! How long a refusal from memory takes, on one core and on several at once.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::figures::{Figures, LIFE, Window};
use super::handle::Memory;
use crate::client::Client;
use crate::words::Refusal;

const ROUND: Duration = Duration::from_secs(1);
/// Rounds, of which the best counts.
const ROUNDS: usize = 5;
/// Refusals between two looks at the clock.
const BATCH: u64 = 10_000;

/// Learns again and again that nothing is left, as a server would say.
fn keep_sold_out(memory: &Memory<redis::Client>, is_over: &AtomicBool) {
    while !is_over.load(Relaxed) {
        if let (_, Some(learning)) = memory.knowledge().begin() {
            let sent = Instant::now();
            let figures = Figures { window: Window::Open, available: 0, sent, until: sent + LIFE };
            for shard in learning.shards() {
                learning.keep(shard, learning.epoch(shard), figures);
            }
            memory.knowledge().note_refusal(true);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The time in which this thread had a core, in ns: other programs use this machine, too.
fn cpu_ns() -> f64 {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    schedule.split(' ').next().unwrap().parse().unwrap()
}

/// The ns of a refusal while so many threads ask.
fn measure(threads: usize) -> f64 {
    let client = Client::open("redis://127.0.0.1/").unwrap();
    let memory = Memory::new(&client, (0..16).map(|shard| format!("shard {shard}").into_bytes()).collect());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| keep_sold_out(&memory, &is_over));
        while memory.refusal(1).is_none() {
            thread::yield_now();
        }
        let ask = || {
            let (begun, worked, mut refusals) = (Instant::now(), cpu_ns(), 0);
            while begun.elapsed() < ROUND {
                for _ in 0..BATCH {
                    assert_eq!(black_box(&memory).refusal(black_box(1)), Some(Refusal::SoldOut));
                }
                refusals += BATCH;
            }
            (cpu_ns() - worked) / refusals as f64
        };
        let askers: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
        let times = askers.into_iter().map(|asker| asker.join().unwrap());
        let mean = times.sum::<f64>() / threads as f64;
        is_over.store(true, Relaxed);
        mean
    })
}

#[test]
#[ignore = "a measurement"]
fn of_refusals() {
    for threads in [1, 2] {
        let best = (0..ROUNDS).map(|_| measure(threads)).fold(f64::INFINITY, f64::min);
        let millions = 1_000.0 / best;
        println!("{threads} cores: {best:.1} ns a refusal, {millions:.1} million a second and core");
    }
}
