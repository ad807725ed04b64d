//! Large sales are freed on another thread.

use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::sample::put_orders;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play};

/// Small sales are freed at once.
#[tokio::test]
async fn a_large_sale_is_freed_on_another_thread() {
    let config = "lazyfree-lazy-user-del yes\nlazyfree-lazy-expire yes\nlazyfree-lazy-server-del yes";
    let server = Server::with(config).await;
    let mut connection = server.connect().await;
    let freed = async |connection: &mut Connection| {
        stat(connection, "memory", "lazyfreed_objects").await.parse::<u64>().unwrap()
    };
    for deletion in ["DEL %", "UNLINK %", "PEXPIRE % 1", "SET % x", "RENAME text %"] {
        put_orders(&mut connection, "small", 1_000).await;
        put_orders(&mut connection, "large", 4_000).await;
        let before = freed(&mut connection).await;
        for key in ["small", "large"] {
            play(&mut connection, "SET text x => OK").await;
            ask(&mut connection, &deletion.replace('%', key)).await;
            wait_until(&format!("the key is deleted by {deletion}"), async || {
                ask(&mut connection, &format!("TYPE {key}")).await != "flashsale"
            })
            .await;
        }
        wait_until(&format!("all is freed that is deleted by {deletion}"), async || {
            stat(&mut connection, "memory", "lazyfree_pending_objects").await == "0"
                && freed(&mut connection).await > before
        })
        .await;
        assert_eq!(freed(&mut connection).await, before + 1, "{deletion}");
        play(&mut connection, "FLUSHALL SYNC => OK").await;
    }
    // With the whole database, small sales are freed there, too.
    put_orders(&mut connection, "small", 1_000).await;
    put_orders(&mut connection, "large", 4_000).await;
    let before = freed(&mut connection).await;
    play(&mut connection, "FLUSHALL ASYNC => OK").await;
    wait_until("both are freed", async || freed(&mut connection).await == before + 2).await;
}
