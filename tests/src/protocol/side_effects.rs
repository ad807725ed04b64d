//! A change is replicated, saved, and reported to watchers and listeners. A refusal has no such effect.

use crate::harness::info::stat;
use crate::harness::listener::Listener;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, lines, play};

/// Everything that can show a change: the replication offset, the count of unsaved changes, the digest, INFO,
/// WATCH, client-side caches and keyspace events.
struct Observers {
    server: Server,
    _replica: Server,
    actor: Connection,
    watcher: Connection,
    listener: Listener,
    /// The keys and how to read each.
    keys: &'static [(&'static str, &'static str)],
}

impl Observers {
    async fn of(setup: &str, keys: &'static [(&'static str, &'static str)]) -> Self {
        // Pings are replication traffic, too.
        let server = Server::primary("repl-ping-replica-period 3600\nnotify-keyspace-events KEAd").await;
        let replica = server.replica("").await;
        let mut actor = server.connect().await;
        play(&mut actor, setup).await;
        let watcher = server.connect().await;
        let mut listener = Listener::on(&server).await;
        listener.track().await;
        listener.subscribe().await;
        Self { server, _replica: replica, actor, watcher, listener, keys }
    }

    /// Sends a command. Returns its reply and the effects that were observed.
    async fn observe(&mut self, line: &str) -> (String, Vec<String>) {
        for (key, read) in self.keys {
            ask(&mut self.listener.connection, read).await;
            assert_eq!(ask(&mut self.watcher, &format!("WATCH {key}")).await, "OK");
        }
        let before = self.state().await;
        let reply = ask(&mut self.actor, line).await;
        let after = self.state().await;
        let mut observed: Vec<String> = before
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after)
            .map(|((what, _), _)| (*what).to_owned())
            .collect();
        play(&mut self.watcher, "MULTI => OK\nPING => QUEUED").await;
        if ask(&mut self.watcher, "EXEC").await == "nil" {
            observed.push("watch".to_owned());
        }
        // Pushes before this one were caused by the command.
        play(&mut self.watcher, "SET marker x => OK").await;
        let mut pushes = self.listener.until("set marker").await;
        pushes.sort();
        observed.extend(pushes);
        (reply, observed)
    }

    async fn state(&mut self) -> [(&'static str, String); 4] {
        let mut connection = self.server.connect().await;
        let mut figures = String::new();
        for (_, read) in self.keys.iter().filter(|(_, read)| read.starts_with("SECKILL.INFO")) {
            figures += &ask(&mut connection, read).await;
        }
        [
            ("replicated", stat(&mut connection, "replication", "master_repl_offset").await),
            ("dirty", stat(&mut connection, "persistence", "rdb_changes_since_last_save").await),
            ("digest", ask(&mut connection, "DEBUG DIGEST").await),
            ("figures", figures),
        ]
    }
}

#[tokio::test]
async fn a_refusal_has_no_effect() {
    let setup = "
        SECKILL.CREATE sale STOCK 3 LIMIT 2 => OK
        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.BUY sale bob o2 => SOLD
        SECKILL.CANCEL sale o2 REFUND => CANCELLED
        SECKILL.RESTOCK sale 1 ID r1 => 3
        SECKILL.CREATE soon STOCK 1 OPENS 9007199254740991 => OK
        SECKILL.CREATE over STOCK 1 CLOSES 1000000000001 => OK
        SECKILL.CREATE gone STOCK 1 HOLD 60000 => OK
        SECKILL.BUY gone ann o1 => HELD
        SECKILL.CREATE few STOCK 1 => OK
        SECKILL.CREATE once STOCK 9 ATTEMPTS 1 => OK
        SECKILL.BUY once ann o1 => SOLD
        SECKILL.LOCK lock ann 60000 => <us>
        CONFIG SET seckill.max-orders 2 seckill.max-events 2 => OK
    ";
    let keys = &[
        ("sale", "SECKILL.INFO sale"),
        ("once", "SECKILL.INFO once"),
        ("soon", "SECKILL.INFO soon"),
        ("over", "SECKILL.INFO over"),
        ("gone", "SECKILL.INFO gone"),
        ("few", "SECKILL.INFO few"),
        ("lock", "GET lock"),
        ("none", "GET none"),
    ];
    let refusals = "
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.LOCK sale bob 60000 => -WRONGTYPE Operation against a key holding the wrong kind of value
        SECKILL.UNLOCK lock bob => 0
        SECKILL.UNLOCK none bob => 0
        SECKILL.RENEW lock bob 60000 => 0
        SECKILL.RENEW none bob 60000 => 0

        SECKILL.CREATE sale STOCK 3 LIMIT 2 => OK
        SECKILL.CREATE sale STOCK 3 => -BUSYKEY a sale created with STOCK 3 LIMIT 2 exists here; LIMIT differs
        SECKILL.CREATE lock STOCK 3 => -BUSYKEY the key holds no sale, but a string
        SECKILL.CREATE none STOCK 3 OPENS 1000000000001 CLOSES 1000000000001 => -ERR CLOSES must be after OPENS
        SECKILL.ALTER sale LIMIT 2 HOLD 0 => OK
        SECKILL.ALTER sale STOCK 1 => -ERR SECKILL.ALTER has no keyword 'STOCK': SECKILL.RESTOCK changes the stock
        SECKILL.ALTER none LIMIT 2 => -NOSALE no sale at this key
        SECKILL.RESTOCK sale 1 ID r1 => 3
        SECKILL.RESTOCK sale 2 ID r1 => -MISMATCH the id exists with another delta
        SECKILL.RESTOCK sale 0 ID r1 => -MISMATCH the id exists with another delta
        SECKILL.RESTOCK sale -4 => -NOSTOCK more would be taken than is available: 3
        SECKILL.RESTOCK sale -4 ID r2 => -NOSTOCK more would be taken than is available: 3

        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.BUY sale bob o2 => CANCELLED
        SECKILL.BUY gone ann o1 => HELD
        SECKILL.BUY sale ann o1 QTY 2 => -MISMATCH the order exists with another buyer or quantity
        SECKILL.BUY sale eve o3 LOCK lock eve RELEASE => LOCKLOST
        SECKILL.BUY sale eve o3 LOCK none eve RELEASE => LOCKLOST
        SECKILL.BUY sale ann o1 LOCK lock eve RELEASE => SOLD
        SECKILL.BUY soon eve o3 => UPCOMING
        SECKILL.BUY over eve o3 => CLOSED
        SECKILL.BUY sale ann o3 QTY 2 => LIMIT
        SECKILL.BUY gone eve o3 => SOLDOUT
        SECKILL.BUY few eve o3 QTY 2 => SHORT
        SECKILL.BUY few eve o3 LOCK lock ann QTY 2 => SHORT
        SECKILL.BUY none eve o3 LOCK lock ann RELEASE => -NOSALE no sale at this key
        SECKILL.BUY lock eve o3 LOCK lock ann RELEASE => -WRONGTYPE Operation against a key holding the wrong kind of value
        SECKILL.BUY sale eve o3 QTY 0 => -ERR QTY must be an integer between 1 and 4294967295
        SECKILL.BUY once ann o3 => ATTEMPTS
        SECKILL.ALTER sale LIMIT 1 => -FULL the sale has 5 events, the most that seckill.max-events allows
        SECKILL.RESTOCK sale 1 => -FULL the sale has 5 events, the most that seckill.max-events allows
        SECKILL.EXTEND gone o1 70000 => -FULL the sale has 2 events, the most that seckill.max-events allows
        SECKILL.BUY sale eve o3 => -FULL the sale has 2 orders, the most that seckill.max-orders allows

        SECKILL.BUYALL 2 sale few ann o1 => -MISMATCH sale 2 of 2: it lacks the order, which other sales have
        SECKILL.BUYALL 2 few gone eve o3 => [FREE SOLDOUT]
        SECKILL.BUYALL 2 few sale eve o3 LOCK lock eve RELEASE => [LOCKLOST LOCKLOST]
        SECKILL.BUYALL 2 few none eve o3 => -NOSALE sale 2 of 2: no sale at this key
        SECKILL.BUYALL 2 few lock eve o3 => -WRONGTYPE Operation against a key holding the wrong kind of value
        SECKILL.BUYALL 2 few few eve o3 => -ERR a sale is given twice; name each of them once, and give it its QTY
        SECKILL.BUYALL 2 few sale eve o3 QTY 1 1 1 => -ERR QTY needs one value for all sales, or 2, one for each of them

        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.CONFIRM sale o2 => CANCELLED
        SECKILL.CONFIRM sale o3 => -NOORDER no such order in this sale
        SECKILL.EXTEND sale o1 60000 => SOLD
        SECKILL.EXTEND sale o2 60000 => CANCELLED
        SECKILL.EXTEND sale o3 60000 => -NOORDER no such order in this sale
        SECKILL.CANCEL sale o1 => SOLD
        SECKILL.CANCEL sale o2 => CANCELLED
        SECKILL.CANCEL sale o2 REFUND => CANCELLED
        SECKILL.CANCEL sale o3 REFUND => -NOORDER no such order in this sale
    ";
    let mut observers = Observers::of(setup, keys).await;
    for (line, reply) in lines(refusals) {
        assert_eq!(observers.observe(line).await, (reply.to_owned(), vec![]), "{line}");
    }
    let others = [
        "SECKILL.ORDER gone o1",
        "SECKILL.BUYER sale ann",
        "SECKILL.EVENTS sale 0",
        "SECKILL.INFO sale",
        "SECKILL.AUDIT sale",
        "SECKILL.WAITERS lock",
        "SECKILL.APPLY sale x",
        "SECKILL.GRANT none bob 9007199254740991 1",
        "SECKILL.FENCE 1",
    ];
    for line in others {
        assert_eq!(observers.observe(line).await.1, [""; 0], "{line}");
    }
}

#[tokio::test]
async fn a_change_is_visible_to_all() {
    let keys = &[("sale", "SECKILL.INFO sale"), ("lock", "GET lock")];
    let mut observers = Observers::of("", keys).await;

    // The digest of a key shows that it has a lease, not which.
    let lock = ["replicated", "dirty", "digest", "watch", "invalidate lock", "seckill.lock lock"];
    let again = ["replicated", "dirty", "watch", "invalidate lock", "seckill.lock lock"];
    let renew = ["replicated", "dirty", "watch", "invalidate lock", "seckill.renew lock"];
    let unlock =
        ["replicated", "dirty", "digest", "watch", "del lock", "invalidate lock", "seckill.unlock lock"];
    for (line, reply, expected) in [
        ("SECKILL.LOCK lock ann 60000", "<us>", &lock[..]),
        ("SECKILL.LOCK lock ann 60000", "<us>", &again),
        ("SECKILL.RENEW lock ann 70000", "1", &renew),
        ("SECKILL.UNLOCK lock ann", "1", &unlock),
    ] {
        let (got, observed) = observers.observe(line).await;
        assert_eq!((&*got, observed), (reply, expected.iter().map(ToString::to_string).collect()), "{line}");
    }

    let changes = [
        ("SECKILL.CREATE sale STOCK 9 HOLD 60000", "OK", "seckill.create"),
        ("SECKILL.ALTER sale LIMIT 9", "OK", "seckill.alter"),
        ("SECKILL.RESTOCK sale 1", "10", "seckill.restock"),
        ("SECKILL.RESTOCK sale -1 ID r1", "9", "seckill.restock"),
        ("SECKILL.RESTOCK sale 0 ID r2", "9", "seckill.restock"),
        ("SECKILL.BUY sale ann o1", "HELD", "seckill.buy"),
        ("SECKILL.BUY sale ann o2", "HELD", "seckill.buy"),
        ("SECKILL.EXTEND sale o1 70000", "HELD", "seckill.extend"),
        ("SECKILL.CONFIRM sale o1", "SOLD", "seckill.confirm"),
        ("SECKILL.CANCEL sale o1 REFUND", "CANCELLED", "seckill.cancel"),
        ("SECKILL.CANCEL sale o2", "CANCELLED", "seckill.cancel"),
    ];
    for (line, reply, event) in changes {
        let event = format!("{event} sale");
        let expected = ["replicated", "dirty", "digest", "figures", "watch", "invalidate sale", &event];
        let (got, observed) = observers.observe(line).await;
        assert_eq!((&*got, observed), (reply, expected.map(str::to_owned).to_vec()), "{line}");
    }
}

/// Clients can cache every read of a sale.
#[tokio::test]
async fn every_read_asks_for_an_invalidation() {
    let server = Server::with("notify-keyspace-events Ed").await;
    let mut listener = Listener::on(&server).await;
    listener.track().await;
    listener.subscribe().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 9 => OK\nSECKILL.BUY sale ann first => SOLD").await;
    listener.until("seckill.buy sale").await;
    for read in ["ORDER sale first", "BUYER sale ann", "EVENTS sale 0", "INFO sale", "AUDIT sale"] {
        ask(&mut listener.connection, &format!("SECKILL.{read}")).await;
        play(&mut connection, &format!("SECKILL.BUY sale ann {} => SOLD", &read[..2])).await;
        assert_eq!(listener.until("seckill.buy sale").await, ["invalidate sale"], "{read}");
    }
}

/// A refused purchase with RELEASE changes the lock, and nothing else.
#[tokio::test]
async fn a_lock_released_with_a_refusal_is_all_that_changes() {
    let setup = "SECKILL.CREATE sale STOCK 0 => OK\nSECKILL.LOCK lock ann 60000 => <us>";
    let keys = &[("sale", "SECKILL.INFO sale"), ("lock", "GET lock")];
    let mut observers = Observers::of(setup, keys).await;
    let (reply, observed) = observers.observe("SECKILL.BUY sale ann o1 LOCK lock ann RELEASE").await;
    assert_eq!(reply, "SOLDOUT");
    let unlock =
        ["replicated", "dirty", "digest", "watch", "del lock", "invalidate lock", "seckill.unlock lock"];
    assert_eq!(observed, unlock);
}
