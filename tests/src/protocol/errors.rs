//! Every error: its code, its text, and the arguments that lead to it.

use crate::harness::info::stat;
use crate::harness::server::Server;
use crate::harness::session::{ask, play, play_on_both_protocols};

/// Each command that needs a sale, with the key `%`.
const NEED_A_SALE: [&str; 11] = [
    "SECKILL.ALTER % LIMIT 1",
    "SECKILL.RESTOCK % 1",
    "SECKILL.BUY % ann o1",
    "SECKILL.CONFIRM % o1",
    "SECKILL.EXTEND % o1 1",
    "SECKILL.CANCEL % o1",
    "SECKILL.ORDER % o1",
    "SECKILL.BUYER % ann",
    "SECKILL.EVENTS % 0",
    "SECKILL.INFO %",
    "SECKILL.AUDIT %",
];

const NEED_A_LOCK: [&str; 4] =
    ["SECKILL.LOCK % t 1", "SECKILL.UNLOCK % t", "SECKILL.RENEW % t 1", "SECKILL.WAITERS %"];

#[tokio::test]
async fn of_a_key_that_holds_nothing_or_something_else() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "RPUSH list x => 1\nSET text x => OK\nSECKILL.CREATE sale STOCK 1 => OK").await;

    let no_sale = NEED_A_SALE.map(|line| (line, "none", "-NOSALE no sale at this key"));
    let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    let text_for_sale = NEED_A_SALE.map(|line| (line, "text", wrong_type));
    let list_for_sale = NEED_A_SALE.map(|line| (line, "list", wrong_type));
    let sale_for_lock = NEED_A_LOCK.map(|line| (line, "sale", wrong_type));
    let list_for_lock = NEED_A_LOCK.map(|line| (line, "list", wrong_type));
    let guard = [("SECKILL.BUY sale ann o1 LOCK % t", "list", wrong_type)];
    const BUY_ALL: &str = "SECKILL.BUYALL 2 sale % ann o1";
    let of_several = [
        (BUY_ALL, "none", "-NOSALE sale 2 of 2: no sale at this key"),
        (BUY_ALL, "text", wrong_type),
        ("SECKILL.BUYALL 1 sale ann o1 LOCK % t", "list", wrong_type),
    ];
    let cases =
        [&of_several[..], &no_sale, &text_for_sale, &list_for_sale, &sale_for_lock, &list_for_lock, &guard];
    for (line, key, error) in cases.concat() {
        let line = line.replace('%', key);
        assert_eq!(ask(&mut connection, &line).await, error, "{line}");
    }
}

#[tokio::test]
async fn of_a_key_that_another_type_holds() {
    let session = "
        SET k x => OK
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a string
        DEL k => 1
        RPUSH k x => 1
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a list
        DEL k => 1
        HSET k x y => 1
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a hash
        DEL k => 1
        SADD k x => 1
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a set
        DEL k => 1
        ZADD k 1 x => 1
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a sorted set
        DEL k => 1
        XADD k 1-1 x y => \"1-1\"
        SECKILL.CREATE k STOCK 1 => -BUSYKEY the key holds no sale, but a stream
    ";
    play(&mut Server::start().await.connect().await, session).await;
}

#[tokio::test]
async fn of_sales_and_orders() {
    let session = "
        SECKILL.CREATE sale STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => OK
        SECKILL.CREATE sale STOCK 8 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; STOCK differs
        SECKILL.CREATE sale STOCK 9 LIMIT 2 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; LIMIT differs
        SECKILL.CREATE sale STOCK 9 LIMIT 3 HOLD 60001 OPENS 1000000000001 CLOSES 9007199254740991 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; HOLD differs
        SECKILL.CREATE sale STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000002 CLOSES 9007199254740991 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; OPENS differs
        SECKILL.CREATE sale STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; CLOSES differs
        SECKILL.BUY sale ann o1 QTY 2 => HELD
        SECKILL.BUY sale ann o1 QTY 1 => -MISMATCH the order exists with another buyer or quantity
        SECKILL.BUY sale bob o1 QTY 2 => -MISMATCH the order exists with another buyer or quantity
        SECKILL.CONFIRM sale o2 => -NOORDER no such order in this sale
        SECKILL.EXTEND sale o2 1 => -NOORDER no such order in this sale
        SECKILL.CANCEL sale o2 REFUND => -NOORDER no such order in this sale
        SECKILL.RESTOCK sale -7 ID r1 => 0
        SECKILL.RESTOCK sale 7 ID r1 => -MISMATCH the id exists with another delta
        SECKILL.RESTOCK sale -1 => -NOSTOCK more would be taken than is available: 0
        SECKILL.RESTOCK sale -1 ID r2 => -NOSTOCK more would be taken than is available: 0
        SECKILL.RESTOCK sale 3 ID r2 => 3
        SECKILL.RESTOCK sale 0 => -ERR a delta of 0 needs ID with a value
        SECKILL.RESTOCK sale -0 => -ERR a delta of 0 needs ID with a value
        SECKILL.RESTOCK sale 0 ID r1 => -MISMATCH the id exists with another delta
        SECKILL.RESTOCK sale 0 ID r3 => 3
        SECKILL.RESTOCK sale -9 ID r3 => -MISMATCH the id exists with another delta
        SECKILL.RESTOCK sale 9007199254740991 => -ERR stock must be at most 9007199254740991 units in all
        SECKILL.ALTER sale OPENS 9007199254740991 => -ERR CLOSES must be after OPENS
        SECKILL.ALTER sale CLOSES 1000000000001 => -ERR CLOSES must be after OPENS
        SECKILL.CREATE new STOCK 1 OPENS 1000000000007 CLOSES 1000000000007 => -ERR CLOSES must be after OPENS
        SECKILL.CREATE new STOCK 1 OPENS 1000000000007 CLOSES 1000000000006 => -ERR CLOSES must be after OPENS
        EXISTS new => 0

        # Those of the creation count, not those since ALTER.
        SECKILL.ALTER sale LIMIT 0 HOLD 1 CLOSES 0 => OK
        SECKILL.CREATE sale STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => OK
        SECKILL.CREATE sale STOCK 9 HOLD 1 OPENS 1000000000001 => -BUSYKEY a sale created with STOCK 9 LIMIT 3 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 exists here; LIMIT, HOLD and CLOSES differ
    ";
    play_on_both_protocols("", session).await;
}

#[tokio::test]
async fn of_a_sale_that_is_full() {
    let session = "
        SECKILL.CREATE sale STOCK 9 => OK
        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.BUY sale ann o2 => SOLD
        SECKILL.BUY sale ann o3 => -FULL the sale has 2 orders, the most that seckill.max-orders allows
        SECKILL.BUY sale ann o2 => SOLD
        CONFIG SET seckill.max-orders 3 => OK
        SECKILL.BUY sale ann o3 => SOLD
        SECKILL.RESTOCK sale 1 ID r1 => 7
        SECKILL.RESTOCK sale 1 ID r2 => 8
        SECKILL.RESTOCK sale 1 ID r3 => 9
        SECKILL.RESTOCK sale 1 ID r4 => -FULL the sale has 3 restocking ids, the most that seckill.max-orders allows
        SECKILL.RESTOCK sale 0 ID r4 => -FULL the sale has 3 restocking ids, the most that seckill.max-orders allows
        SECKILL.RESTOCK sale 1 ID r3 => 9
        SECKILL.RESTOCK sale 1 => 10
    ";
    play_on_both_protocols("seckill.max-orders 2", session).await;
}

#[tokio::test]
async fn of_keywords() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1000 => OK").await;

    let wrong = r#"
        SECKILL.LOCK lock t 1 NOW => -ERR argument 4 of SECKILL.LOCK is no keyword: it takes BLOCK
        SECKILL.CREATE new STOCK 1 QTY 1 => -ERR SECKILL.CREATE has no keyword 'QTY': it is one of SECKILL.BUY and SECKILL.BUYALL
        SECKILL.ALTER sale STOCK 5 => -ERR SECKILL.ALTER has no keyword 'STOCK': SECKILL.RESTOCK changes the stock
        SECKILL.RESTOCK sale 5 r1 => -ERR SECKILL.RESTOCK has no keyword 'r1': did you mean ID r1?
        SECKILL.BUY sale ann x 2 => -ERR SECKILL.BUY has no keyword '2': did you mean QTY 2?
        SECKILL.BUY sale ann x LOK a b => -ERR SECKILL.BUY has no keyword 'LOK': did you mean LOCK?
        SECKILL.BUY sale ann x lock a b s3cret => -ERR argument 7 of SECKILL.BUY is no keyword: it takes QTY, LOCK and RELEASE
        SECKILL.CANCEL sale x REFUNDED => -ERR SECKILL.CANCEL has no keyword 'REFUNDED': did you mean REFUND?
        SECKILL.AUDIT sale 1 => -ERR SECKILL.AUDIT has no keyword '1': it takes FORCE
        # Repeated.
        SECKILL.ALTER sale LIMIT 1 limit 1 => -ERR LIMIT is given twice
        SECKILL.BUY sale ann x LOCK a b LOCK a b => -ERR LOCK is given twice
        SECKILL.BUY sale ann x LOCK a b RELEASE RELEASE => -ERR RELEASE is given twice
        # Without a value, or without another keyword that it needs.
        SECKILL.CREATE new => -ERR SECKILL.CREATE needs STOCK with a value
        SECKILL.CREATE new LIMIT 1 => -ERR SECKILL.CREATE needs STOCK with a value
        SECKILL.CREATE new STOCK 1 LIMIT => -ERR LIMIT needs a value
        SECKILL.CREATE new STOCK LIMIT 1 => -ERR STOCK needs a value
        SECKILL.ALTER sale => -ERR SECKILL.ALTER needs a rule: LIMIT, ATTEMPTS, HOLD, OPENS or CLOSES
        SECKILL.BUY sale ann x LOCK a => -ERR LOCK needs a key and a token
        SECKILL.BUY sale ann x RELEASE => -ERR RELEASE needs LOCK with a key and a token
        # Nearly a keyword, and not printable.
        SECKILL.BUY sale ann x "LOCK\x00" a b => -ERR SECKILL.BUY has no keyword 'LOCK\x00': did you mean LOCK?
        SECKILL.EVENTS sale 0 "\x0d\x0a" => -ERR SECKILL.EVENTS has no keyword '\r\n': it takes TERM, COUNT and BLOCK
        SECKILL.BUY sale ann x "" => -ERR argument 4 of SECKILL.BUY is no keyword: it takes QTY, LOCK and RELEASE
        # Seconds, and other forms of time.
        SECKILL.CREATE new STOCK 1 OPENS 1700000000 => -ERR OPENS must be unix time in milliseconds; 1700000000 looks like seconds
        SECKILL.ALTER sale CLOSES 1 => -ERR CLOSES must be unix time in milliseconds; 1 looks like seconds
        SECKILL.CREATE new STOCK 1 HOLD 10s => -ERR HOLD must be an integer between 0 and 9007199254740991, in milliseconds
        SECKILL.LOCK lock t 1.5 => -ERR ttl must be an integer between 1 and 9007199254740991, in milliseconds
        SECKILL.ALTER sale OPENS 2026-11-27 => -ERR OPENS must be an integer between 0 and 9007199254740991, in milliseconds of unix time
        EXISTS new lock => 0
    "#;
    play(&mut connection, wrong).await;
    let long = format!("SECKILL.BUY sale ann x {}", "QTY 1 ".repeat(1000));
    assert_eq!(ask(&mut connection, &long).await, "-ERR no command takes more than 137 arguments");

    let right = "
        # Any order, any case.
        seckill.create a closes 9007199254740991 Hold 60000 sTOCK 7 LIMIT 5 opens 1000000000001 => OK
        SECKILL.CREATE a STOCK 7 LIMIT 5 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991 => OK
        Seckill.Lock lock t 60000 => <us>
        SECKILL.BUY a ann o1 release lock lock t qty 2 => HELD
        EXISTS lock => 0
        SECKILL.CANCEL a o1 Refund => CANCELLED
        SECKILL.EVENTS a 3 count 1 => []

        # A value may equal a keyword.
        SECKILL.LOCK LOCK LOCK 60000 => <us>
        SECKILL.BUY sale LOCK LOCK LOCK LOCK LOCK => SOLD
        SECKILL.BUY sale QTY QTY QTY 2 => SOLD
        SECKILL.BUY sale RELEASE RELEASE LOCK LOCK RELEASE => LOCKLOST
        SECKILL.BUY sale RELEASE RELEASE LOCK LOCK LOCK RELEASE => SOLD
        EXISTS LOCK => 0
        SECKILL.RESTOCK sale 1 ID ID => 997
        SECKILL.CANCEL sale REFUND => -NOORDER no such order in this sale
    ";
    play(&mut connection, right).await;
}

#[tokio::test]
async fn of_arity_with_the_text_of_redis() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let wrong = [
        ("SECKILL.LOCK", &["", "k", "k t"][..]),
        ("SECKILL.UNLOCK", &["", "k", "k t x"]),
        ("SECKILL.RENEW", &["", "k", "k t", "k t 1 x"]),
        ("SECKILL.WAITERS", &["", "k x"]),
        ("SECKILL.CREATE", &[""]),
        ("SECKILL.ALTER", &[""]),
        ("SECKILL.RESTOCK", &["", "k"]),
        ("SECKILL.BUY", &["", "k", "k b"]),
        ("SECKILL.CONFIRM", &["", "k", "k o x"]),
        ("SECKILL.EXTEND", &["", "k", "k o", "k o 1 x"]),
        ("SECKILL.CANCEL", &["", "k"]),
        ("SECKILL.ORDER", &["", "k", "k o x"]),
        ("SECKILL.BUYER", &["", "k", "k b x"]),
        ("SECKILL.EVENTS", &["", "k"]),
        ("SECKILL.INFO", &["", "k x"]),
        ("SECKILL.AUDIT", &[""]),
        ("SECKILL.APPLY", &["", "k"]),
        ("SECKILL.GRANT", &["", "k", "k t", "k t 1", "k t 1 1 x"]),
        ("SECKILL.FENCE", &["", "1 x"]),
    ];
    for (name, arguments) in wrong {
        let error = format!("-err wrong number of arguments for '{}' command", name.to_lowercase());
        for arguments in arguments {
            let line = format!("{name} {arguments}");
            assert_eq!(ask(&mut connection, &line).await.to_lowercase(), error, "{line}");
        }
    }
}

#[tokio::test]
async fn of_more_callers_that_wait_than_allowed() {
    let server = Server::with("seckill.max-waiters 0").await;
    let session = "
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.LOCK lock ann 60000 BLOCK 100 => <us>
        SECKILL.LOCK lock bob 60000 => nil
        SECKILL.LOCK lock bob 60000 BLOCK 100 => -MAXWAITERS no more than 0 callers may wait, as seckill.max-waiters says
        SECKILL.EVENTS sale 1 BLOCK 0 => -MAXWAITERS no more than 0 callers may wait, as seckill.max-waiters says
    ";
    play(&mut server.connect().await, session).await;
}

#[tokio::test]
async fn are_counted_by_their_codes() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = "
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.BUY none ann o1 => -NOSALE no sale at this key
        SECKILL.INFO none => -NOSALE no sale at this key
        SECKILL.CONFIRM sale o1 => -NOORDER no such order in this sale
        SECKILL.RESTOCK sale -2 => -NOSTOCK more would be taken than is available: 1
        SECKILL.CREATE sale STOCK 2 => -BUSYKEY a sale created with STOCK 1 exists here; STOCK differs
        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.BUY sale bob o1 => -MISMATCH the order exists with another buyer or quantity
    ";
    play(&mut connection, session).await;
    for (code, count) in [("NOSALE", 2), ("NOORDER", 1), ("NOSTOCK", 1), ("BUSYKEY", 1), ("MISMATCH", 1)] {
        let field = format!("errorstat_{code}");
        assert_eq!(stat(&mut connection, "errorstats", &field).await, format!("count={count}"));
    }
}
