//! A lock that is passed on, in lines of all lengths.

use std::collections::VecDeque;
use std::time::Instant;

use redis::{Cmd, cmd};
use seckill_launcher::Program;
use seckill_page::numerals::thousands;

use super::crowd::{Caller, memory_alone, server, until};
use super::pings::{cells, histogram};
use super::plan::{WaitingPlan, count};
use crate::failure::Failure;
use crate::names::token;
use crate::numerals::{times, us};
use crate::progress::Progress;
use crate::sale::HOUR;
use crate::server_stats::{command_us, cpu_us, reset, used_memory};
use crate::table::{Table, number};

/// The time of a grant, in µs.
struct Grant {
    unlock: f64,
    processor: f64,
    latencies: [String; 3],
    /// What each waiter took, and what is left of them, in bytes.
    memory: f64,
    left: f64,
}

pub(super) async fn run(
    plan: &WaitingPlan,
    program: &Program,
    progress: &Progress,
) -> Result<Table, Failure> {
    progress.begin("grants", plan.lines.len());
    let mut rows = Vec::new();
    let mut shortest = None;
    for waiters in plan.lines {
        let grant = measure(program, waiters, plan.grants).await?;
        let base = *shortest.get_or_insert(grant.unlock);
        let [median, most, longest] = grant.latencies;
        rows.push(vec![
            count(waiters),
            us(grant.unlock),
            times(grant.unlock / base),
            us(grant.processor),
            median,
            most,
            longest,
            thousands(grant.memory),
            thousands(grant.left),
        ]);
        progress.step();
    }
    Ok(Table {
        title: "A lock that is passed on".to_owned(),
        about: format!("{} grants, one after the other; the owner joins the line again; µs", plan.grants),
        columns: vec![
            number("in line"),
            number("UNLOCK"),
            number("× shortest"),
            number("processor"),
            number("p50"),
            number("p99"),
            number("longest"),
            number("bytes each"),
            number("bytes left"),
        ],
        rows,
        notes: vec![
            "UNLOCK: by commandstats, with the grant; processor: all that the server did for UNLOCK, the grant and the \
             LOCK of the one that joins again; then from sending UNLOCK until the next owner knows."
                .to_owned(),
            "Bytes each: the growth of used_memory by a caller that waits, with its connection; left: when all are gone."
                .to_owned(),
        ],
    })
}

fn lock(number: usize) -> Cmd {
    cmd("SECKILL.LOCK").arg("lock").arg(token(number as u64)).arg(HOUR).arg("BLOCK").arg(0).take()
}

async fn measure(program: &Program, waiters: usize, grants: u64) -> Result<Grant, Failure> {
    let (server, mut pipe) = server(program, waiters + 2).await?;
    let memory_before = memory_alone(&mut pipe).await?;
    let mut callers = Caller::crowd(&server, waiters + 1).await?;
    let mut line = VecDeque::new();
    for (number, caller) in callers.iter_mut().enumerate() {
        caller.send(&lock(number)).await?;
        if number == 0 {
            caller.number().await?;
        } else {
            // One after the other, so that they stand in line in this order.
            until(&mut pipe, "seckill_waiters", number).await?;
            line.push_back(number);
        }
    }
    let memory = used_memory(&mut pipe)? - memory_before;
    let mut releaser = Caller::connect(&server).await?;
    let (mut owner, mut latencies) = (0, histogram()?);
    reset(&mut pipe)?;
    let processor = cpu_us(&mut pipe)?;
    for _ in 0..grants {
        let next = line.pop_front().ok_or("nobody waits")?;
        let unlock = cmd("SECKILL.UNLOCK").arg("lock").arg(token(owner as u64)).take();
        let began = Instant::now();
        releaser.send(&unlock).await?;
        callers[next].number().await?;
        latencies.saturating_record(u64::try_from(began.elapsed().as_micros())?);
        if releaser.number().await? != 1 {
            return Err("the lock was lost".into());
        }
        callers[owner].send(&lock(owner)).await?;
        line.push_back(owner);
        owner = next;
    }
    until(&mut pipe, "seckill_waiters", waiters).await?;
    let processor = (cpu_us(&mut pipe)? - processor) / grants as f64;
    let unlock = command_us(&mut pipe, "seckill.unlock", grants)? / grants as f64;
    drop((callers, releaser));
    pipe.ask::<()>(cmd("DEL").arg("lock"))?;
    let left = memory_alone(&mut pipe).await? - memory_before;
    Ok(Grant { unlock, processor, latencies: cells(&latencies), memory: memory / waiters as f64, left })
}
