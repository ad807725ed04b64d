//! Orders, limits of buyers, and stock.

use std::time::Duration;

use seckill_client::{Alteration, Bought, Buy, Code, NewSale, Phase, Refusal, Seckill, State};

use crate::harness::server::Server;

const HOLD: Duration = Duration::from_secs(60);

fn sold() -> Bought {
    Bought::Order(State::Sold)
}

fn held() -> Bought {
    Bought::Order(State::Held)
}

/// A client that got no reply may send the order again.
#[tokio::test]
async fn an_order_counts_once() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(10).hold(HOLD)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(held()));
    }
    assert_eq!(connection.seckill().confirm("sale", "o1").await, Ok(State::Sold));
    for _ in 0..3 {
        assert_eq!(connection.seckill().confirm("sale", "o1").await, Ok(State::Sold));
        assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(sold()));
    }
    for _ in 0..3 {
        assert_eq!(connection.seckill().refund("sale", "o1").await, Ok(State::Cancelled));
        assert_eq!(
            connection.seckill().buy("sale", Buy::new("ann", "o1").qty(2)).await,
            Ok(Bought::Order(State::Cancelled))
        );
    }
    for _ in 0..3 {
        assert_eq!(connection.seckill().restock("sale", 5, "truck-1").await, Ok(15));
    }
    let info = connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.available, info.held, info.sold, info.orders, info.seq), (15, 0, 0, 1, 5));
    connection.seckill().audit("sale").await.unwrap();
}

#[tokio::test]
async fn a_buyer_stays_within_the_limit_and_gets_it_back() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(10).limit(3).hold(HOLD)).await.unwrap();
    let refused = Ok(Bought::Refused(Refusal::Limit));

    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").qty(4)).await, refused);
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1").qty(2)).await, Ok(held()));
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o2").qty(2)).await, refused);
    assert_eq!(
        connection.seckill().buy("sale", Buy::new("bob", "o3").qty(3)).await,
        Ok(held()),
        "each has a limit of their own"
    );

    assert_eq!(connection.seckill().confirm("sale", "o1").await, Ok(State::Sold));
    assert_eq!(
        connection.seckill().buy("sale", Buy::new("ann", "o2").qty(2)).await,
        refused,
        "sold units count"
    );
    assert_eq!(connection.seckill().cancel("sale", "o1").await, Ok(State::Sold), "a sold order needs REFUND");
    assert_eq!(connection.seckill().refund("sale", "o1").await, Ok(State::Cancelled));
    assert_eq!(
        connection.seckill().buy("sale", Buy::new("ann", "o2").qty(2)).await,
        Ok(held()),
        "refunded units do not"
    );

    connection.seckill().alter("sale", Alteration::new().limit(1)).await.unwrap();
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o4")).await, refused);
    assert_eq!(
        connection.seckill().confirm("sale", "o2").await,
        Ok(State::Sold),
        "a new limit does not affect orders"
    );
    connection.seckill().alter("sale", Alteration::new().limit(0)).await.unwrap();
    assert_eq!(
        connection.seckill().buy("sale", Buy::new("ann", "o4").qty(5)).await,
        Ok(held()),
        "no limit any more"
    );

    let ann = connection.seckill().buyer("sale", "ann").await.unwrap();
    assert_eq!((ann.held, ann.sold), (5, 2));
    assert_eq!(ann.orders, [b"o4", b"o2", b"o1"]);
    connection.seckill().audit("sale").await.unwrap();
}

#[tokio::test]
async fn stock_comes_and_goes() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(0)).await.unwrap();
    let order = Buy::new("ann", "o1").qty(3);
    assert_eq!(connection.seckill().buy("sale", order).await, Ok(Bought::Refused(Refusal::SoldOut)));
    assert_eq!(connection.seckill().restock("sale", 2, "r1").await, Ok(2));
    assert_eq!(connection.seckill().buy("sale", order).await, Ok(Bought::Refused(Refusal::Short)));
    assert_eq!(connection.seckill().restock("sale", 2, "r2").await, Ok(4));
    assert_eq!(connection.seckill().buy("sale", order).await, Ok(sold()));
    assert_eq!(
        connection.seckill().restock("sale", -2, "r3").await.unwrap_err().to_string(),
        "NOSTOCK more would be taken than is available: 1"
    );
    assert_eq!(connection.seckill().restock("sale", -1, "r4").await, Ok(0));
    assert_eq!(connection.seckill().restock("sale", 0, "r5").await, Ok(0));
    let late = connection.seckill().restock("sale", 2, "r5").await.unwrap_err();
    assert_eq!(late.code(), Some(Code::Mismatch), "the id is used up: {late}");
    assert_eq!(connection.seckill().info("sale").await.unwrap().state, Phase::SoldOut);
    assert_eq!(
        connection.seckill().restock("sale", 2, "r1").await,
        Ok(0),
        "a repeat gets what is available now"
    );
    connection.seckill().audit("sale").await.unwrap();
}
