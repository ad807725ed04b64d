//! Ports for servers. The tests and the bench share it, for they run side by side.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A port that nobody listens on just now. It lies below those that a system gives to connections by itself, of
/// which one could be gone before the server has it.
pub(crate) fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    const PORTS: RangeInclusive<u16> = 10_000..=30_000;
    // Test programs that run side by side begin in different places.
    let begin = process::id().wrapping_mul(331);
    loop {
        let nth = begin.wrapping_add(TAKEN.fetch_add(1, Relaxed)) as usize % PORTS.len();
        let port = PORTS.start() + nth as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
