//! TCP ports for servers.

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A port of 127.0.0.1 that nobody listens on just now. It lies below the ephemeral ports, of which one could
/// be taken by a connection before the server binds it.
#[must_use]
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    const PORTS: RangeInclusive<u16> = 10_000..=30_000;
    // Processes that run side by side begin at different ports.
    let begin = process::id().wrapping_mul(331);
    loop {
        let nth = begin.wrapping_add(TAKEN.fetch_add(1, Relaxed)) as usize % PORTS.len();
        let port = PORTS.start() + nth as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
