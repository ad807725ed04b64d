//! Over `maxmemory`, commands that take memory are refused, and commands that free it work.

use crate::harness::server::Server;
use crate::harness::session::{ask, play};

#[tokio::test]
async fn commands_that_take_memory_are_refused() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let setup = "
        SECKILL.CREATE sale STOCK 9 HOLD 60000 => OK
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.BUY sale ann o2 => HELD
        SECKILL.BUY sale ann o3 => HELD
        SECKILL.LOCK lock ann 60000 => <us>
        CONFIG SET maxmemory 1 => OK
    ";
    play(&mut connection, setup).await;
    let before = ask(&mut connection, "DEBUG DIGEST").await;
    let growing = [
        "SECKILL.LOCK free ann 60000",
        "SECKILL.CREATE new STOCK 1",
        "SECKILL.BUY sale ann o4",
        "SECKILL.RESTOCK sale 1",
        "SECKILL.RESTOCK sale 1 ID r1",
        "SECKILL.RESTOCK sale -1 ID r1",
        "SECKILL.RESTOCK sale 0 ID r1",
        "SECKILL.EXTEND sale o2 70000",
    ];
    for line in growing {
        let reply = ask(&mut connection, line).await;
        assert_eq!(reply, "-OOM command not allowed when used memory > 'maxmemory'.", "{line}");
    }
    assert_eq!(ask(&mut connection, "DEBUG DIGEST").await, before);

    let freeing = "
        SECKILL.RENEW lock ann 70000 => 1
        SECKILL.UNLOCK lock ann => 1
        SECKILL.CONFIRM sale o1 => SOLD
        SECKILL.CANCEL sale o2 => CANCELLED
        SECKILL.CANCEL sale o1 REFUND => CANCELLED
        SECKILL.RESTOCK sale -1 => 7
        SECKILL.AUDIT sale => OK

        CONFIG SET maxmemory 0 => OK
        SECKILL.RESTOCK sale 1 ID r1 => 8
        SECKILL.BUY sale ann o4 => HELD
    ";
    play(&mut connection, freeing).await;
}
