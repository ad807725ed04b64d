//! Readers that wait for the events of a sale.

use redis::{Value, from_redis_value};
use seckill_client::{Event, EventKind, Seckill};

use super::callers::waiting;
use super::conditions::wait_until;
use super::server::{Connection, Server};
use super::session::{get, play, show};
use super::waiting::Call;

/// What happens to a sale, call by call, and the events that its readers get. The first number is that of events
/// before them that the readers do not ask for.
const STORY: &[(u64, &str, &str)] = &[
    (0, "SECKILL.BUY sale ann o1 => HELD", "2 HELD"),
    (0, "SECKILL.EXTEND sale o1 7200000 => HELD", "3 HELD"),
    (0, "SECKILL.CONFIRM sale o1 => SOLD", "4 SOLD"),
    (0, "SECKILL.CANCEL sale o1 REFUND => CANCELLED", "5 CANCELLED"),
    (0, "SECKILL.RESTOCK sale 11 => 20", "6 RESTOCKED"),
    (0, "SECKILL.ALTER sale LIMIT 10 => OK", "7 ALTERED"),
    (0, "SECKILL.BUYALL 2 sale other bob o2 => [HELD SOLD]", "8 HELD"),
    (0, "SET lock token => OK\nSECKILL.BUY sale cat o3 LOCK lock token RELEASE => HELD", "9 HELD"),
    // By itself, when nobody calls.
    (1, "SECKILL.EXTEND sale o2 20 => HELD", "11 EXPIRED"),
    // Those of a transaction and of a script come in one reply.
    (
        0,
        "MULTI => OK
         SECKILL.BUY sale dan o4 => QUEUED
         SECKILL.CONFIRM sale o3 => QUEUED
         SECKILL.CANCEL sale o4 => QUEUED
         EXEC => [HELD SOLD CANCELLED]",
        "12 HELD, 13 SOLD, 14 CANCELLED",
    ),
    (
        0,
        r#"EVAL "for order = 5, 7 do redis.call('SECKILL.BUY', KEYS[1], 'eve', order) end" 1 sale => nil"#,
        "15 HELD, 16 HELD, 17 HELD",
    ),
];

/// Readers wait on each of these servers, of which the first is the primary of the others, while things happen.
pub(crate) async fn must_be_woken_by_every_event(servers: &[&Server]) {
    let mut connection = servers[0].connect().await;
    play(
        &mut connection,
        "SECKILL.CREATE sale STOCK 9 HOLD 3600000 => OK\nSECKILL.CREATE other STOCK 9 => OK",
    )
    .await;
    for server in servers {
        let mut reader = server.connect().await;
        wait_until("the sale is there", async || reader.seckill().info("sale").await.is_ok()).await;
    }
    for (skipped, session, expected) in STORY {
        let after = connection.seckill().info("sale").await.unwrap().seq + skipped;
        let mut calls = vec![];
        for server in servers {
            calls.push(Call::wait_at(server, &format!("SECKILL.EVENTS sale {after} BLOCK 0")).await);
        }
        play(&mut connection, session).await;
        for call in calls {
            assert_eq!(brief(call.value().await), *expected, "{session}");
        }
    }
    for server in servers {
        assert_eq!(waiting(&mut server.connect().await).await, [0, 0]);
    }
}

/// What EVENTS replied, in brief: seq and kind of each event, or the code of the error.
pub(crate) fn brief(reply: Value) -> String {
    match reply {
        Value::ServerError(error) => error.code().to_owned(),
        Value::Array(_) => {
            let events: Vec<Event> = from_redis_value(reply).unwrap();
            let events = events.iter().map(|event| format!("{} {}", event.seq, kind(&event.kind)));
            events.collect::<Vec<_>>().join(", ")
        }
        other => show(&other),
    }
}

fn kind(event: &EventKind) -> String {
    match event {
        EventKind::Created { .. } => "CREATED".to_owned(),
        EventKind::Altered { .. } => "ALTERED".to_owned(),
        EventKind::Restocked { .. } => "RESTOCKED".to_owned(),
        EventKind::Order { state, .. } => state.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Reads on from these events of `sale`: waits for the next ones, and adds so many of them at most.
pub(crate) async fn read_on(connection: &mut Connection, events: &mut Vec<Event>, count: u64) {
    let after = events.last().map_or("0".to_owned(), |last| format!("{} TERM {}", last.seq, last.term));
    let line = format!("SECKILL.EVENTS sale {after} COUNT {count} BLOCK 0");
    let page: Vec<Event> = get(connection, &line).await;
    assert!((1..=count).contains(&(page.len() as u64)), "{line}: {} events", page.len());
    events.extend(page);
}
