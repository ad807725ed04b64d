//! The server's own statistics of time and memory.

use std::str::FromStr;

use redis::{FromRedisValue, InfoDict, cmd};

use crate::failure::Failure;
use crate::pipe::Pipe;

/// Resets the statistics of commands.
pub(crate) fn reset(pipe: &mut Pipe) -> Result<(), Failure> {
    Ok(pipe.ask(cmd("CONFIG").arg("RESETSTAT"))?)
}

/// A field of a section of INFO.
pub(crate) fn field<T: FromRedisValue>(pipe: &mut Pipe, section: &str, field: &str) -> Result<T, Failure> {
    let info: InfoDict = pipe.ask(cmd("INFO").arg(section))?;
    Ok(info.get(field).ok_or_else(|| format!("no {field} in INFO"))?)
}

/// The memory that the server uses, in bytes, without its statistics of commands, which are reset.
pub(crate) fn used_memory(pipe: &mut Pipe) -> Result<f64, Failure> {
    reset(pipe)?;
    field(pipe, "memory", "used_memory")
}

/// The processor time of the server so far, on all its threads, in µs. The server reads it from the system,
/// with a resolution of 1 µs.
pub(crate) fn cpu_us(pipe: &mut Pipe) -> Result<f64, Failure> {
    let info: InfoDict = pipe.ask(cmd("INFO").arg("cpu"))?;
    let seconds = |field| info.get::<f64>(field).ok_or_else(|| format!("no {field} in INFO"));
    Ok((seconds("used_cpu_user")? + seconds("used_cpu_sys")?) * 1e6)
}

/// The time of all calls of a command since the reset, in µs. An error unless there were `calls` and none
/// failed.
pub(crate) fn command_us(pipe: &mut Pipe, command: &str, calls: u64) -> Result<f64, Failure> {
    let stats = stats(pipe, "commandstats", &format!("cmdstat_{command}"))?;
    let count = |name| stat::<u64>(&stats, name);
    if count("calls")? != calls || count("failed_calls")? + count("rejected_calls")? != 0 {
        return Err(format!("{calls} calls of {command} should have succeeded: {stats}").into());
    }
    Ok(count("usec")? as f64)
}

/// Makes the server record the longest call of each command.
pub(crate) fn record_longest(pipe: &mut Pipe) -> Result<(), Failure> {
    Ok(pipe.set("latency-tracking-info-percentiles", 100)?)
}

/// The longest call of a command since the reset, in µs, to two digits.
pub(crate) fn longest_us(pipe: &mut Pipe, command: &str) -> Result<f64, Failure> {
    let stats = stats(pipe, "latencystats", &format!("latency_percentiles_usec_{command}"))?;
    stat(&stats, "p100")
}

/// A row of INFO about one command. The server writes commands in lower case.
fn stats(pipe: &mut Pipe, section: &str, row: &str) -> Result<String, Failure> {
    field(pipe, section, &row.to_ascii_lowercase())
}

fn stat<T: FromStr<Err: Into<Failure>>>(stats: &str, name: &str) -> Result<T, Failure> {
    let value = stats.split(',').find_map(|stat| stat.strip_prefix(name)?.strip_prefix('='));
    value.ok_or_else(|| format!("no {name} in {stats}"))?.parse().map_err(Into::into)
}
