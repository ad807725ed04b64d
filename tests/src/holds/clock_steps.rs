//! The clock of a server is set ahead and back, as by hand or after a fault of its time source.
//!
//! What is decided depends on the clock as it is, as the expiry of keys does. The times of events and the fences
//! of locks never fall.

use std::time::Duration;

use seckill_client::{Buy, NewSale, Seckill, State};

use crate::harness::aof::AOF;
use crate::harness::clock::Clock;
use crate::harness::conditions::{ms, now_ms, wait_until, wait_until_none_held};
use crate::harness::copies::must_be_equal;
use crate::harness::history::History;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

const TEN_MINUTES: u64 = 600_000;

/// A server with a clock, and a replica whose clock is right.
struct Shop {
    clock: Clock,
    server: Server,
    replica: Server,
    connection: Connection,
    fence: u64,
    /// The lines of the log that say that the clock was set, so far.
    steps: usize,
}

impl Shop {
    /// `None` where the clock cannot be set.
    async fn open() -> Option<Self> {
        let (clock, server) = Clock::with_server(AOF).await?;
        let replica = server.replica("").await;
        let connection = server.connect().await;
        Some(Self { clock, server, replica, connection, fence: 0, steps: 0 })
    }

    /// Sets the clock. The server logs it once.
    async fn set_clock(&mut self, hours: i64, logged: &str) {
        self.clock.set(hours);
        wait_until("the step is logged", async || self.logged_steps() > self.steps).await;
        self.steps += 1;
        let log = self.server.log();
        let last = log.lines().rfind(|line| line.contains("the clock was set")).unwrap();
        assert!(last.contains(logged), "{last}");
    }

    fn logged_steps(&self) -> usize {
        self.server.log().matches("the clock was set").count()
    }

    async fn must_grant_a_higher_fence(&mut self) {
        let fence = get(&mut self.connection, "SECKILL.LOCK lock ann 60000").await;
        assert!(fence > self.fence, "{fence} after {}", self.fence);
        self.fence = fence;
    }

    async fn buy(&mut self, sale: &str, order: &str) {
        self.connection.seckill().buy(sale, Buy::new("ann", order)).await.unwrap();
    }

    async fn state(&mut self, sale: &str, order: &str) -> State {
        self.connection.seckill().order(sale, order).await.unwrap().unwrap().state
    }

    /// The books are right, the times of events do not fall, each step was logged once, and all of it is the same
    /// on the replica and after a restart.
    async fn must_be_sound(mut self) {
        assert_eq!(self.logged_steps(), self.steps);
        must_be_equal(&self.replica, &self.server).await;
        let mut before = vec![];
        for sale in ["window", "sale"] {
            before.push(History::read(&mut self.connection, sale).await.events);
            self.connection.seckill().audit(sale).await.unwrap();
        }
        self.server.restart().await;
        self.connection = self.server.connect().await;
        for (sale, before) in ["window", "sale"].iter().zip(before) {
            assert_eq!(History::read(&mut self.connection, sale).await.events, before);
            self.connection.seckill().audit(sale).await.unwrap();
        }
        self.must_grant_a_higher_fence().await;
    }
}

#[tokio::test]
async fn an_hour_ahead_and_back() {
    let Some(mut shop) = Shop::open().await else { return };
    let soon = now_ms() + TEN_MINUTES;
    play(&mut shop.connection, &format!("SECKILL.CREATE window STOCK 9 CLOSES {soon} => OK")).await;
    shop.connection.seckill().create("sale", NewSale::new(9).hold(ms(300))).await.unwrap();
    shop.must_grant_a_higher_fence().await;

    shop.set_clock(1, "forward by 3").await;
    // Each sale has an event of a time that has not come yet.
    play(
        &mut shop.connection,
        "
        SECKILL.BUY window ann o1 => CLOSED
        SECKILL.RESTOCK window 1 => 10
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.CONFIRM sale o1 => SOLD
        ",
    )
    .await;
    shop.must_grant_a_higher_fence().await;

    shop.set_clock(0, "back by 3").await;
    play(&mut shop.connection, "SECKILL.BUY window ann o1 => SOLD").await;
    shop.must_grant_a_higher_fence().await;
    // This hold would otherwise run out in an hour.
    shop.buy("sale", "o2").await;
    wait_until_none_held(&mut shop.connection, "sale").await;
    assert_eq!(shop.state("sale", "o2").await, State::Expired);
    shop.must_be_sound().await;
}

#[tokio::test]
async fn an_hour_back_and_ahead() {
    let Some(mut shop) = Shop::open().await else { return };
    let since = now_ms() - TEN_MINUTES;
    play(&mut shop.connection, &format!("SECKILL.CREATE window STOCK 9 OPENS {since} => OK")).await;
    play(&mut shop.connection, "SECKILL.BUY window ann o1 => SOLD").await;
    shop.connection.seckill().create("sale", NewSale::new(9).hold(ms(300))).await.unwrap();
    shop.buy("sale", "early").await;
    shop.connection.seckill().extend("sale", "early", Duration::from_secs(5)).await.unwrap();
    shop.must_grant_a_higher_fence().await;

    shop.set_clock(-1, "back by 3").await;
    play(&mut shop.connection, "SECKILL.BUY window ann o2 => UPCOMING").await;
    shop.must_grant_a_higher_fence().await;
    shop.buy("sale", "late").await;
    let mut connection = shop.server.connect().await;
    wait_until("the late hold runs out", async || {
        connection.seckill().order("sale", "late").await.unwrap().unwrap().state == State::Expired
    })
    .await;
    wait_until("the timer expires it", async || connection.seckill().info("sale").await.unwrap().held == 1)
        .await;
    assert_eq!(shop.state("sale", "early").await, State::Held, "its deadline is an hour ahead");

    shop.set_clock(0, "forward by 3").await;
    play(&mut shop.connection, "SECKILL.BUY window ann o2 => SOLD").await;
    shop.must_grant_a_higher_fence().await;
    wait_until_none_held(&mut shop.connection, "sale").await;
    assert_eq!(shop.state("sale", "early").await, State::Expired);
    shop.must_be_sound().await;
}
