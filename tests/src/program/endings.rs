//! Whatever ends the program ends its server, too, and removes what is not to be kept.

use std::fs::{self, File};
use std::process::Command;

use super::running::{Running, User, send};
use crate::harness::built::built;
use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::session::play;

/// What ends a program: Ctrl-C, `kill`, a terminal that is closed, and what no program can handle.
const SIGNALS: [&str; 4] = ["INT", "TERM", "HUP", "KILL"];

/// Its server replies, and its directory is among the temporary ones.
async fn leaves_nothing(user: &User, running: Running, signal: &str) {
    let lifeline = running.lifeline();
    assert_eq!(user.temporary_files().len(), 1, "SIG{signal}");
    running.signal(signal);
    lifeline.wait();
    wait_until("its directory is removed", async || user.temporary_files().is_empty()).await;
}

#[tokio::test]
async fn an_incident_leaves_no_server_and_no_directory() {
    for signal in SIGNALS {
        let user = User::new();
        let running = user.endless_incident().await;
        leaves_nothing(&user, running, signal).await;
    }
}

#[tokio::test]
async fn a_throwaway_server_leaves_none() {
    for signal in SIGNALS {
        let user = User::new();
        let running = user.serve(&["--throwaway"]).await;
        leaves_nothing(&user, running, signal).await;
    }
}

/// The server shuts down as it does by itself: it says so, and loads all that it accepted.
#[tokio::test]
async fn a_server_with_data_shuts_down() {
    for signal in SIGNALS {
        let user = User::new();
        let first = user.serve(&["--logfile", "log"]).await;
        play(&mut first.connect().await, "SECKILL.CREATE bottles STOCK 3 => OK").await;
        let lifeline = first.lifeline();
        first.signal(signal);
        lifeline.wait();
        drop(first);

        let data = user.home.path().join("seckill-data");
        let lock = File::open(data.join("seckill.lock")).unwrap();
        wait_until("the directory is unlocked", async || lock.try_lock().is_ok()).await;
        drop(lock);

        let second = user.serve(&[]).await;
        play(&mut second.connect().await, "SECKILL.BUY bottles ann order-1 => SOLD").await;
        let log = fs::read_to_string(data.join("log")).unwrap();
        assert_eq!(log.matches("ready to exit").count(), 1, "SIG{signal}:\n{log}");
    }
}

/// A stopped server handles no signal but SIGKILL. As the program ends, the system sends SIGHUP to all processes
/// beside a stopped one.
#[tokio::test]
async fn a_stopped_server_ends_too() {
    let user = User::new();
    let running = user.endless_incident().await;
    let process = stat(&mut running.connect().await, "server", "process_id").await;
    send("STOP", process.parse().unwrap());
    leaves_nothing(&user, running, "KILL").await;
}

/// `nohup` lets programs ignore SIGHUP.
#[tokio::test]
async fn a_server_under_nohup_outlives_the_terminal() {
    let user = User::new();
    let mut nohup = Command::new("nohup");
    let running = user.serve_by(nohup.arg(built("seckill")), &[]).await;
    running.signal("HUP");
    play(&mut running.connect().await, "SECKILL.LOCK lock ann 60000 => <us>").await;
    // SIGHUP has been handled before SIGTERM is.
    running.signal("TERM");
    assert!(running.output().status.success());
}
