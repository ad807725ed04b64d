//! Limits of what malicious input may cost a server: time, memory, and a crash.

use std::fs;

use crate::harness::conditions::wait_until;
use crate::harness::info::{processor_time, stat, used_memory};
use crate::harness::server::{Connection, Server};

/// The configuration of a watched server. Latency histograms would take memory.
pub(crate) const CONFIG: &str = "latency-tracking no";

/// The most processor time, in seconds, that a piece of commands may take. Other programs do not count.
const MOST_SECONDS: f64 = 0.1;
/// The most memory that may be used at the peak, in bytes: ten times the longest input.
const MOST_BYTES: u64 = 16 << 20;
/// What connections may keep, in bytes.
const SLACK: u64 = 200_000;

/// A server, and its state before the input.
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
    /// Begins to watch a server: resets its peak of memory.
    pub(crate) async fn begin(server: &Server) -> Self {
        let mut connection = server.connect().await;
        let run = stat(&mut connection, "server", "run_id").await;
        let process = stat(&mut connection, "server", "process_id").await;
        // Without this file the peak is not watched.
        let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        let used = used_memory(&mut connection).await;
        let processor = processor_time(&mut connection).await;
        let resident = peak(&process);
        Self { connection, run, process, used, resident, processor, longest: 0.0 }
    }

    /// Checks the time since the last piece.
    pub(crate) async fn piece(&mut self, what: &str) {
        let processor = processor_time(&mut self.connection).await;
        let spent = processor - self.processor;
        assert!(spent < MOST_SECONDS, "{what} took {spent} s");
        self.processor = processor;
        self.longest = self.longest.max(spent);
    }

    /// Checks that the server did not restart, its peak of memory, and that it has freed its memory.
    pub(crate) async fn end(mut self) {
        assert_eq!(stat(&mut self.connection, "server", "run_id").await, self.run, "it was restarted");
        match (self.resident, peak(&self.process)) {
            (Some(before), Some(peak)) => {
                let more = peak.saturating_sub(before);
                println!("{more} bytes more at the peak, {:.3} s at most for a piece", self.longest);
                assert!(more <= MOST_BYTES, "{more} bytes more");
            }
            _ => eprintln!("the peak of memory is not watched: this system has no /proc"),
        }
        wait_until("its memory is freed", async || {
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
