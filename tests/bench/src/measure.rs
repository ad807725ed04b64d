//! One workload, measured once.

use std::time::Instant;

use redis::cmd;

use crate::failure::Failure;
use crate::pipe::Pipe;
use crate::server_stats::{self, command_us, cpu_us};
use crate::workload::{Numbers, Workload};

/// How long replicas may take to catch up, in ms.
const PATIENCE: u64 = 60_000;

/// The figures of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The time of a call by commandstats, in µs: the command alone. It includes the commands that a script
    /// calls, but not reading, parsing, replying and propagation.
    pub(crate) command_us: f64,
    /// The processor time of a call, in µs: all that the server did, on all its threads, until its replicas
    /// had everything.
    pub(crate) cpu_us: f64,
    /// By wall clock.
    pub(crate) calls_per_second: f64,
}

/// Runs a workload with calls of these numbers on a server with this number of replicas.
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
    server_stats::reset(pipe)?;

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

/// Waits until the replicas have everything.
fn catch_up(pipe: &mut Pipe, replicas: usize) -> Result<(), Failure> {
    let caught_up: usize = pipe.ask(cmd("WAIT").arg(replicas).arg(PATIENCE))?;
    if caught_up < replicas { Err("the replica does not catch up".into()) } else { Ok(()) }
}
