//! The configs of the module, and its warning about a config of the server.

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

#[tokio::test]
async fn a_policy_that_could_evict_locks_or_sales_causes_a_warning() {
    let log_of = async |policy: &str| {
        let server = Server::with(&format!("maxmemory-policy {policy}")).await;
        server.log()
    };
    for policy in ["allkeys-lru", "volatile-ttl"] {
        assert!(log_of(policy).await.contains(&format!("maxmemory-policy is {policy}")));
    }
    assert!(!log_of("noeviction").await.contains("maxmemory-policy"));
}
