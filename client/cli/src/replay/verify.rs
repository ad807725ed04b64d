//! Compares a sale with the orders of the handlers.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use seckill_client::{After, Event, EventKind, Seckill, State};

use super::error::Error;
use super::load::Load;

/// Events read at once.
const PAGE: u64 = 1_000;

/// Compares INFO, EVENTS and AUDIT with `orders`: the buyer of each order.
pub(super) async fn sale(
    con: &mut MultiplexedConnection,
    sale: &str,
    load: &Load,
    orders: &HashMap<String, String>,
) -> Result<(), Error> {
    figures(con, sale, load, orders).await?;
    events(con, sale, load, orders).await?;
    Ok(con.seckill().force_audit(sale).await?)
}

async fn figures(
    con: &mut MultiplexedConnection,
    sale: &str,
    load: &Load,
    orders: &HashMap<String, String>,
) -> Result<(), Error> {
    let info = con.seckill().info(sale).await?;
    let count = orders.len() as u64;
    agree("orders in INFO", info.orders, count)?;
    agree("buyers in INFO", info.buyers, count)?;
    agree("units sold in INFO", info.sold, count)?;
    agree("units held in INFO", info.held, 0)?;
    agree("units in INFO", info.available + info.held + info.sold, load.bottles.into())
}

/// Reads all events: the first creates the sale, and the others sell each order of the handlers once.
async fn events(
    con: &mut MultiplexedConnection,
    sale: &str,
    load: &Load,
    orders: &HashMap<String, String>,
) -> Result<(), Error> {
    let mut missing = orders.clone();
    let mut after = After::seq(0).count(PAGE);
    let mut seq = 0;
    loop {
        let events = con.seckill().events(sale, after).await?;
        let Some(last) = events.last() else { break };
        after = After::seq(last.seq).term(last.term).count(PAGE);
        for event in events {
            seq += 1;
            agree("seq in EVENTS", event.seq, seq)?;
            check_event(event, load, &mut missing)?;
        }
    }
    agree("orders that EVENTS lacks", missing.len() as u64, 0)
}

fn check_event(event: Event, load: &Load, missing: &mut HashMap<String, String>) -> Result<(), Error> {
    match event.kind {
        EventKind::Created { qty, .. } if event.seq == 1 => {
            agree("stock in EVENTS", qty, load.bottles.into())
        }
        EventKind::Order { state: State::Sold, order, buyer, qty: 1, .. } => {
            let (order, buyer) = (String::from_utf8_lossy(&order), String::from_utf8_lossy(&buyer));
            match missing.remove(order.as_ref()) {
                Some(expected) if expected == buyer => Ok(()),
                Some(_) => Err(Error::Disagreement(format!("{order} is sold to {buyer} in EVENTS"))),
                None => Err(Error::Disagreement(format!(
                    "{order} is sold in EVENTS, but not by a handler, or twice"
                ))),
            }
        }
        other => Err(Error::Disagreement(format!("EVENTS has {other:?}"))),
    }
}

fn agree(what: &str, found: u64, expected: u64) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Disagreement(format!("{what}: {found}, and should be {expected}")))
}
