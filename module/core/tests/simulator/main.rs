//! A simulator: a few servers in one process, each with a copy of a sale, and what happens to servers.
//!
//! Random actions: requests, lost links, promotions, two primaries at a time, restarts from what a disk still
//! holds, clocks that jump. A seed determines a schedule, so every schedule can be repeated. Beside every
//! copy is an oracle that derives the state by other means, and never from the copy.
//!
//! | file | concept |
//! | --- | --- |
//! | `schedule`, `actions` | one schedule, and what may happen in it |
//! | `simulation` | a few servers and what connects them, and what must hold after each step |
//! | `recovery` | what must hold of all nodes at once, and how a schedule ends |
//! | `node`, `rdb`, `replication` | a server: clocks, epochs, disk; replication as Redis does it |
//! | `checked_sale`, `oracle` | a copy of the sale, and the oracle beside it |
//! | `reader` | a consumer of EVENTS |
//! | `requests`, `random` | random requests, and where randomness comes from |
//!
//! `SIMULATOR_SCHEDULES=n` runs n schedules, and 0 runs them without end; `SIMULATOR_SEED=n` runs one and
//! prints all that happens.

mod actions;
mod checked_sale;
mod node;
mod oracle;
mod random;
mod rdb;
mod reader;
mod recovery;
mod replication;
mod requests;
mod schedule;
mod simulation;
#[path = "../support/mod.rs"]
mod support;

use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actions::ACTIONS;
use simulation::{Simulation, Tally};

/// Schedules that run when nothing else is set.
const SCHEDULES: u64 = 10_000;
/// More schedules than any run completes.
const ENDLESS: u64 = u64::MAX / 2;

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
            let tally = catch_unwind(|| Simulation::new(seed, false).run()).unwrap_or_else(|panic| {
                next.store(many, Relaxed);
                eprintln!("SIMULATOR_SEED={seed} fails; set it to run and trace this schedule only");
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
fn all_copies_and_readers_agree_in_the_end() {
    if let Some(seed) = setting("SIMULATOR_SEED") {
        println!("{:?}", Simulation::new(seed, true).run());
        return;
    }
    match setting("SIMULATOR_SCHEDULES") {
        Some(0) => {
            // Each run has other schedules.
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            run(seconds << 24, ENDLESS);
        }
        Some(many) => drop(run(0, many)),
        None => {
            let tally = run(0, SCHEDULES);
            // An action that is never taken proves nothing.
            let counted = ["event", "forked", "full resync", "misdelivered", "partial resync"];
            for what in ACTIONS.iter().map(|(name, ..)| *name).chain(counted) {
                let times = tally.get(what).copied().unwrap_or_default();
                assert!(times > SCHEDULES / 20, "{what}: only {times} times");
            }
        }
    }
}
