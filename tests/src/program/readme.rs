//! The sessions of the README and of the reference, run as they are written there.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::built::workspace;
use crate::harness::markdown::fenced_blocks;
use crate::harness::server::Server;

const PROMPT: &str = "127.0.0.1:6379> ";

/// The output of redis-cli for these lines.
fn redis_cli(socket: &Path, input: &str) -> String {
    let mut cli = Command::new("redis-cli")
        .args(["--no-raw", "-s"])
        .arg(socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-cli is installed");
    cli.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(cli.wait_with_output().unwrap().stdout).unwrap()
}

/// A written line that ends in `…` matches every line that begins like it: fences and times differ in every
/// run.
fn matches(written: &str, got: &str) -> bool {
    written.strip_suffix('…').map_or(written == got, |begin| got.starts_with(begin))
}

#[tokio::test]
async fn the_sessions_of_the_readme_run_as_written() {
    run_as_written("README.md").await;
}

#[tokio::test]
async fn the_sessions_of_the_reference_run_as_written() {
    run_as_written("module/README.md").await;
}

async fn run_as_written(page: &str) {
    let text = fs::read_to_string(workspace().join(page)).expect(page);
    let sessions: Vec<_> = fenced_blocks(&text).filter(|block| block.contains(PROMPT)).collect();
    assert!(!sessions.is_empty(), "{page} shows no session: a fenced block with lines `{PROMPT}COMMAND`");
    for session in sessions {
        let lines = session.lines().filter(|line| !line.is_empty());
        let (typed, written): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with(PROMPT));
        let input: String = typed.iter().map(|line| format!("{}\n", &line[PROMPT.len()..])).collect();

        let server = Server::start().await;
        let output = redis_cli(&server.socket(), &input);
        let got: Vec<&str> = output.lines().filter(|line| !line.is_empty()).collect();
        for (written, got) in written.iter().zip(&got) {
            assert!(matches(written, got), "{page}: {written}\nredis-cli: {got}\n\nall of it:\n{output}");
        }
        assert_eq!(written.len(), got.len(), "{page}:\n{session}\n\nredis-cli:\n{output}");
    }
}
