//! BUYALL: a cart is bought whole or not at all.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use seckill_client::{Buy, Code, NewSale, Part, Refusal, Seckill, State};

use crate::harness::copies::must_be_equal;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// Seats: sales of one unit each, in one slot.
const SEATS: usize = 12;

fn seat(number: usize) -> String {
    format!("{{show}}:{number}")
}

/// A buyer who wants seats side by side. Returns the first one of those that were bought.
async fn buy_two(mut connection: Connection, buyer: usize) -> Option<usize> {
    let mut rng = Rng::with_seed(buyer as u64);
    for attempt in 0..20 {
        let first = rng.usize(..SEATS - 1);
        let seats = [seat(first), seat(first + 1)];
        let order = format!("order-{buyer}-{attempt}");
        let parts = connection.seckill().buy_all(&seats, Buy::new(&buyer.to_string(), &order)).await.unwrap();
        match parts[..] {
            [Part::Order(State::Sold), Part::Order(State::Sold)] => return Some(first),
            [Part::Refused(Refusal::SoldOut) | Part::Free, Part::Refused(Refusal::SoldOut) | Part::Free] => {}
            _ => panic!("{parts:?}"),
        }
    }
    None
}

/// Buyers want two seats side by side, at the same time. Nobody gets one alone, and no seat is sold twice.
#[tokio::test]
async fn seats_side_by_side_are_sold_in_pairs() {
    let server = Server::primary("").await;
    let replica = server.replica("").await;
    let mut connection = server.connect().await;
    for number in 0..SEATS {
        connection.seckill().create(seat(number), NewSale::new(1)).await.unwrap();
    }
    let mut buyers = tokio::task::JoinSet::new();
    for buyer in 0..32 {
        let connection = server.connect().await;
        buyers.spawn(async move { buy_two(connection, buyer).await });
    }
    let mut sold = BTreeSet::new();
    for first in buyers.join_all().await.into_iter().flatten() {
        assert!(sold.insert(first) && sold.insert(first + 1), "seat {first} was sold twice");
    }
    assert!(sold.len() >= SEATS / 2, "{sold:?}");
    for number in 0..SEATS {
        let info = connection.seckill().info(seat(number)).await.unwrap();
        assert_eq!(info.sold == 1, sold.contains(&number), "seat {number}");
        connection.seckill().audit(seat(number)).await.unwrap();
    }
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    must_be_equal(&replica, &server).await;
}

/// A sale in the cart is sold out: the others keep their units, and say that they had them.
#[tokio::test]
async fn a_cart_that_cannot_be_filled_takes_nothing() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = r#"
        SECKILL.CREATE shoes STOCK 5 LIMIT 2 HOLD 60000 => OK
        SECKILL.CREATE socks STOCK 9 => OK
        SECKILL.CREATE hat STOCK 1 OPENS 9007199254740991 => OK
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.BUYALL 3 shoes socks hat ann o1 QTY 1 4 1 => [FREE FREE UPCOMING]
        SECKILL.BUYALL 2 shoes socks ann o1 QTY 3 4 => [LIMIT FREE]
        SECKILL.BUYALL 2 shoes socks ann o1 QTY 1 4 LOCK lock bob => [LOCKLOST LOCKLOST]
        SECKILL.ORDER shoes o1 => nil
        SECKILL.ORDER socks o1 => nil
        SECKILL.BUYALL 2 shoes socks ann o1 QTY 1 4 LOCK lock ann RELEASE => [HELD SOLD]
        EXISTS lock => 0
        SECKILL.BUYALL 2 shoes socks ann o1 QTY 1 4 LOCK lock ann RELEASE => [HELD SOLD]
        SECKILL.BUYALL 2 shoes socks ann o1 QTY 2 4 => -MISMATCH sale 1 of 2: the order exists with another buyer or quantity
        SECKILL.BUYALL 3 shoes socks hat ann o1 QTY 1 4 1 => -MISMATCH sale 3 of 3: it lacks the order, which other sales have
        SECKILL.AUDIT shoes => OK
        SECKILL.AUDIT socks => OK
    "#;
    play(&mut connection, session).await;
}

/// The client sends one quantity for all sales, or one for each, and reads every kind of part.
#[tokio::test]
async fn a_cart_is_bought_with_the_client() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("shoes", NewSale::new(5)).await.unwrap();
    connection.seckill().create("socks", NewSale::new(9)).await.unwrap();
    let sales = ["shoes", "socks"];
    let sold = Ok(vec![Part::Order(State::Sold); 2]);
    assert_eq!(connection.seckill().buy_all(&sales, Buy::new("ann", "o1").quantities(&[1, 4])).await, sold);
    assert_eq!(connection.seckill().buy_all(&sales, Buy::new("ann", "o2").qty(3)).await, sold);
    let refused = Ok(vec![Part::Refused(Refusal::Short), Part::Free]);
    assert_eq!(connection.seckill().buy_all(&sales, Buy::new("ann", "o3").qty(2)).await, refused);
    let available =
        async |connection: &mut Connection, sale| connection.seckill().info(sale).await.unwrap().available;
    let left = (available(&mut connection, "shoes").await, available(&mut connection, "socks").await);
    assert_eq!(left, (1, 2));
    connection.seckill().lock("lock", "token", Duration::from_secs(60)).await.unwrap();
    let order = Buy::new("bob", "o4").releasing("lock", "token");
    assert_eq!(connection.seckill().buy_all(&sales, order).await, sold);
    let again = connection.seckill().buy_all(&sales, Buy::new("bob", "o5").holding("lock", "token")).await;
    assert_eq!(again, Ok(vec![Part::Refused(Refusal::LockLost); 2]), "it was released");
    let error =
        connection.seckill().buy_all(&sales, Buy::new("bob", "").quantities(&[1, 1])).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Err), "{error}");
}

/// The parts of an order are confirmed in one transaction: no reader sees one of them alone.
#[tokio::test]
async fn the_parts_are_confirmed_in_one_step() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.CREATE shoes STOCK 5 HOLD 60000 => OK
        SECKILL.CREATE socks STOCK 5 HOLD 60000 => OK
        SECKILL.BUYALL 2 shoes socks ann o1 => [HELD HELD]
        MULTI => OK
        SECKILL.CONFIRM shoes o1 => QUEUED
        SECKILL.CONFIRM socks o1 => QUEUED
    ";
    play(&mut connection, session).await;
    let mut other = server.connect().await;
    for sale in ["shoes", "socks"] {
        assert_eq!(other.seckill().info(sale).await.unwrap().held, 1, "not yet");
    }
    play(&mut connection, "EXEC => [SOLD SOLD]").await;
    let session = "
        MULTI => OK
        SECKILL.CANCEL shoes o1 REFUND => QUEUED
        SECKILL.CANCEL socks o1 REFUND => QUEUED
        EXEC => [CANCELLED CANCELLED]
        SECKILL.BUYALL 2 shoes socks ann o1 => [CANCELLED CANCELLED]
    ";
    play(&mut connection, session).await;
}

/// Over `maxmemory` nothing is bought.
#[tokio::test]
async fn without_memory_it_is_refused() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.CREATE a STOCK 1 => OK
        SECKILL.CREATE b STOCK 1 => OK
        CONFIG SET maxmemory 1 => OK
        SECKILL.BUYALL 2 a b ann o1 => -OOM command not allowed when used memory > 'maxmemory'.
        SECKILL.ORDER a o1 => nil
        SECKILL.ORDER b o1 => nil
    ";
    play(&mut connection, session).await;
}
