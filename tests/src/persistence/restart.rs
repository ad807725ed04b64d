//! Restarts after a crash: from an RDB file, from an AOF, and from a rewritten AOF.

use seckill_client::{After, Bought, Buy, EventKind, NewSale, Seckill, State};

use crate::harness::conditions::wait_until_none_held;
use crate::harness::copies::must_be_equal;
use crate::harness::dump::restore_command;
use crate::harness::persistence::{STORAGES, Storage, wait_until_rewritten};
use crate::harness::sample::{figures, read_sample, write_sample};
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

/// After a restart all data is as before, and decisions continue.
async fn survives(storage: Storage) {
    let mut server = Server::with(storage.config()).await;
    let mut connection = server.connect().await;
    write_sample(&mut connection).await;
    play(&mut connection, "SECKILL.RESTOCK sale 0 ID void => 0").await;
    let before = read_sample(&mut connection).await;
    let last = figures(&mut connection, "sale").await;
    storage.save(&mut connection).await;

    server.restart().await;
    let mut connection = server.connect().await;
    for (before, after) in before.iter().zip(read_sample(&mut connection).await) {
        assert_eq!(after, *before);
    }

    let session = "
        SECKILL.BUY sale ann held QTY 3 => HELD
        SECKILL.BUY sale bob cancelled => CANCELLED
        SECKILL.RESTOCK sale 5 ID r1 => 0
        SECKILL.RESTOCK sale 0 ID void => 0
        SECKILL.RESTOCK sale 5 ID void => -MISMATCH the id exists with another delta
        SECKILL.CREATE sale STOCK 50 LIMIT 40 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => OK
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.UNLOCK lock ann => 1
    ";
    play(&mut connection, session).await;
    assert_eq!(figures(&mut connection, "sale").await, last, "none of this was a decision");
    assert_eq!(connection.seckill().confirm("sale", "held").await, Ok(State::Sold));
    let now = connection.seckill().info("sale").await.unwrap();
    assert_eq!((now.seq, now.sold), (last.seq + 1, last.sold + 3));
    assert!(now.term > last.term, "the first decision after a restart begins a term");
    connection.seckill().audit("sale").await.unwrap();

    // What was decided after a restart survives the next.
    storage.save(&mut connection).await;
    let before = read_sample(&mut connection).await;
    server.restart().await;
    assert_eq!(read_sample(&mut server.connect().await).await, before);
}

#[tokio::test]
async fn from_an_rdb_file() {
    survives(Storage::Rdb).await;
}

#[tokio::test]
async fn from_an_aof() {
    survives(Storage::Aof { preamble: true, rewritten: false }).await;
}

#[tokio::test]
async fn from_a_rewritten_aof() {
    survives(Storage::Aof { preamble: true, rewritten: true }).await;
}

#[tokio::test]
async fn from_a_plain_aof() {
    survives(Storage::Aof { preamble: false, rewritten: false }).await;
}

#[tokio::test]
async fn from_a_rewritten_plain_aof() {
    survives(Storage::Aof { preamble: false, rewritten: true }).await;
}

#[tokio::test]
async fn holds_fall_due_after_a_restart() {
    for storage in STORAGES {
        let mut server = Server::with(storage.config()).await;
        let mut connection = server.connect().await;
        connection
            .seckill()
            .create("sale", NewSale::new(1).hold(std::time::Duration::from_millis(300)))
            .await
            .unwrap();
        let bought = connection.seckill().buy("sale", Buy::new("ann", "o1")).await;
        assert_eq!(bought, Ok(Bought::Order(State::Held)));
        storage.save(&mut connection).await;

        server.restart().await;
        let mut connection = server.connect().await;
        wait_until_none_held(&mut connection, "sale").await;
        let events = connection.seckill().events("sale", After::seq(2)).await.unwrap();
        let [expired] = &events[..] else { panic!("{events:?}") };
        assert!(matches!(expired.kind, EventKind::Order { state: State::Expired, .. }));
        connection.seckill().audit("sale").await.unwrap();
    }
}

/// A replica that is restarted without its primary loads its own files, and may take over.
#[tokio::test]
async fn of_a_replica_whose_primary_is_gone() {
    for storage in STORAGES {
        let mut primary = Server::primary("").await;
        let mut replica = primary.replica(storage.config()).await;
        let mut connection = replica.connect().await;
        // The AOF of a replica begins with the snapshot of its full resync.
        wait_until_rewritten(&mut connection).await;
        write_sample(&mut primary.connect().await).await;
        must_be_equal(&replica, &primary).await;
        let before = read_sample(&mut connection).await;
        storage.save(&mut connection).await;
        primary.kill();

        replica.restart().await;
        let mut connection = replica.connect().await;
        for (before, after) in before.iter().zip(read_sample(&mut connection).await) {
            assert_eq!(after, *before);
        }
        let last = connection.seckill().info("sale").await.unwrap();
        replica.promote().await;
        assert_eq!(connection.seckill().confirm("sale", "held").await, Ok(State::Sold));
        let now = connection.seckill().info("sale").await.unwrap();
        assert!(now.seq == last.seq + 1 && now.term > last.term, "{now:?} after {last:?}");
        play(&mut connection, "SECKILL.AUDIT sale => OK\nSECKILL.UNLOCK lock ann => 1").await;
    }
}

/// A copy and a restored dump equal the original until their first decision, which begins a term.
#[tokio::test]
async fn copies_are_equal_until_they_decide() {
    let server = Server::primary("").await;
    let replica = server.replica("").await;
    let mut connection = server.connect().await;
    write_sample(&mut connection).await;
    play(&mut connection, "COPY sale copy => 1").await;
    let dump: Vec<u8> = redis::cmd("DUMP").arg("sale").query_async(&mut connection).await.unwrap();
    restore_command("restored", &dump).exec_async(&mut connection).await.unwrap();

    let original = figures(&mut connection, "sale").await;
    let digest = ask(&mut connection, "DEBUG DIGEST-VALUE sale").await;
    let mut terms = vec![original.term];
    for copy in ["copy", "restored"] {
        assert_eq!(ask(&mut connection, &format!("DEBUG DIGEST-VALUE {copy}")).await, digest);
        assert_eq!(figures(&mut connection, copy).await, original);
        assert_eq!(connection.seckill().confirm(copy, "held").await, Ok(State::Sold));
        assert_ne!(ask(&mut connection, &format!("DEBUG DIGEST-VALUE {copy}")).await, digest);
        terms.push(connection.seckill().info(copy).await.unwrap().term);
        connection.seckill().audit(copy).await.unwrap();
    }
    assert!(terms.is_sorted_by(|earlier, later| earlier < later), "{terms:?}");
    assert_eq!(figures(&mut connection, "sale").await, original);
    replica.catch_up(&server).await;
    let digest = ask(&mut connection, "DEBUG DIGEST").await;
    assert_eq!(ask(&mut replica.connect().await, "DEBUG DIGEST").await, digest);
}
