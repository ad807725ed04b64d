//! The section of the module in INFO.

use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

#[tokio::test]
async fn counters_count() {
    let server = Server::with("seckill.apply-from-clients yes").await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.CREATE sale STOCK 3 LIMIT 2 HOLD 1 => OK
        SECKILL.BUY sale ann o1 => HELD
        SECKILL.BUY sale ann o2 QTY 3 => LIMIT
        SECKILL.BUY sale ann o2 LOCK lock bob => LOCKLOST
        SECKILL.ALTER sale HOLD 0 LIMIT 0 => OK
        SECKILL.CREATE gone STOCK 1 => OK
        SECKILL.BUY gone ann o1 QTY 2 => SHORT
        SECKILL.BUY gone ann o1 => SOLD
        SECKILL.BUY gone ann o1 => SOLD
        SECKILL.BUY gone ann o2 => SOLDOUT
        SECKILL.BUY gone bob o2 => SOLDOUT
        SECKILL.CREATE soon STOCK 1 OPENS 9007199254740991 => OK
        SECKILL.BUY soon ann o1 => UPCOMING
        SECKILL.CREATE over STOCK 1 CLOSES 1000000000001 => OK
        SECKILL.BUY over ann o1 => CLOSED
    ";
    play(&mut connection, session).await;
    ask(&mut connection, "SECKILL.APPLY gone x").await;
    wait_until("the hold runs out", async || {
        stat(&mut connection, "seckill", "seckill_holds_expired").await == "1"
    })
    .await;
    for (field, count) in [
        ("grants", 2),
        ("orders_accepted", 2),
        ("refused_limit", 1),
        ("refused_locklost", 1),
        ("refused_short", 1),
        ("refused_soldout", 2),
        ("refused_upcoming", 1),
        ("refused_closed", 1),
        ("sales_diverged", 1),
    ] {
        let field = format!("seckill_{field}");
        assert_eq!(stat(&mut connection, "seckill", &field).await, count.to_string(), "{field}");
    }
}

/// The version is the package's. Its number in MODULE LIST has two digits for each part but the first.
#[tokio::test]
async fn the_version_is_shown() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(stat(&mut connection, "seckill", "seckill_version").await, version);
    let parts = version.split('.').map(|part| part.parse::<u32>().unwrap());
    let number = parts.fold(0, |number, part| number * 100 + part);
    let modules = ask(&mut connection, "MODULE LIST").await;
    assert!(modules.contains(&format!("\"name\" \"seckill\" \"ver\" {number} ")), "{modules}");
}
