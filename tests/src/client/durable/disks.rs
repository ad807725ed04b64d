//! Orders that are to be on disk.

use redis::Value;
use seckill_client::Durability;

use super::pair::Pair;
use crate::harness::conditions::{PATIENCE, ms};
use crate::harness::session::reply;

async fn has_waitaof(pair: &Pair) -> bool {
    let info = reply(&mut pair.primary.connect().await, "COMMAND INFO WAITAOF").await;
    info != Value::Array(vec![Value::Nil])
}

#[tokio::test]
async fn orders_are_on_the_disks_of_primary_and_replica() {
    let pair = Pair::start("appendonly yes").await;
    let sale = pair.client().sale("sale");
    let bought = sale.durable(1, PATIENCE).fsynced().buy("ann").order("o1").await.unwrap();
    assert!(bought.receipt.is_accepted());
    if !has_waitaof(&pair).await {
        let Some(Durability::Unavailable(error)) = bought.durability else { panic!("{bought:?}") };
        assert!(error.to_string().contains("unknown command"), "{error}");
        eprintln!("the rest is skipped on this server: it has no WAITAOF");
        return;
    }
    assert_eq!(bought.durability, Some(Durability::Replicated(1)));
    pair.link.stall();
    let later = sale.durable(1, ms(50)).fsynced().buy("ann").order("o2").await.unwrap();
    assert_eq!(later.durability, Some(Durability::NotYet));
    let here = sale.durable(0, PATIENCE).fsynced().buy("ann").order("o2").await.unwrap();
    assert_eq!(here.durability, Some(Durability::Replicated(0)));
}

#[tokio::test]
async fn without_an_aof_that_is_not_available() {
    let pair = Pair::start("").await;
    let bought = pair.client().sale("sale").durable(1, PATIENCE).fsynced().buy("ann").await.unwrap();
    let Some(Durability::Unavailable(error)) = bought.durability else { panic!("{bought:?}") };
    let why = if has_waitaof(&pair).await { "appendonly is disabled" } else { "unknown command" };
    assert!(error.to_string().contains(why), "{error}");
}
