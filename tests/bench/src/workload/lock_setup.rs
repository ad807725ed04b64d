//! The state of locks before a run.

use redis::{Cmd, cmd};

use super::measured::Numbers;
use crate::failure::Failure;
use crate::names;
use crate::pipe::{Pipe, Reply};
use crate::sale::HOUR;

/// Takes a lock without Seckill.
pub(super) fn set(lock: &str, number: u64) -> Cmd {
    cmd("SET").arg(lock).arg(names::token(number)).arg("NX").arg("PX").arg(HOUR).take()
}

/// Releases all locks.
pub(super) fn free(pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
    let locks: Vec<_> = (0..numbers.end - numbers.start).map(names::lock).collect();
    Ok(pipe.ask(cmd("DEL").arg(locks))?)
}

/// Takes the lock of each number with the token of this number.
pub(super) fn take(pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
    free(pipe, numbers.clone())?;
    let calls = numbers.end - numbers.start;
    pipe.send(numbers.map(|number| set(&names::lock(number % calls), number)), Reply::Word("OK"))
}
