//! An eye on a server that is sent what was made to harm it.

use std::fs;

use crate::harness::conditions::wait_until;
use crate::harness::info::{processor_time, stat, used_memory};
use crate::harness::server::{Connection, Server};

/// What a server is started with that is watched: it keeps no figures of each command, for they take memory.
pub(crate) const CONFIG: &str = "latency-tracking no";

/// The most processor time, in seconds, that a piece may take, and so each of what it is made of. What others
/// do on this machine does not count.
const MOST_SECONDS: f64 = 0.1;
/// The most memory that a piece may take, in bytes: ten times what the longest has.
const MOST_BYTES: u64 = 16 << 20;
/// What connections and the like may keep, in bytes.
const SLACK: u64 = 200_000;

/// What a server was before.
pub(crate) struct Watch {
    connection: Connection,
    run: String,
    process: String,
    used: u64,
    resident: Option<u64>,
    processor: f64,
    longest: f64,
}

impl Watch {
    /// Begins to watch a server. From now on its peak counts.
    pub(crate) async fn begin(server: &Server) -> Self {
        let mut connection = server.connect().await;
        let run = stat(&mut connection, "server", "run_id").await;
        let process = stat(&mut connection, "server", "process_id").await;
        // Where there is no such file the peak is not watched.
        let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        let used = used_memory(&mut connection).await;
        let processor = processor_time(&mut connection).await;
        let resident = peak(&process);
        Self { connection, run, process, used, resident, processor, longest: 0.0 }
    }

    /// A piece is done: it did not take long.
    pub(crate) async fn piece(&mut self, what: &str) {
        let processor = processor_time(&mut self.connection).await;
        let spent = processor - self.processor;
        assert!(spent < MOST_SECONDS, "{what} took {spent} s");
        self.processor = processor;
        self.longest = self.longest.max(spent);
    }

    /// It is the same server still, was never much larger than before, and is not larger now.
    pub(crate) async fn end(mut self) {
        assert_eq!(stat(&mut self.connection, "server", "run_id").await, self.run, "it ended and began anew");
        match (self.resident, peak(&self.process)) {
            (Some(before), Some(peak)) => {
                let more = peak.saturating_sub(before);
                println!("{more} bytes more at the peak, {:.3} s at most for a piece", self.longest);
                assert!(more <= MOST_BYTES, "{more} bytes more");
            }
            _ => eprintln!("the peak of memory is not watched: this system has no /proc"),
        }
        wait_until("its memory is what it was", async || {
            used_memory(&mut self.connection).await <= self.used + SLACK
        })
        .await;
    }
}

/// The most memory that a process had, in bytes.
fn peak(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
