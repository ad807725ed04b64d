//! A crash and a restart: from an RDB file, from an AOF, and from a rewritten one.

use redis::Value;
use seckill_client::{After, Bought, Buy, EventKind, Sale, Seckill, State};

use crate::replication::are_equal;
use crate::server::{Connection, Server, stat, wait_until};
use crate::talk::{ask, play, reply};

/// Sales with everything that can happen in them, and a lock.
const HISTORY: &str = r#"
    SECKILL.CREATE sale STOCK 50 LIMIT 40 HOLD 60000 OPENS 1 CLOSES 9007199254740991 => OK
    SECKILL.BUY sale ann sold QTY 2 => HELD
    SECKILL.BUY sale ann held QTY 3 => HELD
    SECKILL.BUY sale bob extended => HELD
    SECKILL.BUY sale bob cancelled => HELD
    SECKILL.BUY sale cat refunded => HELD
    SECKILL.CONFIRM sale sold => SOLD
    SECKILL.EXTEND sale extended 90000 => HELD
    SECKILL.CANCEL sale cancelled => CANCELLED
    SECKILL.CONFIRM sale refunded => SOLD
    SECKILL.CANCEL sale refunded REFUND => CANCELLED
    SECKILL.ALTER sale HOLD 1 => OK
    SECKILL.BUY sale dan expired => HELD
    DEBUG SLEEP 0.01 => OK
    SECKILL.CONFIRM sale expired => EXPIRED
    SECKILL.RESTOCK sale 5 ID r1 => 49
    SECKILL.RESTOCK sale -9 => 40
    SECKILL.ALTER sale HOLD 9007199254740991 OPENS 0 => OK
    SECKILL.BUY sale "\x00\xff" "01234567-89ab-cdef-0123-456789ABCDEF" QTY 40 => HELD
    SECKILL.ALTER sale HOLD 0 CLOSES 0 => OK

    SECKILL.CREATE empty STOCK 9007199254740991 => OK
    SECKILL.LOCK lock ann 600000 => <us>
    SELECT 1 => OK
    SECKILL.CREATE sale STOCK 1 => OK
    SELECT 0 => OK
"#;

/// Whatever can be read of them.
const READ: [&str; 16] = [
    "DEBUG DIGEST",
    "SECKILL.EVENTS sale 0 COUNT 10000",
    "SECKILL.INFO sale",
    "SECKILL.ORDER sale sold",
    "SECKILL.ORDER sale held",
    "SECKILL.ORDER sale extended",
    "SECKILL.ORDER sale cancelled",
    "SECKILL.ORDER sale refunded",
    "SECKILL.ORDER sale expired",
    "SECKILL.BUYER sale ann",
    "SECKILL.AUDIT sale",
    "SECKILL.EVENTS empty 0",
    "SECKILL.INFO many",
    "SECKILL.EVENTS many 9000 COUNT 10000",
    "GET lock",
    "PEXPIRETIME lock",
];

/// How many orders `many` has: enough to be written in more than one piece.
const MANY: usize = 15_000;

pub(crate) async fn write_history(connection: &mut Connection) {
    play(connection, HISTORY).await;
    connection.create("many", Sale::new(MANY as u64)).await.unwrap();
    let mut pipe = redis::pipe();
    for number in 0..MANY {
        pipe.cmd("SECKILL.BUY").arg("many").arg(number % 1000).arg(format!("{number:0100}"));
    }
    pipe.exec_async(connection).await.unwrap();
}

pub(crate) async fn read_history(connection: &mut Connection) -> Vec<(&'static str, Value)> {
    let mut all = vec![];
    for line in READ {
        all.push((line, reply(connection, line).await));
    }
    all
}

pub(crate) async fn rewrite(connection: &mut Connection) {
    ask(connection, "BGREWRITEAOF").await;
    is_rewritten(connection).await;
}

/// Waits until no rewrite of the AOF is under way.
pub(crate) async fn is_rewritten(connection: &mut Connection) {
    wait_until("the AOF is rewritten", async || {
        stat(connection, "persistence", "aof_rewrite_in_progress").await == "0"
            && stat(connection, "persistence", "aof_rewrite_scheduled").await == "0"
    })
    .await;
    assert_eq!(stat(connection, "persistence", "aof_last_bgrewrite_status").await, "ok");
}

/// What a server starts from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Rdb,
    Aof { preamble: bool, rewritten: bool },
}

pub(crate) const WAYS: [Way; 5] = [
    Way::Rdb,
    Way::Aof { preamble: true, rewritten: false },
    Way::Aof { preamble: true, rewritten: true },
    Way::Aof { preamble: false, rewritten: false },
    Way::Aof { preamble: false, rewritten: true },
];

impl Way {
    pub(crate) fn config(self) -> &'static str {
        match self {
            Self::Rdb => "",
            Self::Aof { preamble: true, .. } => "appendonly yes\nappendfsync always",
            Self::Aof { preamble: false, .. } => {
                "appendonly yes\nappendfsync always\naof-use-rdb-preamble no"
            }
        }
    }

    pub(crate) async fn save(self, connection: &mut Connection) {
        match self {
            Self::Rdb => play(connection, "SAVE => OK").await,
            Self::Aof { rewritten: true, .. } => rewrite(connection).await,
            Self::Aof { rewritten: false, .. } => {}
        }
    }
}

/// All is read as before, and goes on where it stood.
async fn survives(way: Way) {
    let mut server = Server::with(way.config()).await;
    let mut connection = server.connect().await;
    write_history(&mut connection).await;
    let before = read_history(&mut connection).await;
    let last = connection.info("sale").await.unwrap();
    way.save(&mut connection).await;

    server.restart().await;
    let mut connection = server.connect().await;
    for (before, after) in before.iter().zip(read_history(&mut connection).await) {
        assert_eq!(after, *before);
    }

    let session = "
        SECKILL.BUY sale ann held QTY 3 => HELD
        SECKILL.BUY sale bob cancelled => CANCELLED
        SECKILL.RESTOCK sale 5 ID r1 => 0
        SECKILL.CREATE sale STOCK 50 LIMIT 40 HOLD 60000 OPENS 1 CLOSES 9007199254740991 => OK
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.UNLOCK lock ann => 1
    ";
    play(&mut connection, session).await;
    assert_eq!(connection.info("sale").await.unwrap(), last, "none of this was a decision");
    assert_eq!(connection.confirm("sale", "held").await, Ok(State::Sold));
    let now = connection.info("sale").await.unwrap();
    assert_eq!((now.seq, now.sold), (last.seq + 1, last.sold + 3));
    assert!(now.term > last.term, "the first decision after a restart begins a term");
    connection.audit("sale").await.unwrap();

    // What was decided after a restart survives the next.
    way.save(&mut connection).await;
    let before = read_history(&mut connection).await;
    server.restart().await;
    assert_eq!(read_history(&mut server.connect().await).await, before);
}

#[tokio::test]
async fn from_an_rdb_file() {
    survives(Way::Rdb).await;
}

#[tokio::test]
async fn from_an_aof() {
    survives(Way::Aof { preamble: true, rewritten: false }).await;
}

#[tokio::test]
async fn from_a_rewritten_aof() {
    survives(Way::Aof { preamble: true, rewritten: true }).await;
}

#[tokio::test]
async fn from_a_plain_aof() {
    survives(Way::Aof { preamble: false, rewritten: false }).await;
}

#[tokio::test]
async fn from_a_rewritten_plain_aof() {
    survives(Way::Aof { preamble: false, rewritten: true }).await;
}

#[tokio::test]
async fn holds_fall_due_after_a_restart() {
    for way in WAYS {
        let mut server = Server::with(way.config()).await;
        let mut connection = server.connect().await;
        connection.create("sale", Sale::new(1).hold(std::time::Duration::from_millis(300))).await.unwrap();
        let bought = connection.buy("sale", Buy::new("ann", "o1")).await;
        assert_eq!(bought, Ok(Bought::Order(State::Held)));
        way.save(&mut connection).await;

        server.restart().await;
        let mut connection = server.connect().await;
        wait_until("the hold runs out", async || connection.info("sale").await.unwrap().held == 0).await;
        let events = connection.events("sale", After::seq(2)).await.unwrap();
        let [expired] = &events[..] else { panic!("{events:?}") };
        assert!(matches!(expired.kind, EventKind::Order { state: State::Expired, .. }));
        connection.audit("sale").await.unwrap();
    }
}

/// A replica that is started alone has what its own files tell, and may take over.
#[tokio::test]
async fn of_a_replica_whose_primary_is_gone() {
    for way in WAYS {
        let mut primary = Server::primary("").await;
        let mut replica = primary.replica(way.config()).await;
        let mut connection = replica.connect().await;
        // A replica begins its AOF with what it was sent first.
        is_rewritten(&mut connection).await;
        write_history(&mut primary.connect().await).await;
        are_equal(&replica, &primary).await;
        let before = read_history(&mut connection).await;
        way.save(&mut connection).await;
        primary.kill();

        replica.restart().await;
        let mut connection = replica.connect().await;
        for (before, after) in before.iter().zip(read_history(&mut connection).await) {
            assert_eq!(after, *before);
        }
        let last = connection.info("sale").await.unwrap();
        replica.promote().await;
        assert_eq!(connection.confirm("sale", "held").await, Ok(State::Sold));
        let now = connection.info("sale").await.unwrap();
        assert!(now.seq == last.seq + 1 && now.term > last.term, "{now:?} after {last:?}");
        play(&mut connection, "SECKILL.AUDIT sale => OK\nSECKILL.UNLOCK lock ann => 1").await;
    }
}

/// A copy and a restored dump are the same sale, until something is decided: then each has its own term.
#[tokio::test]
async fn copies_are_alike_until_they_decide() {
    let server = Server::primary("").await;
    let replica = server.replica("").await;
    let mut connection = server.connect().await;
    write_history(&mut connection).await;
    play(&mut connection, "COPY sale copy => 1").await;
    let dump: Vec<u8> = redis::cmd("DUMP").arg("sale").query_async(&mut connection).await.unwrap();
    redis::cmd("RESTORE").arg("restored").arg(0).arg(dump).exec_async(&mut connection).await.unwrap();

    let original = connection.info("sale").await.unwrap();
    let digest = ask(&mut connection, "DEBUG DIGEST-VALUE sale").await;
    let mut terms = vec![original.term];
    for copy in ["copy", "restored"] {
        assert_eq!(ask(&mut connection, &format!("DEBUG DIGEST-VALUE {copy}")).await, digest);
        assert_eq!(connection.info(copy).await.unwrap(), original);
        assert_eq!(connection.confirm(copy, "held").await, Ok(State::Sold));
        assert_ne!(ask(&mut connection, &format!("DEBUG DIGEST-VALUE {copy}")).await, digest);
        terms.push(connection.info(copy).await.unwrap().term);
        connection.audit(copy).await.unwrap();
    }
    assert!(terms.is_sorted_by(|earlier, later| earlier < later), "{terms:?}");
    assert_eq!(connection.info("sale").await.unwrap(), original);
    replica.catch_up(&server).await;
    let digest = ask(&mut connection, "DEBUG DIGEST").await;
    assert_eq!(ask(&mut replica.connect().await, "DEBUG DIGEST").await, digest);
}
