//! What the terminal reports: keys, and its size.

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use tokio::sync::mpsc;

/// Reports that wait to be handled.
const WAITING: usize = 16;

/// Reads the terminal in a thread of its own, for that blocks. An error is the last report.
pub(super) fn read() -> mpsc::Receiver<io::Result<Event>> {
    let (sender, reports) = mpsc::channel(WAITING);
    thread::spawn(move || {
        loop {
            let report = event::read();
            let is_last = report.is_err();
            if sender.blocking_send(report).is_err() || is_last {
                return;
            }
        }
    });
    reports
}
