//! Commands of the server, and common scripts.

use redis::{Cmd, cmd};

use super::lock_setup::{free, set, take};
use super::measured::{Numbers, Workload};
use crate::failure::Failure;
use crate::names;
use crate::pipe::{Pipe, Reply};
use crate::sale::{CHECK_AND_DECREMENT, COMPARE_AND_DELETE, COMPARE_AND_EXPIRE, HOUR, call};

pub(crate) const HINCRBY: &str = "HINCRBY";
pub(crate) const SET: &str = "SET NX PX";
pub(crate) const LUA_DELETE: &str = "Lua: compare-and-delete";
pub(crate) const LUA_EXPIRE: &str = "Lua: compare-and-expire";
pub(crate) const DELEX: &str = "DELEX IFEQ";
pub(crate) const DELIFEQ: &str = "DELIFEQ";
pub(crate) const CAD: &str = "TairString: CAD";

const STOCK: &str = "plain:stock";
const TAIR: &str = "plain:tair";
const EVENTS: &str = "plain:events";

/// The workloads; a run has `calls`.
pub(crate) fn plain(calls: u64) -> Vec<Workload> {
    let lock = move |number| names::lock(number % calls);
    vec![
        Workload::new(HINCRBY, Reply::SomeNumber, |_| cmd("HINCRBY").arg(STOCK).arg("stock").arg(-1).take()),
        Workload::new("TairString: EXINCRBY", Reply::SomeNumber, |_| {
            cmd("EXINCRBY").arg(TAIR).arg(-1).take()
        })
        .of_peer()
        .beside(HINCRBY),
        Workload::new("Lua: check-and-decrement", Reply::Number(1), |_| call(&CHECK_AND_DECREMENT, &[STOCK]))
            .after(stock_up)
            .beside(HINCRBY),
        Workload::new("XADD", Reply::SomeText, event).after(forget_events),
        Workload::new(SET, Reply::Word("OK"), move |number| set(&lock(number), number)).after(free),
        Workload::new(LUA_DELETE, Reply::Number(1), move |number| {
            call(&COMPARE_AND_DELETE, &[&lock(number)]).arg(names::token(number)).take()
        })
        .after(take),
        Workload::new(DELEX, Reply::Number(1), move |number| {
            cmd("DELEX").arg(lock(number)).arg("IFEQ").arg(names::token(number)).take()
        })
        .after(take)
        .beside(LUA_DELETE),
        Workload::new(DELIFEQ, Reply::Number(1), move |number| {
            cmd("DELIFEQ").arg(lock(number)).arg(names::token(number)).take()
        })
        .after(take)
        .beside(LUA_DELETE),
        Workload::new(CAD, Reply::Number(1), move |number| {
            cmd("CAD").arg(lock(number)).arg(names::token(number)).take()
        })
        .after(take)
        .of_peer()
        .beside(LUA_DELETE),
        Workload::new(LUA_EXPIRE, Reply::Number(1), move |number| {
            call(&COMPARE_AND_EXPIRE, &[&lock(number)]).arg(names::token(number)).arg(HOUR).take()
        })
        .after(take),
    ]
}

fn event(number: u64) -> Cmd {
    let mut add = cmd("XADD");
    add.arg(EVENTS).arg("*").arg("event").arg("SOLD").arg("order").arg(names::order(number));
    add.arg("buyer").arg(names::buyer(number)).arg("qty").arg(1).take()
}

fn stock_up(pipe: &mut Pipe, numbers: Numbers) -> Result<(), Failure> {
    Ok(pipe.ask(cmd("HSET").arg(STOCK).arg("stock").arg(numbers.end - numbers.start))?)
}

fn forget_events(pipe: &mut Pipe, _: Numbers) -> Result<(), Failure> {
    Ok(pipe.ask(cmd("DEL").arg(EVENTS))?)
}
