//! `seckill lock show`: who holds a lock, and who waits, without their tokens.

use serde_json::json;

use super::program::Program;
use crate::harness::server::Server;
use crate::harness::session::play;
use crate::harness::waiting::Call;

#[tokio::test]
async fn a_lock_is_shown_without_its_tokens() {
    for protocol in ["resp2", "resp3"] {
        let server = Server::start().await;
        let url = format!("{}?protocol={protocol}", super::program::socket_url(&server.socket()));
        let program = Program::at([url]);
        let free = json!({"lock": "lock", "holder": null, "lease": null, "fence": null, "waiters": []});
        assert_eq!(program.json("lock show lock").await, free);
        assert_eq!(program.prints("lock show lock").await, "lock  free\n  line    nobody waits\n");

        play(&mut server.connect().await, "SET lock token-1 => OK").await;
        let _first = Call::wait_at(&server, "SECKILL.LOCK lock token-2 10000 BLOCK 0").await;
        let _second = Call::wait_at(&server, "SECKILL.LOCK lock token-3 10000 BLOCK 3600000").await;
        let shown = program.prints("lock show lock").await;
        assert!(!shown.contains("token"), "{shown}");
        for part in ["lock  held\n", "does not end", "2 wait", "without end", "59m"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let shown = program.json("lock show lock").await;
        assert!(!shown.to_string().contains("token"), "{shown}");
        assert_eq!(shown["lease"], 0);
        let waiters = shown["waiters"].as_array().unwrap();
        assert_eq!(waiters.len(), 2);
        assert_ne!(waiters[0]["waiter"], waiters[1]["waiter"]);

        play(&mut server.connect().await, "DEL lock => 1").await;
        let next = program.json("lock show lock").await;
        assert_eq!(next["holder"], waiters[0]["waiter"], "a token has one fingerprint");
        assert!(next["fence"].is_u64() && next["lease"].as_u64() > Some(0), "{next}");
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_none() {
    let server = Server::start().await;
    play(&mut server.connect().await, "RPUSH list a => 1").await;
    let ended = Program::on(&server).run("lock show list").await;
    assert!(ended.code == 1 && ended.errors.contains("not that of a sale or of a lock"), "{ended:?}");
}
