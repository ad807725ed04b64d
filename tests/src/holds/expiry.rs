//! When holds run out, and when not.

use seckill_client::{After, Alteration, Bought, Buy, EventKind, NewSale, Seckill, State};

use crate::harness::conditions::{ms, wait_until, wait_until_none_held};
use crate::harness::listener::Listener;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{play, together};

/// How late a hold may run out on a machine that is shared. On an idle one 100 ms are promised.
const LATE: u64 = 2_000;

async fn state(connection: &mut Connection, order: &str) -> State {
    connection.seckill().order("sale", order).await.unwrap().expect("an order").state
}

#[tokio::test]
async fn holds_run_out_without_a_call() {
    let server = Server::with("notify-keyspace-events Ed").await;
    let mut listener = Listener::on(&server).await;
    listener.subscribe().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1).limit(1).hold(ms(100))).await.unwrap();
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o1")).await, Ok(Bought::Order(State::Held)));

    assert_eq!(listener.until("seckill.expire sale").await, ["seckill.create sale", "seckill.buy sale"]);

    let events = connection.seckill().events("sale", After::seq(1)).await.unwrap();
    let [bought, expired] = &events[..] else { panic!("{events:?}") };
    let EventKind::Order { deadline: Some(deadline), .. } = bought.kind else { panic!("{bought:?}") };
    assert_eq!(deadline, bought.at + 100);
    assert!(matches!(expired.kind, EventKind::Order { state: State::Expired, .. }));
    assert!(
        (deadline..deadline + LATE).contains(&expired.at),
        "due at {deadline}, ran out at {}",
        expired.at
    );
    // The units are back, and so is the quota.
    assert_eq!(connection.seckill().buy("sale", Buy::new("ann", "o2")).await, Ok(Bought::Order(State::Held)));
    connection.seckill().audit("sale").await.unwrap();
}

#[tokio::test]
async fn confirmed_and_extended_orders_stay() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(4).hold(ms(60_000))).await.unwrap();
    for order in ["confirmed", "extended", "cancelled", "forgotten"] {
        connection.seckill().buy("sale", Buy::new("ann", order)).await.unwrap();
    }
    assert_eq!(connection.seckill().confirm("sale", "confirmed").await, Ok(State::Sold));
    assert_eq!(connection.seckill().extend("sale", "extended", ms(60_000)).await, Ok(State::Held));
    assert_eq!(connection.seckill().cancel("sale", "cancelled").await, Ok(State::Cancelled));
    assert_eq!(
        connection.seckill().extend("sale", "forgotten", ms(100)).await,
        Ok(State::Held),
        "to an earlier deadline"
    );
    wait_until("the forgotten one runs out", async || {
        connection.seckill().info("sale").await.unwrap().held == 1
    })
    .await;

    for (order, expected) in [
        ("confirmed", State::Sold),
        ("extended", State::Held),
        ("cancelled", State::Cancelled),
        ("forgotten", State::Expired),
    ] {
        assert_eq!(state(&mut connection, order).await, expected, "{order}");
    }
    assert_eq!(connection.seckill().info("sale").await.unwrap().available, 2);
    connection.seckill().audit("sale").await.unwrap();
}

/// The timer wakes at the first deadline, which was moved, and must come again at the new one.
#[tokio::test]
async fn an_extended_hold_runs_out_at_its_new_deadline() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1).hold(ms(50))).await.unwrap();
    connection.seckill().buy("sale", Buy::new("ann", "o1")).await.unwrap();
    assert_eq!(connection.seckill().extend("sale", "o1", ms(300)).await, Ok(State::Held));
    let deadline = connection.seckill().order("sale", "o1").await.unwrap().unwrap().deadline.unwrap();
    wait_until_none_held(&mut connection, "sale").await;
    let expired = connection.seckill().events("sale", After::seq(3)).await.unwrap().pop().unwrap();
    assert!(expired.at >= deadline, "{expired:?}, but the deadline is {deadline}");
}

/// A later order with an earlier deadline runs out first, and ALTER HOLD does not change deadlines.
#[tokio::test]
async fn each_hold_has_its_own_deadline() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(2).hold(ms(60_000))).await.unwrap();
    connection.seckill().buy("sale", Buy::new("ann", "long")).await.unwrap();
    connection.seckill().alter("sale", Alteration::new().hold(ms(50))).await.unwrap();
    connection.seckill().buy("sale", Buy::new("ann", "short")).await.unwrap();
    wait_until("the short one runs out", async || connection.seckill().info("sale").await.unwrap().held == 1)
        .await;
    assert_eq!(state(&mut connection, "long").await, State::Held);
}

/// A timer that wrote while writes are paused would crash the server.
#[tokio::test]
async fn no_hold_runs_out_while_writes_are_paused() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(1).hold(ms(50))).await.unwrap();
    let replies = together(&mut connection, &["SECKILL.BUY sale ann o1", "CLIENT PAUSE 60000 WRITE"]).await;
    assert_eq!(replies, ["HELD", "OK"]);
    // ORDER shows that the hold is due. INFO and BUYER show that nothing was decided, also a while later.
    wait_until("it is due", async || state(&mut connection, "o1").await == State::Expired).await;
    let session = r#"
        DEBUG SLEEP 0.3 => OK
        SECKILL.ORDER sale o1 => {"order" "o1" "buyer" "ann" "qty" 1 "state" EXPIRED "at" <ms> "deadline" 0 "seq" 2}
        SECKILL.BUYER sale ann => {"held" 1 "sold" 0 "orders" ["o1"]}
    "#;
    play(&mut connection, session).await;
    let info = connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.held, info.seq), (1, 2));
    play(&mut connection, "CLIENT UNPAUSE => OK").await;
    wait_until_none_held(&mut connection, "sale").await;
}

/// SOLDOUT is never replied while a hold is due, also when the timer has not run yet.
#[tokio::test]
async fn a_purchase_lets_due_holds_run_out() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection.seckill().create("sale", NewSale::new(40).limit(40).hold(ms(1))).await.unwrap();
    let purchases = ["SECKILL.BUY sale ann o1 QTY 40", "DEBUG SLEEP 0.01", "SECKILL.BUY sale ann o2 QTY 40"];
    assert_eq!(together(&mut connection, &purchases).await, ["HELD", "OK", "HELD"]);
    assert_eq!(state(&mut connection, "o1").await, State::Expired);
    connection.seckill().audit("sale").await.unwrap();
}
