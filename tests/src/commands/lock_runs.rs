//! `seckill lock run`: a command that keeps its lock.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::locked::{Place, Started, until};
use super::program::{Program, socket_url};
use crate::harness::built::built;
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

async fn waiters(program: &Program) -> usize {
    program.json("lock show lock").await["waiters"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_command() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    for (script, code) in [("true", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        let ended = place.run(&program, "lock", script).await;
        assert_eq!((ended.code, ended.errors.as_str()), (code, ""), "{script}");
        assert_eq!(ask(&mut server.connect().await, "GET lock").await, "nil", "{script}");
    }
    for (line, code, error) in [
        ("lock run lock -- /missing", 127, "cannot run /missing"),
        ("lock run lock -- /", 126, "cannot run /"),
        ("lock run lock", 2, "COMMAND"),
        ("lock run lock --lease 10s --grace 6s -- true", 2, "more than half of --lease 10s"),
        ("lock run lock --lease 1ms -- true", 2, "100ms or longer"),
        ("--url redis+unix:///nowhere lock run lock -- true", 3, "--url or SECKILL_URL names another"),
    ] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(error), "{line}: {ended:?}");
        assert_eq!(ask(&mut server.connect().await, "GET lock").await, "nil", "{line}");
    }
}

#[tokio::test]
async fn the_command_has_its_input_and_its_outputs_and_knows_its_lock() {
    let server = Server::start().await;
    let place = Place::new();
    place.touch("empty");
    std::fs::write(place.path("input"), "hello").unwrap();
    let script = r#"cat; echo " $SECKILL_LOCK"; echo "$SECKILL_FENCE" > fence; echo problem >&2"#;
    let mut command = place.command(&Program::on(&server), "lock", script);
    command.stdin(std::fs::File::open(place.path("input")).unwrap());
    let ended = Started::from(&mut command).ended().await;
    assert_eq!((ended.code, ended.out.as_str(), ended.errors.as_str()), (0, "hello lock\n", "problem\n"));
    place.read("fence").trim().parse::<u64>().unwrap();
}

/// First come, first served, one at a time, with fences that increase.
#[tokio::test]
async fn commands_take_turns() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let script = format!("mkdir alone && echo $0 $SECKILL_FENCE >> log; {}; rmdir alone", until("go"));
    let mut runs = vec![];
    for number in 0..3 {
        let line = if number == 1 { "lock --wait 1h" } else { "lock" };
        runs.push(place.start(&program, line, &script));
        if number == 0 {
            place.wait_for("alone").await;
        }
        wait_until("it waits", async || waiters(&program).await == number).await;
    }
    for patience in ["0s", "20ms"] {
        let ended = place.run(&program, &format!("lock --wait {patience}"), "true").await;
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.errors.contains("`seckill lock show lock` says who has it"), "{ended:?}");
    }
    place.touch("go");
    for run in runs {
        assert_eq!(run.ended().await.code, 0);
    }
    let log = place.read("log");
    let fences = log.lines().map(|line| line.split_once(' ').unwrap().1.parse::<u64>().unwrap());
    assert!(fences.clone().count() == 3 && fences.is_sorted(), "{log}");
}

/// A lease that is much shorter than the work.
#[tokio::test]
async fn the_lock_is_renewed() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let run = place.start(&program, "lock --lease 2s", &format!("touch ready; {}", until("go")));
    place.wait_for("ready").await;
    let mut connection = server.connect().await;
    wait_until("four leases are over", async || {
        let calls = ask(&mut connection, "INFO commandstats").await;
        calls.contains("cmdstat_SECKILL.RENEW:calls=12") || calls.contains("cmdstat_seckill.renew:calls=12")
    })
    .await;
    place.touch("go");
    assert_eq!(run.ended().await.code, 0);
}

#[tokio::test]
async fn signals_are_passed_on() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    for signal in
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2]
    {
        let name = signal.as_str().trim_start_matches("SIG");
        let script = format!("trap 'echo {name}; exit 9' {name}; touch {name}; {}", until("never"));
        let run = place.start(&program, "lock", &script);
        place.wait_for(name).await;
        run.signal(signal);
        let ended = run.ended().await;
        assert_eq!((ended.code, ended.out.trim_end()), (9, name), "{ended:?}");
    }
    let run = place.start(&program, "lock", "touch ready; sleep 1000; true");
    place.wait_for("ready").await;
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended().await.code, 143, "all end that hold its output");
}

/// A message for the command is none for what it started.
#[tokio::test]
async fn a_user_signal_is_for_the_command_alone() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let script = format!("trap 'touch got' USR1; ({}; exit 5) & touch ready; wait; wait $!", until("go"));
    let run = place.start(&program, "lock", &script);
    place.wait_for("ready").await;
    run.signal(Signal::SIGUSR1);
    place.wait_for("got").await;
    place.touch("go");
    assert_eq!(run.ended().await.code, 5);
}

/// `nohup` lets the command ignore SIGHUP.
#[tokio::test]
async fn what_is_ignored_stays_ignored() {
    let server = Server::start().await;
    let mut nohup = Command::new("nohup");
    nohup.arg(built("seckill")).args(["--url", &socket_url(&server.socket()), "lock", "run", "lock", "--"]);
    let output = nohup.args(["sh", "-c", "kill -HUP $$; echo alive"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "alive\n");
}

#[tokio::test]
async fn what_runs_in_the_background_runs_on() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    let script = format!("({}; touch done) >/dev/null 2>&1 &", until("go"));
    assert_eq!(place.run(&program, "lock", &script).await.code, 0);
    place.touch("go");
    place.wait_for("done").await;
}

#[tokio::test]
async fn whoever_waits_can_be_interrupted_and_leaves_the_line() {
    let server = Server::start().await;
    let (program, place) = (Program::on(&server), Place::new());
    play(&mut server.connect().await, "SECKILL.LOCK lock ann 3600000 => <us>").await;
    let run = place.start(&program, "lock", "true");
    wait_until("it waits", async || waiters(&program).await == 1).await;
    run.signal(Signal::SIGINT);
    wait_until("it has left", async || waiters(&program).await == 0).await;
}

/// Three servers that know nothing of each other keep the lock together, one of which is down.
#[tokio::test]
async fn several_servers_make_a_redlock() {
    let mut servers = [Server::start().await, Server::start().await, Server::start().await];
    let urls: Vec<String> = servers.iter().map(|server| socket_url(&server.socket())).collect();
    servers[0].kill();
    let (program, place) = (Program::at(&urls), Place::new());
    let script = format!("echo ${{SECKILL_FENCE-none}}; touch ready; {}", until("go"));
    let run = place.start(&program, "lock", &script);
    place.wait_for("ready").await;
    for server in &servers[1..] {
        assert_ne!(ask(&mut server.connect().await, "GET lock").await, "nil");
    }
    assert_eq!(place.run(&program, "lock --wait 0s", "true").await.code, 1);
    let shown = program.run("lock show lock --json").await;
    assert_eq!(shown.code, 3, "{shown:?}");
    assert!(shown.errors.contains(&urls[0]["redis+unix://".len()..]), "{shown:?}");
    let shown: Vec<Value> = shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0]["holder"], shown[1]["holder"]);
    place.touch("go");
    let ended = run.ended().await;
    assert_eq!((ended.code, ended.out.as_str()), (0, "none\n"), "{ended:?}");
    for server in &servers[1..] {
        assert_eq!(ask(&mut server.connect().await, "GET lock").await, "nil");
    }

    let run = place.start(&program, "lock --lease 1s", "touch again; sleep 1000");
    place.wait_for("again").await;
    for server in &servers[1..] {
        play(&mut server.connect().await, "DEL lock => 1").await;
    }
    assert_eq!(run.ended().await.code, 75);

    let twice = place.run(&Program::at([&urls[1], &urls[1]]), "lock", "true").await;
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(twice.errors.contains("twice"), "{twice:?}");
}
