//! How long a command on a large sale keeps the server from serving anybody else.

use std::time::Duration;

use redis::Cmd;
use seckill_client::Seckill;
use seckill_core::protocol::EVENTS_MAX;

use crate::harness::dump::restore_command;
use crate::harness::info::{processor_time, stat};
use crate::harness::names::{scatter, uuid};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, command, get, play};

/// Longer than any command takes here.
const LONG: Duration = Duration::from_secs(600);

/// Calls of each command, of which the median counts: other programs use this machine, too.
const ROUNDS: usize = 5;

/// Creates a sale of so many orders, each held and then confirmed. Ids are UUIDs; every order has its own buyer,
/// a name of 12 bytes.
async fn sell(connection: &mut Connection, orders: u64) {
    const AT_ONCE: u64 = 10_000;
    play(connection, &format!("SECKILL.CREATE sale STOCK {orders} HOLD 600000 => OK")).await;
    for first in (0..orders).step_by(AT_ONCE as usize) {
        let mut pipe = redis::pipe();
        for number in first..orders.min(first + AT_ONCE) {
            let (order, buyer) = (uuid(number), format!("u{:011}", scatter(number) % 100_000_000_000));
            pipe.cmd("SECKILL.BUY").arg(&["sale", &buyer, &order]).ignore();
            pipe.cmd("SECKILL.CONFIRM").arg(&["sale", &order]).ignore();
        }
        pipe.exec_async(connection).await.unwrap();
    }
    assert_eq!(connection.seckill().info("sale").await.unwrap().sold, orders);
}

/// The arguments of a command. The first is its name.
fn arguments(command: &Cmd) -> Vec<&[u8]> {
    let bytes = |argument| match argument {
        redis::Arg::Simple(bytes) => Some(bytes),
        _ => None,
    };
    command.args_iter().filter_map(bytes).collect()
}

/// How long the server executes a command, in ms. It serves nobody else meanwhile.
async fn time_of(connection: &mut Connection, command: &Cmd) -> f64 {
    let name = String::from_utf8_lossy(arguments(command)[0]).to_lowercase();
    play(connection, "CONFIG RESETSTAT => OK").await;
    command.exec_async(connection).await.unwrap();
    let stats = stat(connection, "commandstats", &format!("cmdstat_{name}")).await;
    let usec = stats.split(',').find_map(|field| field.strip_prefix("usec=")).unwrap();
    usec.parse::<f64>().unwrap() / 1e3
}

/// The processor time of a call and of sending its reply, in ms.
async fn time_with_reply(connection: &mut Connection, command: &Cmd) -> f64 {
    const CALLS: u32 = 200;
    let mut pipe = redis::pipe();
    for _ in 0..CALLS {
        pipe.add_command(command.clone()).ignore();
    }
    let before = processor_time(connection).await;
    pipe.exec_async(connection).await.unwrap();
    (processor_time(connection).await - before) * 1e3 / f64::from(CALLS)
}

/// Prints the times of the commands that may take long on a sale of so many orders.
async fn measure(orders: u64) {
    let server = Server::with("save \"\"").await;
    let mut connection = server.connect_within(LONG).await;
    sell(&mut connection, orders).await;
    let memory: u64 = get(&mut connection, "MEMORY USAGE sale").await;
    let dump: Vec<u8> = get(&mut connection, "DUMP sale").await;
    println!("{orders} orders of {} bytes each, a dump of {} MB", memory / orders, dump.len() / 1_000_000);
    let page = command(&format!("SECKILL.EVENTS sale {orders} COUNT {EVENTS_MAX}"));
    let calls = [
        command("SECKILL.AUDIT sale FORCE"),
        restore_command("restored", &dump),
        command("DEL restored"),
        command("DUMP sale"),
        command("COPY sale copied"),
        command("UNLINK copied"),
        page.clone(),
    ];
    let mut times = [[0.0; ROUNDS]; 7];
    for round in 0..ROUNDS {
        for (call, times) in calls.iter().zip(&mut times) {
            times[round] = time_of(&mut connection, call).await;
        }
    }
    for (call, times) in calls.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let words: Vec<_> = arguments(call).into_iter().filter(|word| word.len() < 20).collect();
        let (median, least, most) = (times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
        println!("{median:8.2} ms ({least:.2} to {most:.2}): {}", words.join(&b' ').escape_ascii());
    }
    let sent = time_with_reply(&mut connection, &page).await;
    println!("{sent:8.2} ms: the last one, with its reply");

    let digest = ask(&mut connection, "DEBUG DIGEST-VALUE sale").await;
    restore_command("restored", &dump).exec_async(&mut connection).await.unwrap();
    assert_eq!(ask(&mut connection, "DEBUG DIGEST-VALUE restored").await, digest);
}

#[tokio::test]
async fn a_thousand_orders() {
    measure(1_000).await;
}

#[tokio::test]
#[ignore = "takes two minutes and 2 GB of memory; `make blocking` runs it"]
async fn one_and_five_million_orders() {
    measure(1_000_000).await;
    measure(5_000_000).await;
}
