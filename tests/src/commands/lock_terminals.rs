//! `seckill lock run` at a terminal.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::thread;

use nix::pty::openpty;

use super::locked::Place;
use super::program::socket_url;
use crate::harness::built::built;
use crate::harness::conditions::wait_until;
use crate::harness::server::Server;
use crate::harness::session::ask;

/// A command gets it for certain when it starts nothing itself: a shell ignores it where the process that it waits for ends by itself.
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

/// A shell at a terminal, which does its jobs as it does those of a user.
struct Terminal {
    shell: Child,
    keyboard: File,
}

impl Terminal {
    fn start(server: &Server, place: &Place, shell: &str, script: &str) -> Self {
        let terminal = openpty(None, None).unwrap();
        let end = || terminal.slave.try_clone().unwrap();
        fs::write(place.path("script"), script).unwrap();
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait", shell, "script"]).current_dir(place.path(""));
        session.env("SECKILL_URL", socket_url(&server.socket())).env("SECKILL", built("seckill"));
        let shell = session.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keyboard = File::from(terminal.master);
        let mut screen = keyboard.try_clone().unwrap();
        // A terminal that nobody reads becomes full. It ends with an error.
        thread::spawn(move || while screen.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {});
        Self { shell, keyboard }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

async fn contains(place: &Place, file: &str, text: &str) {
    wait_until(file, async || place.read(file) == format!("{text}\n")).await;
}

#[tokio::test]
async fn a_command_has_the_terminal() {
    let (server, place) = (Server::start().await, Place::new());
    let script = "
        set -m
        run() { \"$SECKILL\" lock run lock --lease 1m -- sh -c \"$1\"; }
        run 'read word; echo $word > read'
        run ': > runs; exec sleep 1000'; echo $? > interrupted
        run 'touch stops; read word; echo $word > continued'; touch stopped; fg; echo $? > ended
        run 'read word < /dev/tty; echo $word > piped' | cat
        run 'read word < /dev/tty; echo $word > background' &
        until jobs -s | grep -q .; do sleep 0.01; done; touch started; fg
    ";
    let mut terminal = Terminal::start(&server, &place, "bash", script);
    terminal.press("hello\n");
    contains(&place, "read", "hello").await;
    place.wait_for("runs").await;
    terminal.press(CTRL_C);
    contains(&place, "interrupted", "130").await;
    place.wait_for("stops").await;
    terminal.press(CTRL_Z);
    place.wait_for("stopped").await;
    terminal.press("again\n");
    contains(&place, "continued", "again").await;
    contains(&place, "ended", "0").await;
    terminal.press("piped\n");
    contains(&place, "piped", "piped").await;
    place.wait_for("started").await;
    terminal.press("background\n");
    contains(&place, "background", "background").await;
}

/// Another may have the lock now: the command does not go on.
#[tokio::test]
async fn a_command_that_was_stopped_for_longer_than_its_lease_ends() {
    let (server, place) = (Server::start().await, Place::new());
    let script = "
        set -m
        \"$SECKILL\" lock run lock --lease 1s -- sh -c 'touch stops; read word; touch wrong'
        \"$SECKILL\" lock run lock -- true
        fg; echo $? > code
    ";
    let mut terminal = Terminal::start(&server, &place, "bash", script);
    place.wait_for("stops").await;
    terminal.press(CTRL_Z);
    contains(&place, "code", "75").await;
    assert!(!place.path("wrong").exists());
}

/// A script beside a command is interrupted with it.
#[tokio::test]
async fn an_interrupt_is_for_the_script_as_well() {
    let (server, place) = (Server::start().await, Place::new());
    let script = "\"$SECKILL\" lock run lock -- sh -c ': > runs; exec sleep 1000'; touch wrong";
    let mut terminal = Terminal::start(&server, &place, "dash", script);
    place.wait_for("runs").await;
    terminal.press(CTRL_C);
    wait_until("the script ends", async || terminal.shell.try_wait().unwrap().is_some()).await;
    assert!(!place.path("wrong").exists());
    assert_eq!(ask(&mut server.connect().await, "GET lock").await, "nil");
}
