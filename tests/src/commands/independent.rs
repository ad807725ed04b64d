//! Sales on several servers that know nothing of each other.

use serde_json::json;

use super::locked::Place;
use super::program::{Program, socket_url};
use crate::cluster::nodes::Cluster;
use crate::harness::server::Server;
use crate::harness::session::get;

#[tokio::test]
async fn buyers_and_operators_see_one_sale() {
    let servers = [Server::start().await, Server::start().await, Server::start().await];
    let program = Program::sharing(&servers);
    program.prints("sale create bottles --stock 9 --shards 3 --hold 10m").await;
    // The stock of all servers.
    program.prints("buy bottles ann --order o1 --qty 9").await;
    assert_eq!(program.run("buy bottles bob").await.code, 1);
    program.prints("cancel bottles o1").await;
    assert_eq!(program.json("sale balance bottles").await["sale"], "bottles");
    assert_eq!(program.json("sale audit bottles").await["audit"], "OK");
    let listed = program.json("sale list").await;
    assert_eq!((&listed["sale"], &listed["available"]), (&json!("bottles"), &json!(9)));

    for server in &servers {
        let keys: u64 = get(&mut server.connect().await, "DBSIZE").await;
        assert!(keys >= 1, "each server has a shard");
    }
    let metrics = program.prints("metrics --once bottles").await;
    for server in &servers {
        let up = format!("seckill_up{{server=\"{}\"}} 1.0", server.socket().display());
        assert!(metrics.lines().any(|line| line == up), "{up}: {metrics}");
    }
    let top = program.prints("top --once bottles").await;
    assert!(top.contains(&*servers[2].socket().to_string_lossy()), "{top}");
}

/// A lock is where its key is, and needs no majority.
#[tokio::test]
async fn a_lock_is_on_one_of_them() {
    let servers = [Server::start().await, Server::start().await];
    let has_fence = "test -n \"$SECKILL_FENCE\"";
    let ended = Place::new().run(&Program::sharing(&servers), "lock", has_fence).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let urls = servers.iter().map(|server| socket_url(&server.socket()));
    let ended = Place::new().run(&Program::at(urls), "lock", has_fence).await;
    assert_eq!(ended.code, 1, "a majority has no fence: {ended:?}");
}

#[tokio::test]
async fn servers_that_are_something_else_are_refused() {
    let servers = [Server::start().await, Server::start().await];
    let urls = servers.iter().map(|server| socket_url(&server.socket()));
    let ended = Program::at(urls).run("sale show bottles").await;
    assert_eq!((ended.code, ended.errors.contains("--independent")), (2, true), "{ended:?}");

    let url = socket_url(&servers[0].socket());
    let ended = Program::at([&url, &url]).run("sale show bottles --independent").await;
    assert_eq!((ended.code, ended.errors.contains("twice")), (2, true), "{ended:?}");

    let cluster = Cluster::start("").await;
    let ended = Program::at(cluster.urls()).run("sale show bottles --independent").await;
    assert_eq!((ended.code, ended.errors.contains("neither nodes of a cluster")), (2, true), "{ended:?}");
}
