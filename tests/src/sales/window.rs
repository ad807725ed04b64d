//! The window of a sale: OPENS and CLOSES.

use seckill_client::{Alteration, Bought, Buy, NewSale, Phase, Refusal, Seckill, State};

use crate::harness::conditions::wait_until;
use crate::harness::server::{Connection, Server};
use crate::harness::session::get;

/// The server's clock, in unix ms.
async fn server_time(connection: &mut Connection) -> u64 {
    let (seconds, micros): (u64, u64) = get(connection, "TIME").await;
    seconds * 1000 + micros / 1000
}

#[tokio::test]
async fn the_window_opens_and_closes_by_the_clock_of_the_server() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let now = server_time(&mut connection).await;
    connection.seckill().create("now", NewSale::new(1).opens(now).closes(now + 60_000)).await.unwrap();
    assert_eq!(
        connection.seckill().buy("now", Buy::new("ann", "o1")).await,
        Ok(Bought::Order(State::Sold)),
        "at OPENS it is open"
    );
    let now = server_time(&mut connection).await;
    connection.seckill().create("over", NewSale::new(1).opens(now - 1).closes(now)).await.unwrap();
    assert_eq!(
        connection.seckill().buy("over", Buy::new("ann", "o1")).await,
        Ok(Bought::Refused(Refusal::Closed)),
        "at CLOSES"
    );

    let opens = server_time(&mut connection).await + 300;
    connection.seckill().create("soon", NewSale::new(1_000_000).opens(opens)).await.unwrap();
    let mut orders = 0;
    let mut buy = async |connection: &mut Connection| {
        orders += 1;
        let before = server_time(connection).await;
        let bought = connection.seckill().buy("soon", Buy::new("ann", &format!("o{orders}"))).await.unwrap();
        (before, bought, server_time(connection).await)
    };
    wait_until("it opens", async || match buy(&mut connection).await {
        (before, Bought::Refused(Refusal::Upcoming), _) if before < opens => false,
        (_, Bought::Order(State::Sold), after) if after >= opens => true,
        other => panic!("{other:?} where OPENS is {opens}"),
    })
    .await;
    let closes = server_time(&mut connection).await + 300;
    connection.seckill().alter("soon", Alteration::new().closes(closes)).await.unwrap();
    wait_until("it closes", async || match buy(&mut connection).await {
        (before, Bought::Order(State::Sold), _) if before < closes => false,
        (_, Bought::Refused(Refusal::Closed), after) if after >= closes => true,
        other => panic!("{other:?} where CLOSES is {closes}"),
    })
    .await;
    assert_eq!(connection.seckill().info("soon").await.unwrap().state, Phase::Closed);
}
