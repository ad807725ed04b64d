//! The way to a server without the module, and a replica that does not have it yet.

use std::fs;

use redis::Value;
use seckill_launcher::{Error, Server as Plain};

use crate::harness::aof::PLAIN_AOF;
use crate::harness::conditions::wait_until;
use crate::harness::info::stat;
use crate::harness::persistence::rewrite;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play};

/// Whether an RDB file without sales and fences does not name the module: servers have offered that to modules
/// since Redis 7.2, whose number Valkey shows, too.
async fn can_be_silent(connection: &mut Connection) -> bool {
    let version = stat(connection, "server", "redis_version").await;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (7, 2)
}

/// A server without the module on the RDB file of another server.
async fn load_without_module(saved: &Server) -> Result<Plain, Error> {
    Server::without_module(&format!("dir {}", saved.home().display())).await
}

#[tokio::test]
async fn a_server_without_the_module_loads_an_rdb_file_without_sales_and_fences() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let session = "
        SET greeting hello => OK
        SECKILL.CREATE sale STOCK 1 => OK
        SET lock ann PX 60000 => OK
        SECKILL.UNLOCK lock ann => 1
        DEL sale => 1
        SAVE => OK
    ";
    play(&mut connection, session).await;
    match load_without_module(&server).await {
        Ok(plain) => play(&mut plain.connect().await.unwrap(), "GET greeting => \"hello\"").await,
        Err(error) => assert!(!can_be_silent(&mut connection).await, "{error}"),
    }
    for left in ["SECKILL.LOCK lock ann 60000 => <us>\nDEL lock => 1", "SECKILL.CREATE sale STOCK 1 => OK"] {
        play(&mut connection, &format!("{left}\nSAVE => OK")).await;
        let error = load_without_module(&server).await.expect_err("the file needs the module");
        assert!(error.to_string().contains("seckill") || error.to_string().contains("flashsale"), "{error}");
    }
}

/// A primary with the module can have replicas without it until the first lock or sale. A replica that needs the
/// module in a full resync ends.
#[tokio::test]
async fn a_replica_without_the_module_ends_when_it_needs_it() {
    let primary = Server::primary("").await;
    let mut connection = primary.connect().await;
    if !can_be_silent(&mut connection).await {
        eprintln!("skipped on this server: its RDB files always name the module");
        return;
    }
    let config = format!("replicaof 127.0.0.1 {}", primary.port());
    let replica = Server::without_module(&config).await.unwrap();
    let mut link = replica.connect().await.unwrap();
    wait_until("it is in sync", async || stat(&mut link, "replication", "master_link_status").await == "up")
        .await;
    play(&mut connection, "SECKILL.LOCK lock ann 60000 => <us>").await;
    // It ends before or after it replies for the first time.
    if let Ok(late) = Server::without_module(&config).await {
        wait_until("it ends", async || late.connect().await.is_err()).await;
    }
}

/// Where fences were given, the base of an AOF without an RDB preamble has what is left beside the sales.
#[tokio::test]
async fn a_plain_base_file_is_the_way_back_to_a_server_without_the_module() {
    let server = Server::with(PLAIN_AOF).await;
    let mut connection = server.connect().await;
    let session = "
        SET greeting hello => OK
        SECKILL.CREATE sale STOCK 1 => OK
        SECKILL.LOCK lock ann 60000 => <us>
        DEL sale => 1
    ";
    play(&mut connection, session).await;
    rewrite(&mut connection).await;
    let files = fs::read_dir(server.home().join("appendonlydir")).unwrap();
    let mut bases = files.map(|file| file.unwrap().path());
    let base = bases.find(|path| path.to_string_lossy().ends_with(".base.aof")).unwrap();

    let plain = Server::without_module("").await.unwrap();
    let mut new = plain.connect().await.unwrap();
    let (mut parser, bytes) = (redis::Parser::new(), fs::read(base).unwrap());
    let mut rest = &bytes[..];
    while let Ok(words @ Value::Array(_)) = parser.parse_value(&mut rest) {
        let words: Vec<Vec<u8>> = redis::from_redis_value(words).unwrap();
        redis::Cmd::new().arg(words).exec_async(&mut new).await.unwrap();
    }
    play(&mut new, "GET greeting => \"hello\"\nGET lock => \"ann\"\nDBSIZE => 2").await;
    assert_ne!(ask(&mut new, "PTTL lock").await, "-1", "the lease is still limited");
}
