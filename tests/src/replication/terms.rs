//! Each leadership epoch of a sale begins a term, with its first decision.

use std::collections::BTreeSet;

use seckill_client::{After, Buy, Seckill, State};

use crate::harness::aof::AOF;
use crate::harness::copies::swap_roles;
use crate::harness::persistence::STORAGES;
use crate::harness::server::{Connection, Server};
use crate::harness::session::play;

/// A server with a sale, and the term of its events.
async fn server(config: &str) -> (Server, Connection, u64) {
    let server = Server::primary(config).await;
    let mut connection = server.connect().await;
    let session = "SECKILL.CREATE sale STOCK 9 HOLD 60000 => OK\nSECKILL.BUY sale ann o1 => HELD";
    play(&mut connection, session).await;
    let term = connection.seckill().info("sale").await.unwrap().term;
    (server, connection, term)
}

/// Makes more decisions, and counts the terms that have begun since this one.
async fn terms_since(term: u64, connection: &mut Connection, key: &str) -> usize {
    for order in ["o2", "o3"] {
        connection.seckill().buy(key, Buy::new("ann", order)).await.unwrap();
    }
    assert_eq!(connection.seckill().confirm(key, "o2").await, Ok(State::Sold));
    let events = connection.seckill().events(key, After::seq(0)).await.unwrap();
    let terms: BTreeSet<u64> = events.iter().map(|event| event.term).filter(|later| *later > term).collect();
    terms.len()
}

/// Sessions that begin an epoch of `sale` in database 0, each with the key of the sale afterwards.
const NEW_EPOCHS: [(&str, &str); 9] = [
    ("DEL sale => 1\nSECKILL.CREATE sale STOCK 9 HOLD 60000 => OK", "sale"),
    ("COPY sale other => 1", "other"),
    ("COPY sale sale DB 1 => 1\nSELECT 1 => OK", "sale"),
    ("COPY sale other => 1\nCOPY other sale REPLACE => 1", "sale"),
    (
        r#"EVAL "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]))" 2 sale other => OK"#,
        "other",
    ),
    (
        r#"EVAL "return redis.call('RESTORE', KEYS[1], 0, redis.call('DUMP', KEYS[1]), 'REPLACE')" 1 sale => OK"#,
        "sale",
    ),
    ("DEBUG RELOAD => OK", "sale"),
    ("DEBUG LOADAOF => OK", "sale"),
    ("REPLICAOF 127.0.0.1 1 => OK\nREPLICAOF NO ONE => OK", "sale"),
];

#[tokio::test]
async fn a_copied_or_loaded_sale_begins_one() {
    for (way, key) in NEW_EPOCHS {
        let (_server, mut connection, term) = server(AOF).await;
        play(&mut connection, way).await;
        assert_eq!(terms_since(term, &mut connection, key).await, 1, "{way}");
    }
}

#[tokio::test]
async fn a_restart_begins_one() {
    for way in STORAGES {
        let (mut server, mut connection, term) = server(way.config()).await;
        way.save(&mut connection).await;
        server.restart().await;
        assert_eq!(terms_since(term, &mut server.connect().await, "sale").await, 1);
    }
}

#[tokio::test]
async fn a_promotion_begins_one() {
    let (mut primary, _, term) = server("").await;
    let replica = primary.replica("").await;
    primary.kill();
    replica.promote().await;
    assert_eq!(terms_since(term, &mut replica.connect().await, "sale").await, 1);
}

/// An earlier primary that becomes primary again begins another term.
#[tokio::test]
async fn a_failover_begins_one() {
    for times in [1, 2, 3] {
        let (one, _, term) = server("").await;
        let other = one.replica("").await;
        let mut servers = [one, other];
        for _ in 0..times {
            swap_roles(&servers[0], &servers[1]).await;
            servers.reverse();
        }
        assert_eq!(terms_since(term, &mut servers[0].connect().await, "sale").await, 1, "{times} times");
    }
}

#[tokio::test]
async fn within_an_epoch_the_term_stays() {
    for (way, key) in [
        ("PING => PONG", "sale"),
        ("RENAME sale other => OK", "other"),
        ("RENAME sale other => OK\nRENAME other sale => OK", "sale"),
        ("MOVE sale 1 => 1\nSELECT 1 => OK", "sale"),
        ("SWAPDB 0 1 => OK\nSELECT 1 => OK", "sale"),
        ("COPY sale other => 1", "sale"),
        ("REPLICAOF NO ONE => OK", "sale"),
        ("SAVE => OK", "sale"),
    ] {
        let (_server, mut connection, term) = server("").await;
        play(&mut connection, way).await;
        assert_eq!(terms_since(term, &mut connection, key).await, 0, "{way}");
    }
}
