//! A simulator: a few servers in one process, each with a copy of a sale, and all that happens to servers.
//!
//! Chance decides what happens: requests, lost links, promotions, two primaries at a time, restarts from what
//! a disk still holds, clocks that jump. A seed decides what chance does, so that every schedule can be
//! repeated. Beside every copy stands an oracle that was never told by the copy what it should be.
//!
//! | module | concept |
//! | --- | --- |
//! | `world`, `actions` | one schedule, and what may happen in it |
//! | `recovery` | what is true of all nodes at once, and how a schedule ends |
//! | `node`, `stream` | a server: clock, fence, tenure, disk; replication as Redis does it |
//! | `twin`, `story` | a copy, and the oracle beside it |
//! | `reader` | a consumer of EVENTS |
//! | `requests`, `dice` | chance |
//!
//! `SIMULATOR_SCHEDULES=n` runs so many schedules, and 0 runs them without end; `SIMULATOR_SEED=n` runs one
//! and tells all that happens.

mod actions;
mod dice;
mod node;
mod reader;
mod recovery;
mod requests;
mod story;
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod twin;
mod world;

use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use world::{Tally, World};

/// Schedules of an ordinary test.
const SCHEDULES: u64 = 10_000;
/// More than anybody waits for.
const WITHOUT_END: u64 = u64::MAX / 2;

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Runs schedules on all cores, until one fails.
fn run(first: u64, many: u64) -> Tally {
    let begin = Instant::now();
    let next = AtomicU64::new(0);
    let total = Mutex::new(Tally::default());
    let work = || {
        while let number = next.fetch_add(1, Relaxed)
            && number < many
        {
            let seed = first.wrapping_add(number);
            let tally = catch_unwind(|| World::new(seed, false).run()).unwrap_or_else(|panic| {
                next.store(many, Relaxed);
                eprintln!("SIMULATOR_SEED={seed} fails; with that set, the test runs it alone");
                resume_unwind(panic)
            });
            let mut total = total.lock().unwrap();
            tally.iter().for_each(|(what, times)| *total.entry(what).or_default() += times);
            if (number + 1).is_multiple_of(SCHEDULES) {
                println!("{} schedules in {:.1?}: {total:?}", number + 1, begin.elapsed());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn every_schedule_ends_well() {
    if let Some(seed) = setting("SIMULATOR_SEED") {
        println!("{:?}", World::new(seed, true).run());
        return;
    }
    match setting("SIMULATOR_SCHEDULES") {
        Some(0) => {
            // Other schedules than those of the last time.
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            run(seconds << 24, WITHOUT_END);
        }
        Some(many) => drop(run(0, many)),
        None => {
            let tally = run(0, SCHEDULES);
            // What never happens proves nothing.
            for (what, times) in &tally {
                assert!(*times > SCHEDULES / 20, "too seldom: {what}");
            }
        }
    }
}
