//! MEMORY USAGE of a sale is accurate, and takes constant time.

use std::time::Duration;

use crate::harness::conditions::wait_until;
use crate::harness::dump::restore_command;
use crate::harness::info::{stat, used_memory};
use crate::harness::local_sale::{FUTURE, LocalSale};
use crate::harness::names::uuid;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// The configuration of a server whose memory is measured: it keeps no statistics of commands, and frees at
/// once.
const QUIET: &str = "
    latency-tracking no
    slowlog-log-slower-than -1
    lazyfree-lazy-user-del no
    seckill.apply-from-clients yes
";

#[derive(Debug, Clone, Copy)]
enum Ids {
    Uuid,
    Text,
    Long,
}

impl Ids {
    fn of(self, number: u64) -> String {
        match self {
            Self::Uuid => uuid(number),
            Self::Text => format!("order-{number}"),
            Self::Long => format!("{number:0100}"),
        }
    }
}

/// How the orders of a sale end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Sold,
    Held,
    Extended,
    Confirmed,
    HalfConfirmed,
    RanOut,
    /// No orders, only restockings.
    Restocked,
}

const HOLD: u64 = 60_000;

/// A sale of so many orders.
fn sale(orders: u64, ids: Ids, ending: Ending) -> LocalSale {
    let hold = if ending == Ending::Sold { 0 } else { HOLD };
    let mut local = LocalSale::open(FUTURE, &format!("STOCK 9000000 HOLD {hold}"));
    for number in 0..orders {
        local.now += number % 7 * 50;
        let order = ids.of(number);
        if ending == Ending::Restocked {
            local.run(&format!("RESTOCK sale {}", 1 + number % 90));
            continue;
        }
        local.run(&format!("BUY sale buyer-{} {order}", number / 2));
        if ending == Ending::Extended {
            local.run(&format!("EXTEND sale {order} {}", HOLD * 1_000 + number * 7_919 % 99_991));
        }
    }
    for number in 0..orders {
        let settled = match ending {
            Ending::Confirmed => true,
            Ending::HalfConfirmed => number % 5 < 2,
            Ending::RanOut => {
                local.now += HOLD;
                true
            }
            Ending::Sold | Ending::Held | Ending::Extended | Ending::Restocked => false,
        };
        if settled {
            local.run(&format!("CONFIRM sale {}", ids.of(number)));
        }
    }
    local
}

/// The memory that a server uses without other clients.
async fn used(server: &Server) -> i64 {
    let mut connection = server.connect().await;
    wait_until("the other clients are gone", async || {
        stat(&mut connection, "clients", "connected_clients").await == "1"
    })
    .await;
    used_memory(&mut connection).await as i64
}

async fn put(connection: &mut Connection, key: &str, local: &LocalSale) {
    let mut pipe = redis::pipe();
    for batch in local.batches(0, 100_000) {
        pipe.cmd("SECKILL.APPLY").arg(key).arg(batch);
    }
    pipe.exec_async(connection).await.unwrap();
}

/// Memory that MEMORY USAGE leaves out, in bytes: the entry of the key, and its share of a hash table that
/// may grow.
const SLACK: i64 = 240;

/// Puts a sale at several keys in one of three ways. Returns the sum of their MEMORY USAGE.
async fn put_copies(connection: &mut Connection, local: &LocalSale, way: &str, times: u64) -> i64 {
    let dump: Vec<u8> = match way {
        "restored" => get(connection, "DUMP applied-0").await,
        _ => vec![],
    };
    let mut reported = 0;
    for number in 0..times {
        let key = format!("{way}-{number}");
        match way {
            "applied" => put(connection, &key, local).await,
            "copied" => play(connection, &format!("COPY applied-0 {key} => 1")).await,
            _ => restore_command(&key, &dump).exec_async(connection).await.unwrap(),
        }
        reported += get::<i64>(connection, &format!("MEMORY USAGE {key}")).await;
    }
    reported
}

#[tokio::test]
async fn is_accurate() {
    let server = Server::with(QUIET).await;
    let mut shapes = vec![
        (0, Ids::Text, Ending::Held),
        (1, Ids::Uuid, Ending::Held),
        (10, Ids::Text, Ending::Held),
        (20, Ids::Uuid, Ending::Held),
        (100, Ids::Uuid, Ending::Confirmed),
    ];
    for orders in [1_000, 30_000, 100_000] {
        for ending in [Ending::Sold, Ending::Held, Ending::Extended, Ending::HalfConfirmed, Ending::RanOut] {
            shapes.push((orders, Ids::Uuid, ending));
        }
        shapes.extend([
            (orders, Ids::Text, Ending::Sold),
            (orders, Ids::Text, Ending::Confirmed),
            (orders, Ids::Long, Ending::Held),
            (orders, Ids::Long, Ending::Restocked),
        ]);
    }
    // What the server allocates for its first key does not count.
    play(&mut server.connect().await, "SET first x => OK").await;
    for (orders, ids, ending) in shapes {
        // Small ones are measured together, so that the server's own allocations weigh less.
        let times = match orders {
            0..1_000 => 50,
            1_000..100_000 => 5,
            _ => 1,
        };
        let local = sale(orders, ids, ending);
        let mut before = used(&server).await;
        for way in ["applied", "copied", "restored"] {
            let reported = put_copies(&mut server.connect().await, &local, way, times).await;
            let after = used(&server).await;
            let took = after - before;
            before = after;
            let what =
                format!("{orders} {ids:?} {ending:?}, {way} {times} times: {reported} reported, {took} used");
            println!("{what}");
            assert!((reported - took).abs() <= took / 20 + SLACK * times as i64, "{what}");
        }
        let keys = (0..times)
            .flat_map(|number| ["applied", "copied", "restored"].map(|way| format!("{way}-{number}")));
        let keys: Vec<String> = keys.collect();
        redis::cmd("DEL").arg(keys).exec_async(&mut server.connect().await).await.unwrap();
    }
}

/// The time of a call. Of several rounds the fastest counts, for other programs use this machine, too.
async fn time_of(connection: &mut Connection, key: &str) -> Duration {
    const CALLS: u32 = 200;
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        redis::cmd("CONFIG").arg("RESETSTAT").exec_async(connection).await.unwrap();
        let mut pipe = redis::pipe();
        for _ in 0..CALLS {
            pipe.cmd("MEMORY").arg("USAGE").arg(key);
        }
        pipe.exec_async(connection).await.unwrap();
        let stats = stat(connection, "commandstats", "cmdstat_memory|usage").await;
        let usec = stats.split(',').find_map(|field| field.strip_prefix("usec=")).unwrap();
        fastest = fastest.min(Duration::from_micros(usec.parse().unwrap()) / CALLS);
    }
    fastest
}

#[tokio::test]
async fn takes_constant_time() {
    let server = Server::with(QUIET).await;
    let mut connection = server.connect().await;
    let mut times = vec![];
    for orders in [1_000, 200_000] {
        let key = orders.to_string();
        put(&mut connection, &key, &sale(orders, Ids::Text, Ending::Held)).await;
        times.push(time_of(&mut connection, &key).await);
    }
    println!("{times:?}");
    assert!(times[1] < times[0] * 10 + Duration::from_micros(2), "{times:?}: it grows with the orders");
}
