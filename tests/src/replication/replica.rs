//! Replicas have the data of their primary, and decide nothing.

use std::time::Duration;

use seckill_client::{NewSale, Seckill, State};

use crate::harness::conditions::wait_until;
use crate::harness::copies::buy_and_pause;
use crate::harness::sample::{read_sample, write_sample};
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

#[tokio::test]
async fn a_replica_equals_its_primary() {
    let primary = Server::primary("").await;
    let live = primary.replica("").await;
    let mut connection = primary.connect().await;
    write_sample(&mut connection).await;
    live.catch_up(&primary).await;
    let late = primary.replica("").await;
    let chained = live.replica("").await;

    let before = read_sample(&mut connection).await;
    assert_eq!(read_sample(&mut live.connect().await).await, before, "the one that got it live");
    assert_eq!(read_sample(&mut late.connect().await).await, before, "the one that connected later");
    assert_eq!(read_sample(&mut chained.connect().await).await, before, "the replica of a replica");

    // All of them replicate what comes next.
    play(&mut connection, "SECKILL.CONFIRM sale held => SOLD\nSECKILL.UNLOCK lock ann => 1").await;
    let after = read_sample(&mut connection).await;
    assert_ne!(after, before);
    for (replica, its_primary) in [(&live, &primary), (&late, &primary), (&chained, &live)] {
        replica.catch_up(its_primary).await;
        assert_eq!(read_sample(&mut replica.connect().await).await, after);
    }
}

/// UNLOCK is replicated verbatim; a replica deletes the lock without checking the token.
#[tokio::test]
async fn a_release_is_not_checked_again() {
    let primary = Server::primary("").await;
    let replica = primary.replica("replica-read-only no").await;
    let mut connection = primary.connect().await;
    play(&mut connection, "SECKILL.LOCK lock ann 60000 => <us>").await;
    replica.catch_up(&primary).await;
    let mut writer = replica.connect().await;
    play(&mut writer, "SET lock bob => OK").await;
    play(&mut connection, "SECKILL.UNLOCK lock ann => 1").await;
    replica.catch_up(&primary).await;
    play(&mut writer, "EXISTS lock => 0").await;
}

#[tokio::test]
async fn only_a_primary_decides() {
    let mut primary = Server::primary("").await;
    let replica = primary.replica("replica-read-only no").await;
    let mut connection = primary.connect().await;
    connection.seckill().create("sale", NewSale::new(9).hold(Duration::from_millis(100))).await.unwrap();
    connection.seckill().lock("lock", "ann", Duration::from_secs(60)).await.unwrap();
    buy_and_pause(&mut connection, "SECKILL.BUY sale ann o1").await;
    replica.catch_up(&primary).await;
    primary.kill();

    let mut connection = replica.connect().await;
    let deciding = [
        "SECKILL.LOCK free bob 60000",
        "SECKILL.LOCK lock ann 60000",
        "SECKILL.CREATE new STOCK 1",
        "SECKILL.ALTER sale LIMIT 1",
        "SECKILL.RESTOCK sale 1",
        "SECKILL.BUY sale ann o2",
        "SECKILL.BUY sale ann o1",
        "SECKILL.CONFIRM sale o1",
        "SECKILL.EXTEND sale o1 1000",
        "SECKILL.CANCEL sale o1",
    ];
    let before = ask(&mut connection, "DEBUG DIGEST").await;
    for read_only in ["no", "yes"] {
        ask(&mut connection, &format!("CONFIG SET replica-read-only {read_only}")).await;
        for line in deciding {
            let reply = ask(&mut connection, line).await;
            assert!(reply.starts_with("-READONLY "), "replica-read-only {read_only}, {line}: {reply}");
        }
    }
    // A hold that is due does not run out on a replica, though timers had the time to do it.
    wait_until("the hold is due", async || {
        connection.seckill().order("sale", "o1").await.unwrap().unwrap().state == State::Expired
    })
    .await;
    play(&mut connection, "DEBUG SLEEP 0.3 => OK").await;
    let info = connection.seckill().info("sale").await.unwrap();
    assert_eq!((info.held, info.seq), (1, 2));
    assert_eq!(ask(&mut connection, "DEBUG DIGEST").await, before);
}
