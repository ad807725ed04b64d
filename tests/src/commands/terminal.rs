//! The program on a terminal: what is on its screen, and keys.

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use tokio::time::{sleep, timeout};

use crate::harness::conditions::{PATIENCE, wait_until};

/// A program that runs on a terminal of its own. It ends with this.
pub(super) struct Terminal {
    pair: PtyPair,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// The modes of the terminal before the program ran.
    modes: String,
}

impl Terminal {
    /// Starts the program with the arguments and the environment of this command.
    pub(super) fn run(command: &Command, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let modes = modes(&pair);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(positive(rows), positive(columns), 0)));
        show_on(screen.clone(), pair.master.try_clone_reader().unwrap());
        let keyboard = pair.master.take_writer().unwrap();
        let child = pair.slave.spawn_command(on_terminal(command)).unwrap();
        Self { pair, keyboard, child, screen, modes }
    }

    /// Presses keys.
    pub(super) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Makes the terminal another size.
    pub(super) fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(positive(rows), positive(columns));
        self.pair.master.resize(size(columns, rows)).unwrap();
    }

    /// The text on the screen.
    pub(super) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen has a line with all these words.
    pub(super) async fn shows(&self, words: &[&str]) {
        self.waits(words, true).await;
    }

    /// Waits until the screen has no such line.
    pub(super) async fn shows_no_more(&self, words: &[&str]) {
        self.waits(words, false).await;
    }

    async fn waits(&self, words: &[&str], should: bool) {
        let shows = || self.text().lines().any(|line| words.iter().all(|word| line.contains(word)));
        let until = async {
            while shows() != should {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PATIENCE, until).await.is_err() {
            panic!("{words:?} should be on the screen: {should}\n{}", self.text());
        }
    }

    /// Whether any letter has a colour of its own.
    pub(super) fn has_colours(&self) -> bool {
        let screen = self.screen.lock().unwrap();
        let (rows, columns) = screen.screen().size();
        let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.screen().cell(row, column));
        cells.any(|cell| cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default)
    }

    /// The process of the program.
    pub(super) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits until the program has ended, and left the terminal as it was: its exit code.
    pub(super) async fn ends_cleanly(mut self) -> u32 {
        let mut ended = None;
        wait_until("the program ends", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        wait_until("the screen is the usual one", async || {
            let screen = self.screen.lock().unwrap();
            !screen.screen().alternate_screen() && !screen.screen().hide_cursor()
        })
        .await;
        assert_eq!(modes(&self.pair), self.modes, "the modes of the terminal");
        ended.unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, unless a test failed.
        let _ = self.child.kill();
    }
}

/// Reads what the program writes, until the terminal is closed.
fn show_on(screen: Arc<Mutex<vt100::Parser>>, mut output: Box<dyn Read + Send>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            screen.lock().unwrap().process(&bytes[..count]);
        }
    });
}

fn on_terminal(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env("TERM", "xterm-256color");
    builder.env_remove("NO_COLOR");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    builder
}

fn positive(length: u16) -> NonZero<u16> {
    NonZero::new(length).unwrap()
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn modes(pair: &PtyPair) -> String {
    format!("{:?}", pair.master.get_termios().unwrap())
}
