//! The incident: the interleaving that oversells, step by step, and the subcommand that replays it at scale.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use seckill_cli::replay::{HandWritten, Keys};
use serde_json::Value;

use crate::harness::built::built;
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::play;

const BOTTLES: u64 = 20;

/// One bottle and three handlers: A's user check takes longer than the lease, B takes the lock, A deletes it
/// in its `finally` block, and so C takes it while B works.
#[tokio::test]
async fn hand_written_locks_sell_one_bottle_twice() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let lease = Duration::from_millis(50);
    let keys = Arc::new(Keys { lock: "lock".into(), sale: "bottle".into(), lease });
    let [mut a, mut b, mut c] = ["a", "b", "c"]
        .map(|token| HandWritten::new(connection.clone(), Arc::clone(&keys), token.to_owned()));
    keys.stock_up(&mut connection, 1).await.unwrap();

    assert!(a.take_lock().await.unwrap());
    wait_until("A's lease ran out, and B has the lock", async || b.take_lock().await.unwrap()).await;
    a.delete_lock().await.unwrap();
    assert!(c.take_lock().await.unwrap());

    // B and C see the bottle, and both take it.
    assert_eq!(b.read_stock().await.unwrap().stock, 1);
    assert_eq!(c.read_stock().await.unwrap().stock, 1);
    assert_eq!(b.decrement_stock().await.unwrap().stock, 0);
    assert_eq!(c.decrement_stock().await.unwrap().stock, -1);
}

/// Seckill takes the same steps, and refuses those whose lease is over.
#[tokio::test]
async fn seckill_sells_it_once() {
    let session = "
        SECKILL.CREATE bottle STOCK 1 => OK
        SECKILL.LOCK lock A 1 => <us>
        DEBUG SLEEP 0.01 => OK
        SECKILL.LOCK lock B 60000 => <us>
        SECKILL.UNLOCK lock A => 0
        SECKILL.LOCK lock C 60000 => nil

        # A purchase of C without the lock is refused, and so is that of A.
        SECKILL.BUY bottle carl c LOCK lock C RELEASE => LOCKLOST
        SECKILL.BUY bottle bert b LOCK lock B RELEASE => SOLD
        SECKILL.BUY bottle anna a LOCK lock A RELEASE => LOCKLOST
        SECKILL.LOCK lock C 60000 => <us>
        SECKILL.BUY bottle carl c LOCK lock C RELEASE => SOLDOUT

        # Without a lock, too.
        SECKILL.BUY bottle anna a => SOLDOUT
        SECKILL.AUDIT bottle => OK
    ";
    let server = Server::start().await;
    play(&mut server.connect().await, session).await;
}

#[test]
fn at_scale_seckill_sells_exactly_the_stock() {
    let mut program = Command::new(built("seckill"));
    // Long enough for a slow machine.
    let load =
        ["--bottles", &BOTTLES.to_string(), "--buyers", "150", "--deadline-ms", "25000", "--lease-ms", "150"];
    let output = program.args(["incident", "--json"]).args(load).output().unwrap();
    let (printed, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{errors}");

    let report: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    let rows = report["rows"].as_array().expect("rows");
    let strategies: Vec<_> = rows.iter().map(|row| row["strategy"].as_str().unwrap()).collect();
    let ours = ["seckill, locked", "seckill, guarded", "seckill, unlocked"];
    assert_eq!(strategies, [&["naive", "safe lock", "atomic decrement"], &ours[..]].concat());
    for row in rows {
        let count = |field: &str| row[field].as_u64().unwrap_or_else(|| panic!("no {field} in {row}"));
        let (orders, oversold, undersold) = (count("orders"), count("oversold"), count("undersold"));
        assert_eq!(orders + undersold, BOTTLES + oversold, "{row}");
        if ours.contains(&row["strategy"].as_str().unwrap()) {
            assert_eq!((orders, oversold, undersold), (BOTTLES, 0, 0), "{row}");
        }
    }

    // With a guard one handler works at a time, although the service stalls for longer than the lease.
    let guarded = rows.iter().find(|row| row["strategy"] == "seckill, guarded").expect("the row");
    assert_eq!((&guarded["worked_without_lock"], &guarded["most_checks_at_once"]), (&0.into(), &1.into()));
}
