//! Exit codes, and what an error says to do next.

use super::program::Program;
use crate::harness::server::Server;

#[tokio::test]
async fn the_exit_code_says_whose_fault_it_is() {
    let server = Server::start().await;
    let program = Program::on(&server);
    for (line, code, advice) in [
        ("sale create bottles --stock 3", 0, ""),
        ("sale show missing", 1, "`seckill sale list` lists the sales"),
        ("sale create bottles --stock 4", 1, "BUSYKEY"),
        ("sale create bottles --stock many", 2, "--stock"),
        ("sale create other --stock 3 --opens tomorrow", 2, "2026-11-27T20:00:00Z or +10m"),
        ("--url redis://ann:secret@/x:y sale show bottles", 2, "--url: "),
        ("--url redis+unix:///nowhere sale show bottles", 3, "--url or SECKILL_URL names another"),
    ] {
        let ended = program.run(line).await;
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(advice) && !ended.errors.contains("secret"), "{line}: {ended:?}");
        assert_eq!(ended.out.is_empty(), code != 0, "{line}: {ended:?}");
    }
}

#[tokio::test]
async fn a_server_without_the_module_is_named_so() {
    let server = Server::without_module("").await.unwrap();
    let program = Program::at([super::program::socket_url(&server.socket())]);
    let ended = program.run("sale show bottles").await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.errors.contains("the server lacks the module"), "{ended:?}");
}

/// A server that accepts connections and does not answer.
#[tokio::test]
async fn a_silent_server_takes_no_longer_than_it_may() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let begun = std::time::Instant::now();
    let ended = Program::at([url]).run("--within 200ms sale show bottles").await;
    assert_eq!(ended.code, 3, "{ended:?}");
    // Without the option it would take five seconds.
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// A name is any bytes, and goes to a terminal as it was read.
#[tokio::test]
async fn no_name_of_an_argument_disturbs_a_terminal() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 3").await;
    program.prints("buy bottles ann --order \u{1b}[2Jx").await;
    for line in [
        "confirm bottles \u{1b}[2Jx",
        "order bottles \u{1b}[2Jy",
        "buyer bottles \u{1b}[2J",
        "sale show \u{1b}[2J",
    ] {
        let ended = program.run(line).await;
        assert!(!(ended.out + &ended.errors).contains('\u{1b}'), "{line:?}");
    }
}

/// What is wrong with a URL may be how its password is written.
#[tokio::test]
async fn no_error_shows_a_password() {
    for url in [
        "redis+unix:///nowhere?db=x&pass=s3cret",
        "ann:s3cret@host:6379",
        "redis:/:s3cret@host",
        "redis://ann:s3cret%40host:99999",
        "redis://:s3,cret@host:x",
    ] {
        let ended = Program::at([url]).run("sale list").await;
        assert!(ended.code == 2 && !ended.errors.contains("s3"), "{url}: {ended:?}");
    }
}

/// Where neither results nor errors can be written, the exit code says what was the matter.
#[tokio::test]
async fn a_full_disk_is_an_error_and_no_panic() {
    let server = Server::start().await;
    let program = Program::on(&server);
    program.prints("sale create bottles --stock 3").await;
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = |line: &str| program.command(line.split_whitespace());
    let ended = run("sale show missing").stderr(full()).status().unwrap();
    assert_eq!(ended.code(), Some(1));
    let ended = run("buy bottles ann").stdout(full()).output().unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    let order = program.json("buyer bottles ann").await["orders"][0]["order"].as_str().unwrap().to_owned();
    assert!(ended.status.code() == Some(3) && errors.contains(&order), "{errors}");
    let ended = run("serve --throwaway --port 0").stdout(full()).output().unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(3) && errors.contains("cannot write to stdout"), "{errors}");
}
