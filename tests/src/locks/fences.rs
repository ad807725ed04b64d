//! Fences rise with every grant.

use crate::harness::aof::{AOF, PLAIN_AOF};
use crate::harness::conditions::now_ms;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

async fn fence(connection: &mut Connection, key: &str, token: &str) -> u64 {
    get(connection, &format!("SECKILL.LOCK {key} {token} 60000")).await
}

#[tokio::test]
async fn fences_rise_with_every_grant() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let mut fences = Vec::new();
    for release in ["SECKILL.UNLOCK a ann", "DEL a", "PING", "FLUSHALL", "FLUSHDB ASYNC", "PING"] {
        for key in ["a", "b"] {
            fences.push(fence(&mut connection, key, "ann").await);
        }
        ask(&mut connection, release).await;
    }
    assert!(fences.is_sorted_by(|earlier, later| earlier < later), "{fences:?}");
    assert!(fences.iter().all(|fence| *fence < 1 << 53));
}

/// The next primary's fences depend on its clock alone, so no server may grant fences ahead of the time.
#[tokio::test]
async fn a_fence_is_the_time_however_many_sales_began() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for number in 0..100 {
        play(&mut connection, &format!("SECKILL.CREATE sale{number} STOCK 1 => OK")).await;
    }
    let before = now_ms();
    let fence = fence(&mut connection, "lock", "ann").await;
    assert!((before..=now_ms()).contains(&(fence / 1000)), "{fence} at {before}");
}

/// A fence from the future, as after a clock that was set back: the next one must still be higher.
#[tokio::test]
async fn fences_rise_across_a_restart_whatever_the_clock_says() {
    let ways = [("", "SAVE"), (AOF, "PING"), (PLAIN_AOF, "PING")];
    for (config, save) in ways {
        let mut server = Server::with(&format!("seckill.apply-from-clients yes\n{config}")).await;
        let mut connection = server.connect().await;
        let future = (now_ms() + 3_600_000) * 1000;
        let until = now_ms() + 60_000;
        play(&mut connection, &format!("SECKILL.GRANT lock ann {until} {future} => OK")).await;
        play(&mut connection, "GET lock => \"ann\"\nSECKILL.LOCK lock bob 60000 => nil").await;
        let before = fence(&mut connection, "other", "ann").await;
        assert!(before > future, "it observes the fence of GRANT");
        play(&mut connection, "FLUSHALL => OK").await;
        ask(&mut connection, save).await;

        server.restart().await;
        let after = fence(&mut server.connect().await, "lock", "bob").await;
        assert!(after > before, "{after} is not above {before} after a restart with {config:?}");
    }
}
