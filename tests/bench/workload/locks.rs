//! The locks of the module.

use redis::cmd;

use super::plain::{CAD, DELEX, DELIFEQ, LUA_DELETE, LUA_EXPIRE, SET, set};
use super::{Numbers, Workload};
use crate::Failure;
use crate::names;
use crate::pipe::{Pipe, Reply};
use crate::shop::HOUR;

/// The least that a command of the module takes: how near the others come to it is told of each.
pub(crate) const FLOOR: &str = "UNLOCK of an absent lock (nearly a no-op)";
pub(crate) const LOCK: &str = "LOCK";
pub(crate) const UNLOCK: &str = "UNLOCK";

/// The workloads of runs of so many calls.
pub(crate) fn locks(calls: u64) -> Vec<Workload> {
    let lock = move |number| names::lock(number % calls);
    vec![
        Workload::new(FLOOR, Reply::Number(0), move |number| {
            cmd("SECKILL.UNLOCK").arg("absent").arg(names::token(number)).take()
        }),
        Workload::new(LOCK, Reply::SomeNumber, move |number| {
            cmd("SECKILL.LOCK").arg(lock(number)).arg(names::token(number)).arg(HOUR).take()
        })
        .after(free)
        .beside(SET),
        Workload::new(UNLOCK, Reply::Number(1), move |number| {
            cmd("SECKILL.UNLOCK").arg(lock(number)).arg(names::token(number)).take()
        })
        .after(take)
        .beside(LUA_DELETE)
        .beside(DELEX)
        .beside(DELIFEQ)
        .beside(CAD),
        Workload::new("RENEW", Reply::Number(1), move |number| {
            cmd("SECKILL.RENEW").arg(lock(number)).arg(names::token(number)).arg(HOUR).take()
        })
        .after(take)
        .beside(LUA_EXPIRE),
    ]
}

/// No lock is held.
pub(super) fn free(pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
    let locks: Vec<_> = (0..numbers.end - numbers.start).map(names::lock).collect();
    Ok(pipe.ask(cmd("DEL").arg(locks))?)
}

/// The lock of each number is held by the token of this number.
pub(super) fn take(pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
    free(pipe, numbers.clone())?;
    let calls = numbers.end - numbers.start;
    pipe.send(numbers.map(|number| set(&names::lock(number % calls), number)), Reply::Word("OK"))
}
