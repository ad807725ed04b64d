//! Active defragmentation relocates sales without changing them.

use seckill_client::{Buy, NewSale, Seckill};

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

async fn create(connection: &mut Connection, sale: &str) {
    connection.seckill().create(sale, NewSale::new(1_000_000).hold(HOUR)).await.unwrap();
}

const SETS: [&str; 4] = ["kept", "deleted1", "deleted2", "deleted3"];

/// Sets of sales that grow side by side: when only one set is left, every page has gaps.
async fn grow(connection: &mut Connection) {
    for set in SETS {
        create(connection, &format!("{set}:large")).await;
        for sale in 0..SALES {
            create(connection, &format!("{set}:{sale}")).await;
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
        pipe.exec_async(connection).await.unwrap();
    }
}

/// Deletes all sets but the first.
async fn leave_one(connection: &mut Connection) {
    for set in &SETS[1..] {
        let small = (0..SALES).map(|sale| format!("{set}:{sale}"));
        let sales: Vec<String> = small.chain([format!("{set}:large")]).collect();
        redis::cmd("DEL").arg(sales).exec_async(connection).await.unwrap();
    }
}

async fn gaps(connection: &mut Connection) -> u64 {
    stat(connection, "memory", "allocator_frag_bytes").await.parse().unwrap()
}

#[tokio::test]
async fn gaps_are_closed_while_buyers_buy() {
    let config = "active-defrag-ignore-bytes 1\nactive-defrag-threshold-lower 1\nactive-defrag-cycle-min 50";
    let server = Server::with(config).await;
    let mut connection = server.connect().await;
    let refused = ask(&mut connection, "CONFIG SET activedefrag yes").await;
    if refused != "OK" {
        eprintln!("skipped on this server: {refused}");
        return;
    }
    play(&mut connection, "CONFIG SET activedefrag no => OK").await;
    grow(&mut connection).await;
    leave_one(&mut connection).await;
    wait_until("the server has counted the gaps", async || gaps(&mut connection).await > GAPS).await;
    let digest = ask(&mut connection, "DEBUG DIGEST-VALUE kept:1 kept:2 kept:3").await;

    play(&mut connection, "CONFIG SET activedefrag yes => OK").await;
    let mut number = LARGE;
    wait_until("half of the gaps are closed", async || {
        connection.seckill().buy("kept:large", Buy::new("ann", &format!("late {number}"))).await.unwrap();
        number += 1;
        gaps(&mut connection).await < GAPS / 2
    })
    .await;
    assert_eq!(ask(&mut connection, "DEBUG DIGEST-VALUE kept:1 kept:2 kept:3").await, digest);
    assert_eq!(connection.seckill().info("kept:large").await.unwrap().seq, number as u64 + 1);
    for sale in (0..SALES).map(|sale| sale.to_string()).chain(["large".to_owned()]) {
        connection.seckill().audit(format!("kept:{sale}")).await.unwrap();
    }
}
