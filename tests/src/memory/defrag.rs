//! Active defragmentation relocates sales without changing them.

use seckill_client::{Buy, Sale, Seckill};

use crate::harness::conditions::{HOUR, wait_until};
use crate::harness::info::stat;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play};

/// More events than the server relocates in one call.
const LARGE: usize = 60_000;
const SALES: usize = 100;
const ORDERS: usize = 300;
/// Fragmentation in bytes; less than what deleting three of four sets leaves.
const GAPS: u64 = 6_000_000;

fn buy(pipe: &mut redis::Pipeline, sale: &str, number: usize) {
    pipe.cmd("SECKILL.BUY").arg(sale).arg(number / 2).arg(format!("a rather long order id {number}"));
}

async fn create(shop: &mut Connection, sale: &str) {
    shop.create(sale, Sale::new(1_000_000).hold(HOUR)).await.unwrap();
}

const SETS: [&str; 4] = ["kept", "gone", "lost", "past"];

/// Sets of sales that grow side by side: when only one set is left, every page has gaps.
async fn grow(shop: &mut Connection) {
    for set in SETS {
        create(shop, &format!("{set}:large")).await;
        for sale in 0..SALES {
            create(shop, &format!("{set}:{sale}")).await;
        }
    }
    for number in 0..LARGE {
        let mut pipe = redis::pipe();
        for set in SETS {
            buy(&mut pipe, &format!("{set}:large"), number);
            if number / SALES < ORDERS {
                buy(&mut pipe, &format!("{set}:{}", number % SALES), number);
            }
        }
        pipe.exec_async(shop).await.unwrap();
    }
}

/// Deletes all sets but the first.
async fn leave_one(shop: &mut Connection) {
    for set in &SETS[1..] {
        let small = (0..SALES).map(|sale| format!("{set}:{sale}"));
        let gone: Vec<String> = small.chain([format!("{set}:large")]).collect();
        redis::cmd("DEL").arg(gone).exec_async(shop).await.unwrap();
    }
}

async fn gaps(shop: &mut Connection) -> u64 {
    stat(shop, "memory", "allocator_frag_bytes").await.parse().unwrap()
}

#[tokio::test]
async fn gaps_are_closed_while_buyers_buy() {
    let config = "active-defrag-ignore-bytes 1\nactive-defrag-threshold-lower 1\nactive-defrag-cycle-min 50";
    let server = Server::with(config).await;
    let mut shop = server.connect().await;
    let refused = ask(&mut shop, "CONFIG SET activedefrag yes").await;
    if refused != "OK" {
        eprintln!("skipped on this server: {refused}");
        return;
    }
    play(&mut shop, "CONFIG SET activedefrag no => OK").await;
    grow(&mut shop).await;
    leave_one(&mut shop).await;
    wait_until("the server has counted the gaps", async || gaps(&mut shop).await > GAPS).await;
    let digest = ask(&mut shop, "DEBUG DIGEST-VALUE kept:1 kept:2 kept:3").await;

    play(&mut shop, "CONFIG SET activedefrag yes => OK").await;
    let mut number = LARGE;
    wait_until("half of the gaps are closed", async || {
        shop.buy("kept:large", Buy::new("ann", &format!("late {number}"))).await.unwrap();
        number += 1;
        gaps(&mut shop).await < GAPS / 2
    })
    .await;
    assert_eq!(ask(&mut shop, "DEBUG DIGEST-VALUE kept:1 kept:2 kept:3").await, digest);
    assert_eq!(shop.info("kept:large").await.unwrap().seq, number as u64 + 1);
    for sale in (0..SALES).map(|sale| sale.to_string()).chain(["large".to_owned()]) {
        shop.audit(format!("kept:{sale}")).await.unwrap();
    }
}
