//! What this process takes of the machine.

use std::fs;

use crate::failure::Failure;

/// The unit of /proc/self/stat is that of all systems.
const TICK_US: f64 = 1e4;
const PAGE: f64 = 4_096.0;

/// The processor time of this process so far, in µs, to 10 ms.
pub(super) fn cpu_us() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before may have spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let mut next = || times.next().ok_or("/proc/self/stat has no times");
    Ok((next()?? + next()??) * TICK_US)
}

/// The processor time of this thread so far, in ns.
pub(super) fn thread_cpu_ns() -> Result<f64, Failure> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(schedule.split(' ').next().unwrap_or_default().parse()?)
}

/// The memory of this process, in bytes.
pub(super) fn resident() -> Result<f64, Failure> {
    let pages = fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).ok_or("/proc/self/statm has no pages")?.parse::<f64>()? * PAGE)
}
