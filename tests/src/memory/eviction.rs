//! A server that evicts keys: what it may evict, what the module says of that, and what it refuses.

use crate::harness::aof::AOF;
use crate::harness::info::{stat, used_memory};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, get, play};

/// Policies, each with what the server may evict under them: locks, and sales.
const POLICIES: [(&str, bool, bool); 10] = [
    ("noeviction", false, false),
    ("volatile-lru", true, false),
    ("volatile-lfu", true, false),
    ("volatile-random", true, false),
    ("volatile-ttl", true, false),
    ("volatile-lrm", true, false),
    ("allkeys-lru", true, true),
    ("allkeys-lfu", true, true),
    ("allkeys-random", true, true),
    ("allkeys-lrm", true, true),
];

/// Those that every server has.
fn known_everywhere(policy: &str) -> bool {
    !policy.ends_with("-lrm")
}

const CREATE: &str = "SECKILL.CREATE sale STOCK 5 LIMIT 2";
const REFUSED: &str = "-EVICTION maxmemory-policy lets the server evict sales, with all their orders: \
    set it to noeviction, or seckill.allow-eviction to yes";

/// Sets a policy; `false` when the server does not know it.
async fn set_policy(connection: &mut Connection, policy: &str) -> bool {
    let reply = ask(connection, &format!("CONFIG SET maxmemory-policy {policy}")).await;
    assert!(reply == "OK" || !known_everywhere(policy), "{policy}: {reply}");
    reply == "OK"
}

/// Whether INFO says that no sale, or no lock, is evicted.
async fn is_safe(connection: &mut Connection, what: &str) -> bool {
    stat(connection, "seckill", &format!("seckill_eviction_safe_{what}")).await == "1"
}

async fn count(connection: &mut Connection, section: &str, field: &str) -> u64 {
    stat(connection, section, field).await.parse().unwrap()
}

/// Writes keys with an expiry until far more was written than there is room for.
async fn fill(connection: &mut Connection) {
    const ROOM: u64 = 500_000;
    let limit = used_memory(connection).await + ROOM;
    play(connection, &format!("CONFIG SET maxmemory {limit} => OK")).await;
    for key in 0..10 * ROOM / 1_000 {
        let reply = ask(connection, &format!("SET filler:{key} {} EX 3600", "x".repeat(1_000))).await;
        assert!(reply == "OK" || reply.starts_with("-OOM "), "{reply}");
    }
}

#[tokio::test]
async fn a_sale_that_could_be_created_is_not_evicted() {
    for (policy, evicts_locks, evicts_sales) in POLICIES {
        let server = Server::with("maxmemory 1gb").await;
        let mut connection = server.connect().await;
        if !set_policy(&mut connection, policy).await {
            continue;
        }
        assert_eq!(is_safe(&mut connection, "sales").await, !evicts_sales, "{policy}");
        assert_eq!(is_safe(&mut connection, "locks").await, !evicts_locks, "{policy}");
        let created = ask(&mut connection, CREATE).await;
        assert_eq!(created, if evicts_sales { REFUSED } else { "OK" }, "{policy}");
        play(&mut connection, "SECKILL.LOCK lock ann 60000 => <us>").await;
        fill(&mut connection).await;
        if !evicts_sales {
            assert_eq!(ask(&mut connection, "TYPE sale").await, "flashsale", "{policy}");
        }
        if !evicts_locks {
            assert_eq!(ask(&mut connection, "GET lock").await, "\"ann\"", "{policy}");
        }
    }
}

#[tokio::test]
async fn only_new_sales_are_refused() {
    let server = Server::start().await;
    let session = format!(
        r#"
        CONFIG SET maxmemory-policy allkeys-lru => OK
        {CREATE} => OK
        CONFIG SET maxmemory 1gb => OK
        SECKILL.CREATE other STOCK 1 => {REFUSED}
        EXISTS other => 0
        {CREATE} => OK
        SECKILL.BUY sale ann o1 => SOLD
        SECKILL.RESTOCK sale 1 => 5
        COPY sale third => 1
        CONFIG SET seckill.allow-eviction yes => OK
        SECKILL.CREATE other STOCK 1 => OK
        CONFIG SET seckill.allow-eviction no => OK
        CONFIG SET maxmemory-policy volatile-lru => OK
        SECKILL.CREATE fourth STOCK 1 => OK
        CONFIG SET maxmemory-policy allkeys-random maxmemory 0 => OK
        SECKILL.CREATE fifth STOCK 1 => OK
    "#
    );
    play(&mut server.connect().await, &session).await;
}

/// The policy is not read by CONFIG, which an operator may have renamed.
#[tokio::test]
async fn a_server_without_config_refuses_them_too() {
    let rename = "rename-command CONFIG HIDDEN.CONFIG";
    let server = Server::with(&format!("maxmemory 1gb\nmaxmemory-policy allkeys-lru\n{rename}")).await;
    let session = format!("{CREATE} => {REFUSED}\nHIDDEN.CONFIG SET maxmemory 0 => OK\n{CREATE} => OK");
    play(&mut server.connect().await, &session).await;
}

/// What a primary decided, and what was saved, is applied under any policy.
#[tokio::test]
async fn replicas_and_files_are_not_refused() {
    const EVICTS: &str = "maxmemory 1gb\nmaxmemory-policy allkeys-lru";
    let primary = Server::primary("").await;
    let replica = primary.replica(EVICTS).await;
    play(&mut primary.connect().await, &format!("{CREATE} => OK")).await;
    replica.catch_up(&primary).await;
    play(&mut replica.connect().await, "TYPE sale => flashsale").await;

    let mut server = Server::with(&format!("{EVICTS}\n{AOF}")).await;
    let session = format!("CONFIG SET maxmemory 0 => OK\n{CREATE} => OK");
    play(&mut server.connect().await, &session).await;
    server.restart().await;
    play(&mut server.connect().await, "TYPE sale => flashsale\nSECKILL.BUY sale ann o1 => SOLD").await;
}

#[tokio::test]
async fn evicted_keys_are_counted() {
    let server = Server::with("maxmemory-policy allkeys-random\nseckill.allow-eviction yes").await;
    let mut connection = server.connect().await;
    const SALES: u64 = 50;
    for sale in 0..SALES {
        play(&mut connection, &format!("SECKILL.CREATE sale:{sale} STOCK 1 => OK")).await;
    }
    let removed = "
        DEL sale:0 => 1
        UNLINK sale:1 => 1
        SET sale:2 text => OK
        SET sale:0 text => OK
    ";
    play(&mut connection, removed).await;
    let removed = 3;
    // Evictions in another database than that of the client count, too.
    play(&mut connection, "MOVE sale:3 1 => 1").await;
    fill(&mut connection).await;
    // From here on nothing is evicted.
    play(&mut connection, "CONFIG SET maxmemory 0 => OK").await;

    let mut left = 0;
    for database in [1, 0] {
        play(&mut connection, &format!("SELECT {database} => OK")).await;
        for key in get::<Vec<String>>(&mut connection, "KEYS sale:*").await {
            left += u64::from(ask(&mut connection, &format!("TYPE {key}")).await == "flashsale");
        }
    }
    let sales = count(&mut connection, "seckill", "seckill_evicted_sales").await;
    let others = count(&mut connection, "seckill", "seckill_evicted_other_keys").await;
    assert!(sales > 0 && others > 0, "{sales} {others}");
    assert_eq!(sales, SALES - removed - left);
    assert_eq!(sales + others, count(&mut connection, "stats", "evicted_keys").await);
}

/// The warnings of eviction in the log.
fn warnings(server: &Server) -> usize {
    server.log().lines().filter(|line| line.contains("maxmemory is set and maxmemory-policy is ")).count()
}

#[tokio::test]
async fn every_change_of_what_may_be_evicted_is_logged() {
    let server = Server::with("maxmemory 1gb\nmaxmemory-policy volatile-ttl").await;
    assert_eq!(warnings(&server), 1);
    let mut connection = server.connect().await;
    for (change, expected) in [
        ("maxmemory-policy allkeys-lru", 2),
        ("maxmemory 2gb", 2),
        ("maxmemory-policy allkeys-lfu", 3),
        ("maxmemory-policy volatile-lfu", 4),
        ("maxmemory-policy noeviction", 4),
        ("maxmemory-policy allkeys-lru maxmemory 0", 4),
        ("hz 11", 4),
        ("maxmemory 1gb", 5),
    ] {
        play(&mut connection, &format!("CONFIG SET {change} => OK")).await;
        assert_eq!(warnings(&server), expected, "{change}");
    }
    let server = Server::with("maxmemory 1gb").await;
    assert_eq!(warnings(&server), 0);
    let server = Server::with("maxmemory-policy allkeys-lru").await;
    assert_eq!(warnings(&server), 0);
}
