//! ATTEMPTS: one buyer cannot use up the orders that a sale may have.

use seckill_client::{Bought, Buy, NewSale, Refusal, Seckill, State};

use crate::harness::info::stat;
use crate::harness::server::Server;
use crate::harness::session::play;

/// Somebody buys and cancels in a loop, to close the sale for everybody else.
#[tokio::test]
async fn a_buyer_in_a_loop_does_not_close_the_sale_for_others() {
    let server = Server::with("seckill.max-orders 1000").await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(100).limit(1)).await.unwrap();
    let mut refused = 0;
    for attempt in 0..2_000 {
        let order = format!("loop{attempt}");
        match connection.seckill().buy("sale", Buy::new("eve", &order)).await.unwrap() {
            Bought::Order(State::Sold) => {
                assert_eq!(connection.seckill().refund("sale", &order).await, Ok(State::Cancelled));
            }
            reply => {
                assert_eq!(reply, Bought::Refused(Refusal::Attempts));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1_900);
    let info = connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.available, info.orders, info.room, info.rules.attempts), (100, 100, 900, 100));
    for buyer in 0..100 {
        let (buyer, order) = (format!("buyer{buyer}"), format!("order{buyer}"));
        let reply = connection.seckill().buy("sale", Buy::new(&buyer, &order)).await;
        assert_eq!(reply, Ok(Bought::Order(State::Sold)));
    }
    assert_eq!(stat(&mut connection, "seckill", "seckill_refused_attempts").await, "1900");
}

/// Without attempts the sale fills up, and an operator sees it.
#[tokio::test]
async fn a_sale_that_is_full_is_counted() {
    let server = Server::with("seckill.max-orders 2").await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.CREATE sale STOCK 9 LIMIT 1 ATTEMPTS 0 => OK
        SECKILL.BUY sale eve o1 => SOLD
        SECKILL.CANCEL sale o1 REFUND => CANCELLED
        SECKILL.BUY sale eve o2 => SOLD
        SECKILL.CANCEL sale o2 REFUND => CANCELLED
        SECKILL.BUY sale ann o3 => -FULL the sale has 2 orders, the most that seckill.max-orders allows
        SECKILL.BUY sale ann o4 => -FULL the sale has 2 orders, the most that seckill.max-orders allows
    ";
    play(&mut connection, session).await;
    assert_eq!(connection.seckill().info("sale").await.unwrap().room, 0);
    assert_eq!(stat(&mut connection, "seckill", "seckill_refused_full").await, "2");
}
