//! Copies of a sale that diverged from their primary.

use super::server::Connection;
use super::session::ask;

/// Lets clients send what only a primary sends.
pub(crate) const APPLY_FROM_CLIENTS: &str = "seckill.apply-from-clients yes";

/// INFO and AUDIT of `sale` report that it diverged.
pub(crate) async fn must_be_marked(connection: &mut Connection) {
    let info = ask(connection, "SECKILL.INFO sale").await;
    assert!(info.contains("\"diverged\" 1 "), "{info}");
    let audit = ask(connection, "SECKILL.AUDIT sale").await;
    assert!(audit.starts_with("-CORRUPT "), "{audit}");
}

/// On a primary, every command that decides something about the diverged `sale` is refused.
pub(crate) async fn must_refuse_decisions(connection: &mut Connection) {
    let deciding = [
        "SECKILL.CREATE sale STOCK 5 LIMIT 4 HOLD 60000",
        "SECKILL.ALTER sale LIMIT 1",
        "SECKILL.RESTOCK sale 1",
        "SECKILL.BUY sale ann o9",
        "SECKILL.BUY sale ann o1 QTY 2",
        "SECKILL.CONFIRM sale o1",
        "SECKILL.EXTEND sale o1 1000",
        "SECKILL.CANCEL sale o1",
    ];
    let corrupt =
        "-CORRUPT this copy diverged from its primary: replace the key by a good copy to decide again";
    for line in deciding {
        assert_eq!(ask(connection, line).await, corrupt, "{line}");
    }
}
