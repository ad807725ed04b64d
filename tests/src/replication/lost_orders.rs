//! Failovers that lose acknowledged orders: readers take back what was lost, and end with the orders of the
//! last primary.

use seckill_client::{After, Event, EventKind, Seckill, State};

use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// The reader's orders equal those of the server.
async fn must_have_the_same_orders(reader: &History, connection: &mut Connection) {
    reader.must_match(connection).await;
    for (id, known) in reader.ledger().orders {
        let order = connection.seckill().order("sale", &id).await.unwrap().unwrap();
        assert_eq!((known.buyer, known.qty, known.state), (order.buyer, order.qty, order.state), "{id}");
    }
}

/// A chain of servers, each a replica of the one before it.
struct Chain {
    servers: Vec<Server>,
    links: Vec<Proxy>,
}

impl Chain {
    async fn of(len: usize) -> Self {
        let mut chain = Self { servers: vec![Server::primary("").await], links: vec![] };
        while chain.servers.len() < len {
            let link = Proxy::to(&chain.servers[chain.servers.len() - 1]).await;
            chain.servers.push(Server::replica_of(link.port(), "").await);
            chain.links.push(link);
        }
        chain.catch_up().await;
        chain
    }

    async fn catch_up(&self) {
        for pair in self.servers.windows(2) {
            pair[1].catch_up(&pair[0]).await;
        }
    }

    async fn primary(&self) -> Connection {
        self.servers[0].connect().await
    }

    /// Stalls the link of the primary: what it acknowledges from now on will be lost.
    fn isolate_primary(&self) {
        self.links[0].stall();
    }

    /// Kills the primary, and promotes the next server.
    async fn fail_over(&mut self) {
        self.servers.remove(0).kill();
        self.servers[0].promote().await;
        self.links.remove(0);
        self.catch_up().await;
    }
}

/// What the first primary acknowledges and replicates.
const FIRST: &str = "
    SECKILL.CREATE sale STOCK 20 LIMIT 9 HOLD 600000 => OK
    SECKILL.BUY sale ann a1 QTY 2 => HELD
    SECKILL.BUY sale bob b1 => HELD
    SECKILL.BUY sale cat c1 QTY 3 => HELD
    SECKILL.CONFIRM sale a1 => SOLD
";
/// What it acknowledges and does not replicate.
const FIRST_LOST: &str = "
    SECKILL.CONFIRM sale b1 => SOLD
    SECKILL.CANCEL sale c1 => CANCELLED
    SECKILL.RESTOCK sale 30 ID more => 47
    SECKILL.BUY sale ann a2 QTY 5 => HELD
    SECKILL.BUY sale dan d1 => HELD
    SECKILL.CONFIRM sale d1 => SOLD
    SECKILL.ALTER sale HOLD 0 => OK
    SECKILL.BUY sale eve e1 QTY 9 => SOLD
    SECKILL.CANCEL sale a1 REFUND => CANCELLED
";
/// The lost orders take another course: a smaller order of Ann's, a confirmed hold of Bob's that runs out,
/// and a cancelled order of Cat's that is confirmed.
const SECOND: &str = "
    SECKILL.BUY sale ann a2 => HELD
    SECKILL.CONFIRM sale c1 => SOLD
    SECKILL.EXTEND sale b1 1 => HELD
";
const SECOND_LOST: &str = "
    SECKILL.CANCEL sale a2 => CANCELLED
    SECKILL.BUY sale bob b2 => HELD
";
const THIRD: &str = "
    SECKILL.RESTOCK sale 30 ID more => 44
    SECKILL.CONFIRM sale a2 => SOLD
    SECKILL.BUY sale eve e1 QTY 4 => HELD
    SECKILL.BUY sale dan d1 => HELD
    SECKILL.BUY sale bob b2 QTY 2 => HELD
    SECKILL.EXTEND sale b2 1 => HELD
";

#[tokio::test]
async fn readers_end_with_the_orders_of_the_last_primary() {
    let mut chain = Chain::of(3).await;
    let mut primary = chain.primary().await;
    // One reads everything, one misses the second epoch, one begins in it, and one reads only what was
    // replicated.
    let [mut eager, mut absent, mut late, mut careful] = [(); 4].map(|()| History::of("sale"));

    play(&mut primary, FIRST).await;
    chain.catch_up().await;
    careful.read_on(&mut primary).await;
    chain.isolate_primary();
    play(&mut primary, FIRST_LOST).await;
    for reader in [&mut eager, &mut absent] {
        reader.read_on(&mut primary).await;
        must_have_the_same_orders(reader, &mut primary).await;
    }

    chain.fail_over().await;
    primary = chain.primary().await;
    assert_eq!(primary.seckill().order("sale", "e1").await, Ok(None));
    play(&mut primary, SECOND).await;
    wait_until_expired(&mut primary, "b1").await;
    chain.catch_up().await;
    for reader in [&mut eager, &mut late, &mut careful] {
        reader.read_on(&mut primary).await;
        must_have_the_same_orders(reader, &mut primary).await;
    }
    chain.isolate_primary();
    play(&mut primary, SECOND_LOST).await;
    for reader in [&mut eager, &mut late] {
        reader.read_on(&mut primary).await;
        must_have_the_same_orders(reader, &mut primary).await;
    }

    chain.fail_over().await;
    primary = chain.primary().await;
    assert_eq!(primary.seckill().order("sale", "b2").await, Ok(None));
    play(&mut primary, THIRD).await;
    wait_until_expired(&mut primary, "b2").await;
    for reader in [&mut eager, &mut absent, &mut late, &mut careful] {
        reader.read_on(&mut primary).await;
        must_have_the_same_orders(reader, &mut primary).await;
    }
    primary.seckill().audit("sale").await.unwrap();
    assert!(eager.forks >= 2 && absent.forks >= 1 && late.forks >= 1);
    assert_eq!(careful.forks, 0, "nothing that it read was lost");
}

/// Waits for the event of a hold that ran out. ORDER shows it as expired earlier.
async fn wait_until_expired(primary: &mut Connection, order: &str) {
    wait_until("the hold runs out", async || {
        let events = primary.seckill().events("sale", After::seq(0)).await.unwrap();
        events.iter().any(|event| is_of(event, order, &State::Expired))
    })
    .await;
}

fn is_of(event: &Event, id: &str, wanted: &State) -> bool {
    matches!(&event.kind, EventKind::Order { state, order, .. } if state == wanted && order == id.as_bytes())
}
