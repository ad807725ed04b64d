//! One workload, measured once.

use std::time::Instant;

use redis::{InfoDict, cmd};

use crate::Failure;
use crate::pipe::Pipe;
use crate::workload::{Numbers, Workload};

/// How long replicas may take to catch up, in ms.
const PATIENCE: u64 = 60_000;

/// The figures of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The time of a call by the server's own account (commandstats), in µs: the command alone. What a script calls
    /// is in it; reading, parsing, replying and propagation are not.
    pub(crate) command_us: f64,
    /// The processor time of a call, in µs: all that the server did, on all its threads, until its replicas
    /// had everything.
    pub(crate) cpu_us: f64,
    /// By the clock on the wall.
    pub(crate) calls_per_second: f64,
}

/// Runs a workload with calls of these numbers on a server with so many replicas.
pub(crate) fn measure(
    pipe: &mut Pipe,
    workload: &Workload,
    numbers: Numbers,
    replicas: usize,
) -> Result<Sample, Failure> {
    (workload.prepare)(pipe, numbers.clone())?;
    let calls = numbers.end - numbers.start;
    let batches = pipe.pack(numbers.clone().map(&workload.call));
    catch_up(pipe, replicas)?;
    pipe.ask::<()>(cmd("CONFIG").arg("RESETSTAT"))?;

    let cpu_before = cpu_us(pipe)?;
    let began = Instant::now();
    pipe.exchange(batches, workload.reply)?;
    let took = began.elapsed();
    catch_up(pipe, replicas)?;
    let cpu_us = cpu_us(pipe)? - cpu_before;
    let command_us = command_us(pipe, &workload.command(), calls)?;
    (workload.tidy)(pipe, numbers)?;
    Ok(Sample {
        command_us: command_us / calls as f64,
        cpu_us: cpu_us / calls as f64,
        calls_per_second: calls as f64 / took.as_secs_f64(),
    })
}

/// Waits until the replicas have all that was written.
fn catch_up(pipe: &mut Pipe, replicas: usize) -> Result<(), Failure> {
    let caught_up: usize = pipe.ask(cmd("WAIT").arg(replicas).arg(PATIENCE))?;
    if caught_up < replicas { Err("the replica does not catch up".into()) } else { Ok(()) }
}

/// The processor time of the server so far. It asks the system for it as we could, and has it to the µs.
fn cpu_us(pipe: &mut Pipe) -> Result<f64, Failure> {
    let info: InfoDict = pipe.ask(cmd("INFO").arg("cpu"))?;
    let seconds = |field| info.get::<f64>(field).ok_or_else(|| format!("no {field} in INFO"));
    Ok((seconds("used_cpu_user")? + seconds("used_cpu_sys")?) * 1e6)
}

/// The time that all calls of a command took since the last RESETSTAT, if there were so many and none failed.
fn command_us(pipe: &mut Pipe, command: &str, calls: u64) -> Result<f64, Failure> {
    let info: InfoDict = pipe.ask(cmd("INFO").arg("commandstats"))?;
    let row = format!("cmdstat_{command}");
    let stats = info.iter().find(|(name, _)| name.eq_ignore_ascii_case(&row));
    let stats: String = redis::from_redis_value(stats.ok_or_else(|| format!("no {row} in INFO"))?.1.clone())?;
    let count = |name: &str| -> Result<u64, Failure> {
        let value = stats.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        Ok(value.ok_or_else(|| format!("no {name} in {stats}"))?.parse()?)
    };
    if count("calls")? != calls || count("failed_calls")? + count("rejected_calls")? != 0 {
        return Err(format!("{calls} calls of {command} should have succeeded: {stats}").into());
    }
    Ok(count("usec")? as f64)
}
