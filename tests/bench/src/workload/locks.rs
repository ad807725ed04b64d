//! The locks of the module.

use redis::cmd;

use super::lock_setup::{free, take};
use super::measured::Workload;
use super::plain::{CAD, DELEX, DELIFEQ, LUA_DELETE, LUA_EXPIRE, SET};
use crate::names;
use crate::pipe::Reply;
use crate::sale::HOUR;

/// The least that a command of the module takes. The tables show the others as multiples of it.
pub(crate) const FLOOR: &str = "UNLOCK of an absent lock (nearly a no-op)";
pub(crate) const LOCK: &str = "LOCK";
pub(crate) const UNLOCK: &str = "UNLOCK";

/// The workloads; a run has `calls`.
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
