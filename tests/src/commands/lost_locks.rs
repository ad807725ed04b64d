//! `seckill lock run`: a command ends when its lock is lost.

use nix::sys::signal::Signal;

use super::locked::{Place, until};
use super::program::Program;
use crate::harness::conditions::{now_ms, wait_until};
use crate::harness::processes::Stopped;
use crate::harness::server::Server;
use crate::harness::session::{ask, get, play};

/// Processes that ignore SIGTERM, one of them in the background.
const DEAF: &str =
    "trap '' TERM; (touch child; sleep 1000; sleep 1000) & touch ready; sleep 1000; sleep 1000";

#[tokio::test]
async fn a_lock_that_another_has_ends_all_that_the_command_started() {
    let server = Server::start().await;
    let program = Program::on(&server);
    for takes_away in ["DEL lock => 1", "SET lock another => OK"] {
        let place = Place::new();
        let run = place.start(&program, "lock --lease 1s --grace 100ms", DEAF);
        place.wait_for("ready").await;
        place.wait_for("child").await;
        play(&mut server.connect().await, takes_away).await;
        let ended = run.ended().await;
        assert_eq!(ended.code, 75, "{ended:?}");
        assert!(ended.errors.contains("the lock lock is lost"), "{ended:?}");
        assert!(ended.errors.contains("SIGKILL"), "{ended:?}");
        ask(&mut server.connect().await, "DEL lock").await;
    }
}

#[tokio::test]
async fn the_command_can_end_in_order() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let script = format!("trap 'echo bye; exit 3' TERM; touch ready; {}", until("never"));
    let run = place.start(&program, "lock --lease 2s", &script);
    place.wait_for("ready").await;
    play(&mut server.connect().await, "DEL lock => 1").await;
    let ended = run.ended().await;
    assert_eq!((ended.code, ended.out.as_str()), (75, "bye\n"), "{ended:?}");
    assert!(!ended.errors.contains("did not end"), "{ended:?}");
}

/// Its exit code would say that it had the lock all the time.
#[tokio::test]
async fn a_lock_that_was_lost_before_the_end_is_told() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let run = place.start(&program, "lock --lease 1h", &format!("touch ready; {}", until("go")));
    place.wait_for("ready").await;
    play(&mut server.connect().await, "SET lock another => OK").await;
    place.touch("go");
    let ended = run.ended().await;
    assert_eq!(ended.code, 75, "{ended:?}");
    assert!(ended.errors.contains("before the command ended with 0"), "{ended:?}");
    assert_eq!(ask(&mut server.connect().await, "GET lock").await, "\"another\"");
}

/// No server answers: the command has ended when another can have the lock.
#[tokio::test]
async fn the_command_ends_within_the_lease() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let run = place.start(&program, "lock --lease 12s --grace 4s --within 1s", "touch ready; sleep 1000");
    place.wait_for("ready").await;
    let mut connection = server.connect().await;
    let left: u64 = get(&mut connection, "PTTL lock").await;
    let end = now_ms() + left;
    let _stopped = Stopped::server(&mut connection).await;
    let ended = run.ended().await;
    assert!(now_ms() < end, "{ended:?}");
    assert_eq!(ended.code, 75, "{ended:?}");
    assert!(ended.errors.contains("cannot be renewed, and its lease ends in"), "{ended:?}");
}

/// Nobody renews the lock any more.
#[tokio::test]
async fn a_command_does_not_outlive_the_program() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let run = place.start(&program, "lock --lease 2s --grace 200ms", DEAF);
    place.wait_for("ready").await;
    place.wait_for("child").await;
    run.signal(Signal::SIGKILL);
    run.ended().await;
    let mut connection = server.connect().await;
    wait_until("its lease ends", async || ask(&mut connection, "GET lock").await == "nil").await;
}
