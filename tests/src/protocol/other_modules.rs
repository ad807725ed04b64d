//! Beside a module that deletes keys while the server reports an event.

use crate::harness::c_library::compile;
use crate::harness::server::Server;
use crate::harness::session::play;

const LISTENER: &str = include_str!("../harness/listener.c");

/// The lease of a lock has run out, and the server notices when BUY reads the lock. The listener deletes the sale
/// at that moment.
#[tokio::test]
async fn a_sale_that_is_deleted_while_its_lock_is_read_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let listener = folder.path().join("listener.so");
    compile(LISTENER, &listener);
    let config = format!("loadmodule {}\nenable-debug-command yes", listener.display());
    let server = Server::with(&config).await;
    let mut connection = server.connect().await;
    let purchases = [
        "SECKILL.BUY victim ann o1 LOCK lock ann RELEASE => -NOSALE no sale at this key",
        "SECKILL.BUYALL 2 other victim ann o1 LOCK lock ann => -NOSALE sale 2 of 2: no sale at this key",
        "SECKILL.BUYALL 2 victim brief ann o1 => -NOSALE sale 1 of 2: no sale at this key",
    ];
    for purchase in purchases {
        let session = format!(
            "DEBUG SET-ACTIVE-EXPIRE 0 => OK
            SECKILL.CREATE victim STOCK 9 => OK
            SECKILL.CREATE other STOCK 9 => OK
            SECKILL.CREATE brief STOCK 9 => OK
            PEXPIRE brief 1 => 1
            SET lock ann PX 1 => OK
            DEBUG SLEEP 0.01 => OK
            {purchase}
            SECKILL.AUDIT other => OK"
        );
        play(&mut connection, &session).await;
    }
}
