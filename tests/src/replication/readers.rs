//! Readers of EVENTS that ask replicas.

use seckill_client::{After, Error, Seckill};

use crate::harness::server::Server;
use crate::harness::session::play;

/// A reader that is ahead of a replica which lags gets nothing, and takes nothing back.
#[tokio::test]
async fn a_replica_that_lags_does_not_contradict_a_reader() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut connection = primary.connect().await;
    let setup = "
        SECKILL.CREATE sale STOCK 9 => OK
        SECKILL.BUY sale ann o1 => SOLD
    ";
    play(&mut connection, setup).await;
    replica.catch_up(&primary).await;
    // The link is cut: the replica does not hear of what follows.
    let mut lagging = replica.connect().await;
    play(&mut lagging, "REPLICAOF 127.0.0.1 1 => OK").await;
    play(&mut connection, "SECKILL.BUY sale bob o2 => SOLD").await;
    let last = connection.seckill().events("sale", After::seq(2)).await.unwrap().pop().unwrap();
    let position = After::seq(last.seq).term(last.term);
    assert_eq!(lagging.seckill().events("sale", position).await, Ok(vec![]), "it has not heard of seq 3");

    // As a primary it knows that there is no such event.
    replica.promote().await;
    let error = lagging.seckill().events("sale", position).await.unwrap_err();
    assert_eq!(error, Error::Forked { seq: 2, term: last.term });
}

/// The history that a replica has contradicts a reader: it says so at once.
#[tokio::test]
async fn a_replica_says_forked_where_its_own_history_is_another() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let setup = "
        SECKILL.CREATE sale STOCK 9 => OK
        SECKILL.BUY sale ann o1 => SOLD
    ";
    play(&mut primary.connect().await, setup).await;
    replica.catch_up(&primary).await;
    let mut connection = replica.connect().await;
    let last = connection.seckill().events("sale", After::seq(1)).await.unwrap().pop().unwrap();
    let other = After::seq(last.seq).term(last.term - 1);
    let error = connection.seckill().events("sale", other).await.unwrap_err();
    assert!(matches!(error, Error::Forked { .. }), "{error}");
    let ended = After::seq(last.seq + 1).term(last.term - 1);
    let error = connection.seckill().events("sale", ended).await.unwrap_err();
    assert!(matches!(error, Error::Forked { .. }), "a term that ended before: {error}");
}
