//! Feeds through failovers that lose events: who stores what they yield ends with what the last primary has.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use redis::sentinel::SentinelServerType;
use seckill_client::connect::{Connect, Node};
use seckill_client::{Buy, Client, Cursor, Event, NewSale, Seckill};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::conditions::{PATIENCE, wait_until, wait_until_none_held};
use crate::harness::copies::{must_be_equal, swap_roles};
use crate::harness::history::History;
use crate::harness::sentinel::Sentinel;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// An address that leads to the present primary, as a virtual IP or a DNS name does.
#[derive(Clone)]
struct Address(Arc<Mutex<redis::Client>>);

impl Address {
    fn of(server: &Server) -> Self {
        Self(Arc::new(Mutex::new(client(server))))
    }

    fn lead_to(&self, server: &Server) {
        *self.0.lock().unwrap() = client(server);
    }

    fn target(&self) -> redis::Client {
        self.0.lock().unwrap().clone()
    }
}

fn client(server: &Server) -> redis::Client {
    redis::Client::open(format!("redis+unix://{}?protocol=resp3", server.socket().display())).unwrap()
}

impl Connect for Address {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.target().connect().await
    }

    async fn connect_apart(&self, node: Option<&Node>) -> RedisResult<MultiplexedConnection> {
        self.target().connect_apart(node).await
    }
}

/// What a program has in its database: the events, and its cursor as text.
struct Stored {
    history: History,
    cursor: String,
}

/// How a program begins to read again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    /// It never does, unless the feed ends.
    Steady,
    /// It is restarted now and then, and begins at the cursor that it stored.
    Cursor,
    /// The same, but it stores no cursor and begins after its last event.
    LastEvent,
}

/// A program that stores what a feed yields. It ends when this is dropped.
struct Program {
    habit: Habit,
    stored: Arc<Mutex<Stored>>,
    task: JoinHandle<()>,
}

impl Program {
    fn start(address: &Address, habit: Habit) -> Self {
        let stored = Stored { history: History::of("sale"), cursor: Cursor::start().to_string() };
        let stored = Arc::new(Mutex::new(stored));
        let task = tokio::spawn(run(Client::new(address.clone()), habit, stored.clone()));
        Self { habit, stored, task }
    }

    fn events(&self) -> Vec<Event> {
        assert!(!self.task.is_finished(), "{:?} goes on", self.habit);
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).history.events.clone()
    }

    async fn wait_until_equal(&self, server: &Server) -> History {
        let mut connection = server.connect().await;
        let expected = History::read(&mut connection, "sale").await;
        wait_until("it has what the primary has", async || self.events() == expected.events).await;
        self.stored.lock().unwrap().history.clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(client: Client<Address>, habit: Habit, stored: Arc<Mutex<Stored>>) {
    loop {
        let begin = {
            let stored = stored.lock().unwrap();
            match (habit, stored.history.events.last()) {
                (Habit::LastEvent, Some(last)) => Cursor::after(last.seq, last.term),
                (Habit::LastEvent, None) => Cursor::start(),
                (Habit::Steady | Habit::Cursor, _) => stored.cursor.parse().unwrap(),
            }
        };
        let mut feed = client.sale("sale").feed(begin);
        let reading = async {
            while let Some(item) = feed.next().await {
                let mut stored = stored.lock().unwrap();
                stored.history.store(item.unwrap());
                stored.cursor = feed.cursor().to_string();
            }
            assert_eq!(habit, Habit::LastEvent, "whoever has the whole cursor reads on");
        };
        match habit {
            Habit::Steady => reading.await,
            _ => timeout(Duration::from_millis(fastrand::u64(..200)), reading).await.unwrap_or_default(),
        }
    }
}

async fn buy(connection: &mut Connection, orders: std::ops::Range<u64>) {
    for _ in orders {
        let order = fastrand::u64(..).to_string();
        connection.seckill().buy("sale", Buy::new("ann", &order)).await.unwrap();
        if fastrand::u8(..3) == 0 {
            connection.seckill().confirm("sale", &order).await.unwrap();
        }
    }
}

/// This replica receives nothing more.
async fn detach(replica: &Server) {
    play(&mut replica.connect().await, "REPLICAOF 127.0.0.1 1 => OK").await;
}

/// Three servers. In each round another one is promoted: one that lacks the last events of the primary, or also those
/// of earlier rounds.
#[tokio::test]
async fn whoever_stores_what_they_yield_ends_with_the_events_of_the_last_primary() {
    const FAILOVERS: usize = 20;
    let mut servers = vec![Server::primary("").await];
    for _ in 0..2 {
        servers.push(servers[0].replica("").await);
    }
    let address = Address::of(&servers[0]);
    let sale = NewSale::new(1_000_000).hold(Duration::from_millis(500));
    servers[0].connect().await.seckill().create("sale", sale).await.unwrap();
    for replica in &servers[1..] {
        replica.catch_up(&servers[0]).await;
        detach(replica).await;
    }
    let programs =
        [Habit::Steady, Habit::Cursor, Habit::LastEvent].map(|habit| Program::start(&address, habit));

    for round in 0..FAILOVERS {
        let next = fastrand::usize(1..servers.len());
        let (primary, promoted) = (&servers[0], &servers[next]);
        let mut connection = primary.connect().await;
        if fastrand::bool() {
            promoted.become_replica_of(primary).await;
            buy(&mut connection, 0..fastrand::u64(1..5)).await;
            promoted.catch_up(primary).await;
            detach(promoted).await;
        }
        // What follows is lost.
        buy(&mut connection, 0..fastrand::u64(1..9)).await;
        if round % 3 != 0 {
            let lost = History::read(&mut connection, "sale").await.events.pop().unwrap();
            for program in &programs {
                wait_until("it stored what will be lost", async || program.events().contains(&lost)).await;
            }
        }
        promoted.promote().await;
        if fastrand::bool() {
            buy(&mut promoted.connect().await, 0..fastrand::u64(1..9)).await;
        }
        address.lead_to(promoted);
        detach(primary).await;
        // As a sentinel does, so that clients look for the new primary.
        let _: u64 = get(&mut connection, "CLIENT KILL TYPE normal").await;
        servers.swap(0, next);
        buy(&mut servers[0].connect().await, 0..fastrand::u64(0..9)).await;
    }

    wait_until_none_held(&mut servers[0].connect().await, "sale").await;
    for program in &programs {
        let history = program.wait_until_equal(&servers[0]).await;
        history.must_match(&mut servers[0].connect().await).await;
        assert!(history.forks >= FAILOVERS / 2, "{:?}: {} forks", program.habit, history.forks);
    }
}

/// A planned failover loses nothing, so nothing is taken back.
#[tokio::test]
async fn a_planned_failover_takes_nothing_back() {
    let mut servers = [Server::primary("").await, Server::primary("").await];
    servers[1].become_replica_of(&servers[0]).await;
    let address = Address::of(&servers[0]);
    servers[0].connect().await.seckill().create("sale", NewSale::new(1_000)).await.unwrap();
    let program = Program::start(&address, Habit::Steady);
    for _ in 0..5 {
        buy(&mut servers[0].connect().await, 0..20).await;
        swap_roles(&servers[0], &servers[1]).await;
        servers.swap(0, 1);
        address.lead_to(&servers[0]);
    }
    buy(&mut servers[0].connect().await, 0..20).await;
    let history = program.wait_until_equal(&servers[0]).await;
    assert_eq!(history.forks, 0);
    must_be_equal(&servers[1], &servers[0]).await;
}

/// The client knows the sentinel only.
#[tokio::test]
async fn a_feed_follows_the_sentinel_to_the_new_primary() {
    let mut primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let sentinel = Sentinel::watching(&primary).await;
    let client = Client::new(sentinel.connector(SentinelServerType::Master)).within(PATIENCE);
    let sale = client.sale("sale");
    sale.create(NewSale::new(10)).await.unwrap();
    assert!(sale.buy("ann").await.unwrap().is_accepted());
    replica.catch_up(&primary).await;
    let mut feed = sale.feed(Cursor::start());
    let mut history = History::of("sale");
    for _ in 0..2 {
        history.store(feed.next().await.unwrap().unwrap());
    }
    primary.kill();
    assert!(sale.buy("bob").await.unwrap().is_accepted());
    let item = timeout(PATIENCE, feed.next()).await.expect("the event of the new primary");
    history.store(item.unwrap().unwrap());
    history.must_match(&mut replica.connect().await).await;
    assert_eq!((history.forks, history.terms().len()), (0, 2));
}
