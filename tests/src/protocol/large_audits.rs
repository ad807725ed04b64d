//! AUDIT of a sale that is so large that nobody else would be served for long.

use seckill_core::protocol::AUDIT_ORDERS;

use crate::harness::copies::must_be_equal;
use crate::harness::server::Server;
use crate::harness::session::{ask, fill, play};

#[tokio::test]
async fn a_primary_wants_force_and_a_replica_does_not() {
    let primary = Server::primary("").await;
    let replica = primary.replica("").await;
    let mut connection = primary.connect().await;
    fill(&mut connection, "sale", AUDIT_ORDERS).await;
    let session = format!(
        "SECKILL.AUDIT sale => OK
        SECKILL.RESTOCK sale 1 => 1
        SECKILL.BUY sale ann one-more => SOLD
        SECKILL.AUDIT sale => -ERR AUDIT of {} orders would block this primary: ask a replica, or give FORCE, which is needed above {AUDIT_ORDERS}
        SECKILL.AUDIT sale FORCE => OK
        SECKILL.AUDIT sale force => OK",
        AUDIT_ORDERS + 1
    );
    play(&mut connection, &session).await;
    must_be_equal(&replica, &primary).await;
    play(&mut replica.connect().await, "SECKILL.AUDIT sale => OK\nSECKILL.AUDIT sale FORCE => OK").await;

    // FORCE is no way around other refusals.
    let script = "EVAL \"return redis.call('SECKILL.AUDIT', KEYS[1], 'FORCE')\" 1 sale";
    let reply = ask(&mut connection, script).await;
    assert!(reply.starts_with('-'), "{reply}");
}
