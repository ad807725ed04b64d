//! The configs of the module, and its arguments.

use std::fs;

use seckill_launcher::Error;

use crate::harness::server::Server;
use crate::harness::session::{ask, lines, play};

#[tokio::test]
async fn configs_are_read_and_set() {
    let server = Server::with("seckill.max-orders 7").await;
    let session = r#"
        CONFIG GET seckill.max-orders => {"seckill.max-orders" "7"}
        CONFIG SET seckill.max-orders 0 => -ERR
        CONFIG SET seckill.max-orders 30000001 => -ERR
        CONFIG SET seckill.max-orders many => -ERR
        CONFIG SET seckill.max-orders 30000000 => OK
        CONFIG GET seckill.max-orders => {"seckill.max-orders" "30000000"}
        CONFIG GET seckill.apply-from-clients => {"seckill.apply-from-clients" "no"}
        CONFIG SET seckill.apply-from-clients maybe => -ERR
        CONFIG SET seckill.apply-from-clients yes => OK
        CONFIG GET seckill.apply-from-clients => {"seckill.apply-from-clients" "yes"}
    "#;
    let mut connection = server.connect().await;
    for (line, expected) in lines(session) {
        let reply = ask(&mut connection, line).await;
        // The server words the error of a bad value.
        let matches = if expected == "-ERR" { reply.starts_with("-ERR ") } else { reply == expected };
        assert!(matches, "{line}: {reply}");
    }
    let server = Server::start().await;
    let default = r#"CONFIG GET seckill.max-orders => {"seckill.max-orders" "5000000"}"#;
    play(&mut server.connect().await, default).await;
}

/// The three ways in which a config is given to a server that starts or runs, for each config.
#[tokio::test]
async fn arguments_of_the_module_are_defaults_of_its_configs() {
    let lines = [
        "seckill.max-orders 7",
        "seckill.max-events 8",
        "seckill.max-waiters 9",
        "seckill.apply-from-clients no",
        "seckill.allow-eviction no",
    ];
    let session = |values: [&str; 5]| {
        let names = ["max-orders", "max-events", "max-waiters", "apply-from-clients", "allow-eviction"];
        let pairs = names.iter().zip(values);
        pairs
            .map(|(name, value)| format!("CONFIG GET seckill.{name} => {{\"seckill.{name}\" \"{value}\"}}\n"))
            .collect::<String>()
    };
    let arguments = "max-orders 5 max-events 6 max-waiters 0 apply-from-clients yes ALLOW-EVICTION Yes";
    let by_arguments = Server::with_arguments(arguments, "").await.unwrap();
    play(&mut by_arguments.connect().await, &session(["5", "6", "0", "yes", "yes"])).await;
    let some = Server::with_arguments("allow-eviction yes", "").await.unwrap();
    play(&mut some.connect().await, &session(["5000000", "20000000", "65536", "no", "yes"])).await;

    let by_both = Server::with_arguments(arguments, &lines.join("\n")).await.unwrap();
    let mut connection = by_both.connect().await;
    play(&mut connection, &session(["7", "8", "9", "no", "no"])).await;
    // What CONFIG REWRITE writes takes precedence over the arguments, too, which it leaves in their line.
    play(&mut connection, "CONFIG SET seckill.max-orders 5000000 => OK\nCONFIG REWRITE => OK").await;
    let written = fs::read_to_string(by_both.home().join("config")).unwrap();
    assert!(written.lines().any(|line| line == "seckill.max-orders 5000000"), "{written}");
}

#[tokio::test]
async fn wrong_arguments_are_refused() {
    for (arguments, text) in [
        (
            "max-order 5",
            "the module has no argument max-order; it takes these, each followed by its value: max-orders, max-events, max-waiters, apply-from-clients, allow-eviction",
        ),
        ("5", "the argument 5 of the module lacks its value"),
        ("max-orders 5 allow-eviction", "the argument allow-eviction of the module lacks its value"),
        ("max-orders 0", "the argument max-orders of the module must be an integer between 1 and 30000000"),
        (
            "max-orders 30000001",
            "the argument max-orders of the module must be an integer between 1 and 30000000",
        ),
        ("max-orders 1k", "the argument max-orders of the module must be an integer between 1 and 30000000"),
        ("apply-from-clients 1", "the argument apply-from-clients of the module must be yes or no"),
        ("allow-eviction maybe", "the argument allow-eviction of the module must be yes or no"),
    ] {
        let Err(error) = Server::with_arguments(arguments, "").await else {
            panic!("it starts with {arguments}")
        };
        assert!(matches!(error, Error::Ended { .. }), "{arguments}: {error}");
        assert!(error.to_string().contains(text), "{arguments}: {error}");
    }
}
