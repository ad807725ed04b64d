//! As many locks as there are waiters, each with a line of one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::cmd;
use seckill_launcher::{Program, Server};
use seckill_page::numerals::thousands;
use tokio::time::{sleep, sleep_until};

use super::crowd::{Caller, memory_alone, server, until};
use super::pings::{self, cells};
use super::plan::{WaitingPlan, count};
use crate::failure::Failure;
use crate::names;
use crate::pipe::{Pipe, Reply};
use crate::progress::Progress;
use crate::sale::HOUR;
use crate::server_stats::cpu_us;
use crate::table::{Table, number, words};

pub(super) async fn run(
    plan: &WaitingPlan,
    program: &Program,
    progress: &Progress,
) -> Result<Table, Failure> {
    let [.., waiters] = plan.lines;
    progress.begin("locks", 1);
    let (server, mut pipe) = server(program, waiters + 2).await?;
    let memory_before = memory_alone(&mut pipe).await?;
    let mut callers = Caller::crowd(&server, waiters).await?;
    let connected = format!("{} connections, idle", count(waiters));
    let mut rows = vec![alone(&server, &mut pipe, plan, connected).await?];
    rows.push(expire_all(&server, &mut pipe, waiters).await?);

    // Far in the future at first: it takes long until all wait.
    set_all(&mut pipe, waiters, unix_ms()? + HOUR)?;
    for (number, caller) in callers.iter_mut().enumerate() {
        let token = names::token(number as u64);
        let lock = cmd("SECKILL.LOCK")
            .arg(names::lock(number as u64))
            .arg(token)
            .arg(HOUR)
            .arg("BLOCK")
            .arg(0)
            .take();
        caller.send(&lock).await?;
    }
    until(&mut pipe, "seckill_waiters", waiters).await?;
    rows.push(alone(&server, &mut pipe, plan, "all wait".to_owned()).await?);
    rows.push(grant_all(&server, &mut pipe, &mut callers).await?);
    drop(callers);
    pipe.ask::<()>(cmd("FLUSHALL").arg("SYNC"))?;
    let left = memory_alone(&mut pipe).await? - memory_before;
    progress.step();
    Ok(Table {
        title: "As many locks as there are waiters".to_owned(),
        about: format!("{} locks that are held, each with one waiter; PING in µs", count(waiters)),
        columns: vec![
            words(""),
            number("seconds"),
            number("processor, ms a second"),
            number("PING p50"),
            number("p99"),
            number("longest"),
        ],
        rows,
        notes: vec![
            "All leases end: until the server has deleted all locks, or until the last waiter knows that it holds its lock."
                .to_owned(),
            format!("Memory that is left when all are gone: {} bytes.", thousands(left)),
        ],
    })
}

fn unix_ms() -> Result<u64, Failure> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// Another holds each lock until this instant.
fn set_all(pipe: &mut Pipe, locks: usize, until: u64) -> Result<(), Failure> {
    let set = |number| cmd("SET").arg(names::lock(number)).arg("other").arg("PXAT").arg(until).take();
    pipe.send((0..locks as u64).map(set), Reply::Word("OK"))
}

fn row(what: String, took: Duration, cpu: f64, pings: &hdrhistogram::Histogram<u64>) -> Vec<String> {
    let seconds = took.as_secs_f64();
    let [median, most, longest] = cells(pings);
    vec![what, format!("{seconds:.2}"), format!("{:.1}", cpu / 1e3 / seconds), median, most, longest]
}

/// The server, with nothing to do but to look at what waits.
async fn alone(
    server: &Server,
    pipe: &mut Pipe,
    plan: &WaitingPlan,
    what: String,
) -> Result<Vec<String>, Failure> {
    let time = Duration::from_millis(plan.idle_ms);
    let before = cpu_us(pipe)?;
    sleep(time).await;
    let cpu = cpu_us(pipe)? - before;
    let left_alone = async {
        sleep(time).await;
        Ok(())
    };
    let ((), pings) = pings::during(Pipe::open(server.client(), 1)?, left_alone).await?;
    Ok(row(what, time, cpu, &pings))
}

/// The leases of so many locks end in one instant, while nobody waits for them.
async fn expire_all(server: &Server, pipe: &mut Pipe, locks: usize) -> Result<Vec<String>, Failure> {
    set_all(pipe, locks, unix_ms()? + HOUR)?;
    let began = end_leases(pipe, locks).await?;
    let before = cpu_us(pipe)?;
    let mut looks = Pipe::open(server.client(), 1)?;
    let expiring = async {
        while looks.ask::<u64>(&cmd("DBSIZE"))? > 0 {
            sleep(Duration::from_millis(10)).await;
        }
        Ok(began.elapsed())
    };
    let (took, pings) = pings::during(Pipe::open(server.client(), 1)?, expiring).await?;
    Ok(row("all leases end, nobody waits".to_owned(), took, cpu_us(pipe)? - before, &pings))
}

/// The same while somebody waits for each.
async fn grant_all(server: &Server, pipe: &mut Pipe, callers: &mut [Caller]) -> Result<Vec<String>, Failure> {
    let began = end_leases(pipe, callers.len()).await?;
    let before = cpu_us(pipe)?;
    let granting = async {
        for caller in callers {
            caller.number().await?;
        }
        Ok(began.elapsed())
    };
    let (took, pings) = pings::during(Pipe::open(server.client(), 1)?, granting).await?;
    Ok(row("all leases end, all wait".to_owned(), took, cpu_us(pipe)? - before, &pings))
}

/// Waits until all leases have ended, in one instant.
async fn end_leases(pipe: &mut Pipe, locks: usize) -> Result<Instant, Failure> {
    const SOON: u64 = 1_500;
    let end = unix_ms()? + SOON;
    let expire = |number| cmd("PEXPIREAT").arg(names::lock(number)).arg(end).take();
    pipe.send((0..locks as u64).map(expire), Reply::Number(1))?;
    let wait = end.checked_sub(unix_ms()?).ok_or("it took too long")?;
    let ended = Instant::now() + Duration::from_millis(wait);
    sleep_until(ended.into()).await;
    Ok(ended)
}
