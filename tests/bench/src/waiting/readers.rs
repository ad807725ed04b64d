//! Buyers beside readers of the same sale, each with a connection of its own, who read on as long as orders come.

use std::time::Instant;

use redis::{Cmd, cmd};
use seckill_launcher::{Program, Server};
use seckill_page::numerals::thousands;
use tokio::task::JoinSet;

use super::crowd::{Caller, server, until};
use super::pings::histogram;
use super::plan::{WaitingPlan, count};
use crate::blocking::blocking;
use crate::comparison::quartiles;
use crate::failure::Failure;
use crate::names;
use crate::numerals::{times, us};
use crate::pipe::{Pipe, Reply};
use crate::progress::Progress;
use crate::server_stats::cpu_us;
use crate::spread::Spread;
use crate::table::{Table, number};

/// Commands of a buyer that are sent at once.
const DEPTH: usize = 100;
/// Of the orders, the share that a second buyer sends one by one: one of so many.
const ONE_BY_ONE: u64 = 10;

/// What one run showed.
struct Sample {
    orders_per_second: f64,
    /// The share of the time in which the server's processor was busy.
    busy: f64,
    /// Of an order that was sent alone, in µs.
    median: f64,
    most: f64,
    /// Until all readers had an event, in µs.
    spread: f64,
}

pub(super) async fn run(
    plan: &WaitingPlan,
    program: &Program,
    progress: &Progress,
) -> Result<Table, Failure> {
    progress.begin("readers", plan.readers.len() * plan.rounds as usize);
    let (server, mut pipe) = server(program, plan.readers[2] + 10).await?;
    let mut samples: Vec<Vec<Sample>> = plan.readers.iter().map(|_| Vec::new()).collect();
    for round in 0..plan.rounds {
        let mut order: Vec<usize> = (0..plan.readers.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            samples[place].push(measure(&server, &mut pipe, plan.readers[place], plan.orders).await?);
            progress.step();
        }
    }
    let spread = |figures: Vec<f64>| Spread::of(figures).ok_or("no rounds");
    let mut rows = Vec::new();
    for (readers, place) in plan.readers.iter().zip(0..) {
        let figure = |figure: fn(&Sample) -> f64| spread(samples[place].iter().map(figure).collect());
        let ratio = samples[place].iter().zip(&samples[0]);
        let ratio = spread(
            ratio.map(|(with, without)| with.orders_per_second / without.orders_per_second).collect(),
        )?;
        let rate = figure(|sample| sample.orders_per_second)?;
        rows.push(vec![
            count(*readers),
            thousands(rate.median),
            quartiles(&rate, thousands),
            times(ratio.median),
            format!("{:.0} %", figure(|sample| sample.busy * 100.0)?.median),
            us(figure(|sample| sample.median)?.median),
            us(figure(|sample| sample.most)?.median),
            us(figure(|sample| sample.spread)?.median),
        ]);
    }
    Ok(Table {
        title: "Buyers beside readers".to_owned(),
        about: format!("BUY of {} units, in batches of {DEPTH}; then one by one; µs", plan.orders),
        columns: vec![
            number("readers"),
            number("orders a second"),
            number("quartiles"),
            number("× without"),
            number("busy"),
            number("BUY p50"),
            number("p99"),
            number("all have an event"),
        ],
        rows,
        notes: vec![
            "The readers wait on the sale that is sold, and read on. Ratios are taken within a round."
                .to_owned(),
        ],
    })
}

/// What a reader waits for.
fn events(sale: &str, after: u64) -> Cmd {
    cmd("SECKILL.EVENTS").arg(sale).arg(after).arg("BLOCK").arg(0).take()
}

fn buy(sale: &str, number: u64) -> Cmd {
    cmd("SECKILL.BUY").arg(sale).arg(names::buyer(number)).arg(names::order(number)).take()
}

async fn measure(server: &Server, pipe: &mut Pipe, readers: usize, orders: u64) -> Result<Sample, Failure> {
    const SALE: &str = "sale";
    let stock = orders + orders / ONE_BY_ONE + 1;
    pipe.ask::<()>(cmd("SECKILL.CREATE").arg(SALE).arg("STOCK").arg(stock))?;
    let mut crowd = Caller::crowd(server, readers).await?;
    for reader in &mut crowd {
        reader.send(&events(SALE, 1)).await?;
    }
    until(pipe, "seckill_waiting_readers", readers).await?;
    let began = Instant::now();
    pipe.ask::<()>(&buy(SALE, 0))?;
    for reader in &mut crowd {
        reader.reply(is_complete).await?;
    }
    let spread = began.elapsed().as_secs_f64() * 1e6;

    let mut reading = JoinSet::new();
    for reader in crowd {
        reading.spawn(read_on(reader, SALE, 2));
    }
    until(pipe, "seckill_waiting_readers", readers).await?;
    let mut buyer = Pipe::open(server.client(), DEPTH)?;
    let buying = blocking(move || {
        let calls = buyer.pack((1..=orders).map(|number| buy(SALE, number)));
        let (began, before) = (Instant::now(), cpu_us(&mut buyer)?);
        buyer.exchange(calls, Reply::Word("SOLD"))?;
        let took = began.elapsed().as_secs_f64();
        let busy = (cpu_us(&mut buyer)? - before) / 1e6 / took;
        let orders_per_second = orders as f64 / took;
        let mut latencies = histogram()?;
        for number in orders + 1..=orders + orders / ONE_BY_ONE {
            let began = Instant::now();
            buyer.send([buy(SALE, number)], Reply::Word("SOLD"))?;
            latencies.saturating_record(u64::try_from(began.elapsed().as_micros())?);
        }
        let [median, most] = [0.5, 0.99].map(|quantile| latencies.value_at_quantile(quantile) as f64);
        Ok(Sample { orders_per_second, busy, median, most, spread })
    });
    let sample = tokio::select! {
        sample = buying => sample?,
        Some(ended) = reading.join_next() => return Err(ended?),
    };
    reading.shutdown().await;
    until(pipe, "seckill_waiting_readers", 0).await?;
    pipe.ask::<()>(cmd("UNLINK").arg(SALE))?;
    Ok(sample)
}

/// Reads page by page. It ends when it fails.
async fn read_on(mut reader: Caller, sale: &str, mut after: u64) -> Failure {
    loop {
        if let Err(error) = reader.send(&events(sale, after)).await {
            return error;
        }
        match reader.reply(is_complete).await.map(last_seq) {
            Ok(Some(last)) => after = last,
            Ok(None) => return "no event".into(),
            Err(error) => return error,
        }
    }
}

/// The field that an event begins with.
const SEQ: &[u8] = b"$3\r\nseq\r\n:";
/// What an event of one unit that is sold ends with.
const END: &[u8] = b"$3\r\nqty\r\n:1\r\n";

/// Whether a page of events has arrived. To read it by a parser would take more time than the server took to write it.
fn is_complete(page: &[u8]) -> bool {
    let events = || page.windows(SEQ.len()).filter(|bytes| *bytes == SEQ).count();
    page.ends_with(END) && page_size(page) == Some(events())
}

fn page_size(page: &[u8]) -> Option<usize> {
    let first = page.strip_prefix(b"*")?.split(|byte| *byte == b'\r').next()?;
    str::from_utf8(first).ok()?.parse().ok()
}

fn last_seq(page: &[u8]) -> Option<u64> {
    let place = page.windows(SEQ.len()).rposition(|bytes| bytes == SEQ)?;
    let digits = page[place + SEQ.len()..].split(|byte| *byte == b'\r').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}
