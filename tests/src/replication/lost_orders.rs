//! Failovers that lose orders which the shop had promised: readers take back what was lost, and end with the
//! orders that the last primary has.

use seckill_client::{After, Event, EventKind, Seckill, State};

use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::proxy::Proxy;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// The orders that a reader knows are those of the server, each of them the same.
async fn has_the_same_orders(reader: &History, connection: &mut Connection) {
    reader.agrees_with(connection).await;
    for (id, told) in reader.books().orders {
        let order = connection.order("sale", &id).await.unwrap().unwrap();
        assert_eq!((told.buyer, told.qty, told.state), (order.buyer, order.qty, order.state), "{id}");
    }
}

/// Servers in a row, each a replica of the one before it.
struct Row {
    servers: Vec<Server>,
    links: Vec<Proxy>,
}

impl Row {
    async fn of(len: usize) -> Self {
        let mut row = Self { servers: vec![Server::primary("").await], links: vec![] };
        while row.servers.len() < len {
            let link = Proxy::to(&row.servers[row.servers.len() - 1]).await;
            row.servers.push(Server::replica_of(link.port(), "").await);
            row.links.push(link);
        }
        row.catch_up().await;
        row
    }

    async fn catch_up(&self) {
        for pair in self.servers.windows(2) {
            pair[1].catch_up(&pair[0]).await;
        }
    }

    async fn primary(&self) -> Connection {
        self.servers[0].connect().await
    }

    /// The first goes on alone: nothing that is promised from now on will be known.
    fn lose(&self) {
        self.links[0].stall();
    }

    /// The first is lost, and the second takes its place.
    async fn fail_over(&mut self) {
        self.servers.remove(0).kill();
        self.servers[0].promote().await;
        self.links.remove(0);
        self.catch_up().await;
    }
}

/// What the first primary promises, and its successor knows.
const FIRST: &str = "
    SECKILL.CREATE sale STOCK 20 LIMIT 9 HOLD 600000 => OK
    SECKILL.BUY sale ann a1 QTY 2 => HELD
    SECKILL.BUY sale bob b1 => HELD
    SECKILL.BUY sale cat c1 QTY 3 => HELD
    SECKILL.CONFIRM sale a1 => SOLD
";
/// What its successor does not know.
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
/// Ann asks for her order again, and wants less; what Bob had confirmed runs out, and what Cat had cancelled
/// she confirms.
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
    let mut row = Row::of(3).await;
    let mut primary = row.primary().await;
    // One reads whatever is promised, one sleeps through the second reign, one comes with it, and one reads
    // only what is safe.
    let [mut eager, mut sleepy, mut young, mut careful] = [(); 4].map(|()| History::of("sale"));

    play(&mut primary, FIRST).await;
    row.catch_up().await;
    careful.read_on(&mut primary).await;
    row.lose();
    play(&mut primary, FIRST_LOST).await;
    for reader in [&mut eager, &mut sleepy] {
        reader.read_on(&mut primary).await;
        has_the_same_orders(reader, &mut primary).await;
    }

    row.fail_over().await;
    primary = row.primary().await;
    assert_eq!(primary.order("sale", "e1").await, Ok(None));
    play(&mut primary, SECOND).await;
    until_it_expires(&mut primary, "b1").await;
    row.catch_up().await;
    for reader in [&mut eager, &mut young, &mut careful] {
        reader.read_on(&mut primary).await;
        has_the_same_orders(reader, &mut primary).await;
    }
    row.lose();
    play(&mut primary, SECOND_LOST).await;
    for reader in [&mut eager, &mut young] {
        reader.read_on(&mut primary).await;
        has_the_same_orders(reader, &mut primary).await;
    }

    row.fail_over().await;
    primary = row.primary().await;
    assert_eq!(primary.order("sale", "b2").await, Ok(None));
    play(&mut primary, THIRD).await;
    until_it_expires(&mut primary, "b2").await;
    for reader in [&mut eager, &mut sleepy, &mut young, &mut careful] {
        reader.read_on(&mut primary).await;
        has_the_same_orders(reader, &mut primary).await;
    }
    primary.audit("sale").await.unwrap();
    assert!(eager.forks >= 2 && sleepy.forks >= 1 && young.forks >= 1);
    assert_eq!(careful.forks, 0, "nothing that it read was lost");
}

/// Waits until a hold has run out in the figures, not just in what ORDER shows.
async fn until_it_expires(primary: &mut Connection, order: &str) {
    wait_until("the hold runs out", async || {
        let events = primary.events("sale", After::seq(0)).await.unwrap();
        events.iter().any(|event| is_of(event, order, State::Expired))
    })
    .await;
}

fn is_of(event: &Event, id: &str, wanted: State) -> bool {
    matches!(&event.kind, EventKind::Order { state, order, .. } if *state == wanted && order == id.as_bytes())
}
