//! The order of the checks of BUY: where several would refuse, the first decides. RELEASE with each outcome.

use crate::harness::server::Server;
use crate::harness::session::{ask, play, play_on_both_protocols};

#[tokio::test]
async fn the_first_check_decides() {
    let session = "
        SECKILL.CREATE sale STOCK 1 LIMIT 1 => OK
        SECKILL.LOCK lock ann 60000 => <us>
        SECKILL.BUY sale ann o1 LOCK lock ann => SOLD

        # Closed. The order exists; the lock is another's, the limit is reached, nothing is available.
        SECKILL.ALTER sale CLOSES 1000000000001 => OK
        SECKILL.BUY sale ann o1 LOCK lock bob => SOLD
        SECKILL.BUY sale ann o1 QTY 2 LOCK lock bob => -MISMATCH the order exists with another buyer or quantity
        SECKILL.BUY sale bob o1 LOCK lock bob => -MISMATCH the order exists with another buyer or quantity
        SECKILL.BUY sale ann o2 LOCK lock bob => LOCKLOST
        SECKILL.BUY sale ann o2 LOCK free ann => LOCKLOST
        SECKILL.BUY sale ann o2 LOCK lock ann => CLOSED
        SECKILL.BUY sale ann o2 => CLOSED

        # Not open yet; otherwise the same.
        SECKILL.ALTER sale CLOSES 0 OPENS 9007199254740991 => OK
        SECKILL.BUY sale ann o1 LOCK lock bob => SOLD
        SECKILL.BUY sale ann o2 LOCK lock bob => LOCKLOST
        SECKILL.BUY sale ann o2 => UPCOMING

        # Open.
        SECKILL.ALTER sale OPENS 0 => OK
        SECKILL.BUY sale ann o1 LOCK lock bob => SOLD
        SECKILL.BUY sale ann o2 LOCK lock bob => LOCKLOST
        SECKILL.BUY sale ann o2 => LIMIT
        SECKILL.BUY sale bob o3 QTY 2 => LIMIT
        SECKILL.BUY sale bob o3 => SOLDOUT
        SECKILL.ALTER sale LIMIT 2 => OK
        SECKILL.BUY sale bob o3 QTY 2 => SOLDOUT
        SECKILL.RESTOCK sale 1 => 1
        SECKILL.BUY sale ann o2 QTY 2 => LIMIT
        SECKILL.BUY sale bob o3 QTY 2 => SHORT

        # A refusal is not remembered.
        SECKILL.BUY sale bob o3 => SOLD
        SECKILL.BUY sale ann o2 => SOLDOUT
        SECKILL.CANCEL sale o1 REFUND => CANCELLED
        SECKILL.BUY sale ann o1 => CANCELLED
        SECKILL.BUY sale ann o2 => SOLD
    ";
    play_on_both_protocols("", session).await;
}

/// RELEASE releases the lock with every outcome, also with a refusal. With an error the lock stays.
#[tokio::test]
async fn release_takes_effect_with_every_outcome() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let setup = "
        SECKILL.CREATE sale STOCK 3 LIMIT 2 => OK
        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.CREATE soon STOCK 1 OPENS 9007199254740991 => OK
        SECKILL.CREATE over STOCK 1 CLOSES 1000000000001 => OK
        SECKILL.CREATE gone STOCK 0 => OK
        SECKILL.CREATE held STOCK 1 HOLD 60000 => OK
        SET text x => OK
    ";
    play(&mut connection, setup).await;

    let purchases = [
        ("sale ann o1", "SOLD", 0),
        ("sale ann o2", "SOLD", 0),
        ("sale ann o3", "LIMIT", 0),
        ("sale bob o3 QTY 2", "SHORT", 0),
        ("soon ann o1", "UPCOMING", 0),
        ("over ann o1", "CLOSED", 0),
        ("gone ann o1", "SOLDOUT", 0),
        ("held ann o1", "HELD", 0),
        ("sale bob o1", "-MISMATCH the order exists with another buyer or quantity", 1),
        ("none ann o1", "-NOSALE no sale at this key", 1),
        ("text ann o1", "-WRONGTYPE Operation against a key holding the wrong kind of value", 1),
    ];
    for (purchase, reply, left) in purchases {
        ask(&mut connection, "SECKILL.LOCK lock t 60000").await;
        let line = format!("SECKILL.BUY {purchase} LOCK lock t RELEASE");
        assert_eq!(ask(&mut connection, &line).await, reply, "{line}");
        assert_eq!(ask(&mut connection, "EXISTS lock").await, left.to_string(), "the lock after {line}");
    }

    let others = "
        SET lock other PX 60000 => OK
        SECKILL.BUY sale bob o4 LOCK lock t RELEASE => LOCKLOST
        SECKILL.BUY sale ann o1 LOCK lock t RELEASE => SOLD
        GET lock => \"other\"
        SECKILL.BUY sale bob o4 LOCK lock other => SOLD
        GET lock => \"other\"
    ";
    play(&mut connection, others).await;
}
