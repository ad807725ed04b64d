//! The help of each command: its examples run as they are written there.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs, iter};

use tempfile::TempDir;

use super::program::socket_url;
use super::terminal::Terminal;
use crate::harness::built::{built, workspace};
use crate::harness::conditions::wait_until;
use crate::harness::markdown::fenced_blocks;
use crate::harness::server::{Server, module};
use crate::harness::session::play;

/// What each example finds.
const SHOP: &str = "
    SECKILL.CREATE bottles STOCK 100 HOLD 600000 => OK
    SECKILL.BUY bottles ann order-1 => HELD
";

/// Commands that end when they are told to.
const ENDLESS: [&str; 3] = [" --follow", "seckill metrics bottles", "seckill serve"];

/// All commands that have no subcommands, with their words.
fn leaves(command: &clap::Command, words: &str) -> Vec<(String, clap::Command)> {
    let words = format!("{words}{}{}", if words.is_empty() { "" } else { " " }, command.get_name());
    if !command.has_subcommands() {
        return vec![(words, command.clone())];
    }
    command.get_subcommands().flat_map(|below| leaves(below, &words)).collect()
}

fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    lines.map_while(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

#[test]
fn each_command_has_an_example_and_each_argument_an_explanation() {
    for (words, command) in leaves(&seckill_cli::command(), "") {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "{words} has no example");
        for example in examples {
            assert!(example.contains(&words), "an example of {words}: {example}");
        }
        assert!(command.get_about().is_some(), "{words}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{words}: {}", argument.get_id());
        }
    }
}

/// The page of the program has all commands, and no other.
#[test]
fn the_page_has_all_commands() {
    let page = page();
    let table = page.lines().filter(|line| line.starts_with("| `seckill "));
    let named = table.flat_map(|line| line.split('|').nth(1).unwrap_or_default().split(", "));
    let named: BTreeSet<String> = named.map(|name| name.trim().trim_matches('`').to_owned()).collect();
    let known = leaves(&seckill_cli::command(), "").into_iter().map(|(words, _)| words).collect();
    // The page has a table of what `seckill serve` keeps, too.
    let (kept, named): (BTreeSet<_>, BTreeSet<_>) =
        named.into_iter().partition(|name| name.starts_with("seckill serve "));
    assert!(!kept.is_empty());
    assert_eq!(named, known);
}

/// The night on the page runs as it is written there, and so does the sale of many shards.
#[tokio::test]
async fn the_nights_of_the_page_run() {
    let page = page();
    for what in ["seckill sale open", "--shards"] {
        let night = fenced_blocks(&page).find(|block| block.contains(what)).expect(what);
        let server = Server::start().await;
        let shell = Shell::with(&server);
        for line in night.lines() {
            let output = shell.spawn(line).wait_with_output().unwrap();
            assert!(output.status.success(), "{line}: {output:?}");
        }
    }
}

/// What Prometheus reads says that the server is down, too.
#[tokio::test]
async fn the_recipe_of_the_page_for_textfiles_shows_an_outage() {
    let page = page();
    let recipe = page.split('`').find(|code| code.contains("seckill.prom.new")).expect("a recipe");
    let mut server = Server::start().await;
    play(&mut server.connect().await, SHOP).await;
    let shell = Shell::with(&server);
    let read = || {
        shell.spawn(recipe).wait_with_output().unwrap();
        fs::read_to_string(shell.home.path().join("seckill.prom")).unwrap()
    };
    let up = read();
    assert!(
        up.contains("seckill_up 1") && up.contains("seckill_sale_available{sale=\"bottles\"} 99"),
        "{up}"
    );
    server.kill();
    let down = read();
    assert!(down.contains("seckill_up 0"), "{down}");
    server.restart().await;
}

fn page() -> String {
    fs::read_to_string(workspace().join("client/cli/README.md")).unwrap()
}

/// A directory where `seckill` is the program that was built.
struct Shell {
    home: TempDir,
    path: String,
    url: String,
}

impl Shell {
    fn with(server: &Server) -> Self {
        let home = tempfile::tempdir().unwrap();
        let bin = built("seckill").parent().unwrap().display().to_string();
        let path = format!("{bin}:{}", env::var("PATH").unwrap());
        Self { home, path, url: socket_url(&server.socket()) }
    }

    fn spawn(&self, line: &str) -> Child {
        let mut shell = self.command(line);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self, line: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.home.path());
        shell.env("PATH", &self.path).env("HOME", self.home.path()).env("SECKILL_URL", &self.url);
        shell.env("SECKILL_MODULE", module());
        shell
    }
}

#[tokio::test]
async fn each_example_runs_as_written() {
    for (words, command) in leaves(&seckill_cli::command(), "") {
        for example in examples(&command) {
            let server = Server::start().await;
            play(&mut server.connect().await, SHOP).await;
            let shell = Shell::with(&server);
            if ENDLESS.iter().any(|endless| example.contains(endless)) {
                ends_by_sigint(&shell, &words, &example).await;
            } else if words == "seckill top" && !example.contains("--once") {
                ends_by_q(&shell, &example).await;
            } else {
                let output = shell.spawn(&example).wait_with_output().unwrap();
                assert!(output.status.success(), "{example}: {output:?}");
            }
        }
    }
}

/// It prints something, and ends by Ctrl-C.
async fn ends_by_sigint(shell: &Shell, words: &str, example: &str) {
    // A server that listens at a fixed port would disturb others.
    let socket = shell.home.path().join("socket");
    let is_server = words == "seckill serve";
    let elsewhere = match words {
        "seckill serve" => format!(" --port 0 --unixsocket {}", socket.display()),
        "seckill metrics" => " --listen 127.0.0.1:0".to_owned(),
        _ => String::new(),
    };
    let mut process = shell.spawn(&format!("exec {example}{elsewhere}"));
    let mut first = [0];
    process
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap_or_else(|_| panic!("{example} prints nothing"));
    wait_until("the server is there", async || !is_server || socket.exists()).await;
    let interrupt = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(interrupt.success(), "{example}");
    process.wait().unwrap();
}

/// It takes the screen of a terminal until q is pressed.
async fn ends_by_q(shell: &Shell, example: &str) {
    let mut terminal = Terminal::run(&shell.command(example), 80, 24);
    terminal.shows(&["q quit"]).await;
    terminal.press("q");
    assert_eq!(terminal.ends_cleanly().await, 0, "{example}");
}

#[test]
fn there_is_a_man_page_for_each_command() {
    let directory = tempfile::tempdir().unwrap();
    let man = Command::new(built("seckill")).arg("man").arg(directory.path()).status().unwrap();
    assert!(man.success());
    let page =
        |words: &str| fs::read_to_string(directory.path().join(words.replace(' ', "-") + ".1")).unwrap();
    for (words, command) in leaves(&seckill_cli::command(), "") {
        let text = page(&words);
        for example in examples(&command) {
            // Roff escapes what it would otherwise interpret.
            let escaped = example.replace('-', "\\-").replace('\'', "\\*(Aq");
            assert!(text.contains(&escaped), "{words}.1 lacks {escaped}\n{text}");
        }
    }
    assert!(page("seckill").contains("SECKILL_URL"));
}

#[test]
fn there_are_completions_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(built("seckill")).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        for (words, _) in leaves(&seckill_cli::command(), "") {
            let word = words.rsplit(' ').next().unwrap();
            assert!(script.contains(word), "{shell} does not complete {words}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    completes_in_bash(directory.path());
}

/// What bash offers after `seckill sale ro`.
fn completes_in_bash(directory: &Path) {
    let script = Command::new(built("seckill")).args(["completions", "bash"]).output().unwrap().stdout;
    fs::write(directory.join("seckill.bash"), script).unwrap();
    let line = "source ./seckill.bash; COMP_WORDS=(seckill sale ro); COMP_CWORD=2; \
                _seckill seckill ro sale; echo ${COMPREPLY[@]}";
    let output = Command::new("bash").args(["-c", line]).current_dir(directory).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "roll\n", "{output:?}");
}

/// What a person sees at a terminal of 80 columns.
#[test]
fn the_help_fits_a_terminal() {
    let all = leaves(&seckill_cli::command(), "").into_iter().map(|(words, _)| words);
    for words in iter::once("seckill".to_owned()).chain(all) {
        let mut help = Command::new(built("seckill"));
        // Help shows the values of some variables, which may be long.
        let help = help.env_remove("SERVER").env_remove("SECKILL_MODULE").env("COLUMNS", "80");
        let output = help.args(words.split(' ').skip(1)).arg("--help").output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        for line in printed.lines() {
            assert!(line.chars().count() <= 80, "{words}: {line}");
        }
    }
}
