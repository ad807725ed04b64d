//! The stream of commands to replicas: what is decided in one step is replicated in one step.

use seckill_client::{After, Seckill};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::harness::conditions::PATIENCE;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{play, together};

/// The stream of commands that a replica receives.
pub(super) struct Stream(BufReader<UnixStream>);

impl Stream {
    /// Connects as a replica, and skips the snapshot that comes first.
    async fn of(server: &Server) -> Self {
        let mut stream = Self(BufReader::new(UnixStream::connect(server.socket()).await.unwrap()));
        stream.0.write_all(b"SYNC\r\n").await.unwrap();
        // While the snapshot is made, the server sends newlines.
        let mut line = stream.line().await;
        while line.is_empty() {
            line = stream.line().await;
        }
        stream.bytes(&line, '$').await;
        stream
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("the server sends a line").unwrap();
        line.trim_end().to_owned()
    }

    /// As many bytes as `line` announces.
    async fn bytes(&mut self, line: &str, mark: char) -> Vec<u8> {
        let len = line.strip_prefix(mark).and_then(|len| len.parse().ok());
        let mut bytes = vec![0; len.unwrap_or_else(|| panic!("not a length: {line}"))];
        timeout(PATIENCE, self.0.read_exact(&mut bytes)).await.expect("the server sends all bytes").unwrap();
        bytes
    }

    /// The next command as text: its name and its first argument.
    async fn next(&mut self) -> String {
        let line = self.line().await;
        let words = line.strip_prefix('*').and_then(|words| words.parse().ok());
        let words: usize = words.unwrap_or_else(|| panic!("not a command: {line}"));
        let mut command = vec![];
        for _ in 0..words {
            let line = self.line().await;
            let word = self.bytes(&line, '$').await;
            self.line().await;
            command.push(word.escape_ascii().to_string());
        }
        command.truncate(2);
        command.join(" ")
    }

    /// All commands that were replicated until now, without PING and SELECT.
    pub(super) async fn replicated(&mut self, connection: &mut Connection) -> Vec<String> {
        play(connection, "SET end x => OK").await;
        let mut replicated = vec![];
        loop {
            match &*self.next().await {
                "SET end" => return replicated,
                "PING" | "ping" | "SELECT 0" => {}
                command => replicated.push(command.to_owned()),
            }
        }
    }
}

/// A server, a connection to it, and its replication stream.
pub(super) async fn server() -> (Server, Connection, Stream) {
    let server = Server::with("repl-diskless-sync no").await;
    let (connection, stream) = (server.connect().await, Stream::of(&server).await);
    (server, connection, stream)
}

#[tokio::test]
async fn a_command_is_replicated_in_one_piece() {
    let (_server, mut connection, mut stream) = server().await;
    for (line, replicated) in [
        ("SECKILL.CREATE sale STOCK 1 HOLD 60000 => OK", &["SECKILL.APPLY sale"][..]),
        ("SECKILL.LOCK lock ann 60000 => <us>", &["SECKILL.GRANT lock"]),
        ("SECKILL.RENEW lock ann 70000 => 1", &["PEXPIREAT lock"]),
        (
            "SECKILL.BUY sale ann o1 LOCK lock ann RELEASE => HELD",
            &["MULTI", "SECKILL.APPLY sale", "DEL lock", "EXEC"],
        ),
        ("SECKILL.LOCK lock bob 60000 => <us>", &["SECKILL.GRANT lock"]),
        ("SECKILL.BUY sale bob o2 LOCK lock bob => SOLDOUT", &[]),
        ("SECKILL.BUY sale bob o2 LOCK lock bob RELEASE => SOLDOUT", &["DEL lock"]),
        ("SECKILL.CONFIRM sale o1 => SOLD", &["SECKILL.APPLY sale"]),
        ("SECKILL.LOCK lock cid 60000 => <us>", &["SECKILL.GRANT lock"]),
        ("SECKILL.UNLOCK lock bob => 0", &[]),
        ("SECKILL.UNLOCK lock cid => 1", &["SECKILL.UNLOCK lock"]),
    ] {
        play(&mut connection, line).await;
        assert_eq!(stream.replicated(&mut connection).await, replicated, "{line}");
    }
}

/// The holds that a purchase lets run out are replicated with it.
#[tokio::test]
async fn a_purchase_is_replicated_with_the_holds_that_run_out() {
    let (_server, mut connection, mut stream) = server().await;
    let session = [
        "SECKILL.CREATE sale STOCK 2 HOLD 1",
        "SECKILL.BUY sale ann o1",
        "SECKILL.BUY sale ann o2",
        "SECKILL.LOCK lock bob 60000",
        "SECKILL.ALTER sale HOLD 60000",
        "DEBUG SLEEP 0.01",
        "SECKILL.BUY sale bob o3 QTY 2 LOCK lock bob RELEASE",
    ];
    let replies = together(&mut connection, &session).await;
    assert_eq!(replies, ["OK", "HELD", "HELD", "<us>", "OK", "OK", "HELD"]);
    let replicated = stream.replicated(&mut connection).await;
    assert_eq!(replicated[5..], ["MULTI", "SECKILL.APPLY sale", "DEL lock", "EXEC"], "{replicated:?}");
    assert_eq!(connection.seckill().events("sale", After::seq(4)).await.unwrap().len(), 3);
}

/// What is replicated of a transaction or a script that creates a sale, takes a lock, sells, is refused,
/// writes a hash, and sells and releases the lock.
const IN_ONE_STEP: [&str; 8] = [
    "MULTI",
    "SECKILL.APPLY sale",
    "SECKILL.GRANT lock",
    "SECKILL.APPLY sale",
    "HSET hash",
    "SECKILL.APPLY sale",
    "DEL lock",
    "EXEC",
];

#[tokio::test]
async fn a_transaction_is_replicated_as_one() {
    let (_server, mut connection, mut stream) = server().await;
    let session = "
        MULTI => OK
        SECKILL.CREATE sale STOCK 2 => QUEUED
        SECKILL.LOCK lock ann 60000 => QUEUED
        SECKILL.BUY sale ann o1 => QUEUED
        SECKILL.BUY sale ann o2 QTY 2 => QUEUED
        HSET hash ann o1 => QUEUED
        SECKILL.BUY sale bob o3 LOCK lock ann RELEASE => QUEUED
        EXEC => [OK <us> SOLD SHORT 1 SOLD]
    ";
    play(&mut connection, session).await;
    assert_eq!(stream.replicated(&mut connection).await, IN_ONE_STEP);
}

#[tokio::test]
async fn a_script_is_replicated_as_one() {
    let (_server, mut connection, mut stream) = server().await;
    let script = "
        redis.call('seckill.create', KEYS[1], 'STOCK', 2)
        redis.call('seckill.lock', KEYS[2], 'ann', 60000)
        redis.call('seckill.buy', KEYS[1], 'ann', 'o1')
        redis.call('seckill.buy', KEYS[1], 'ann', 'o2', 'QTY', 2)
        redis.call('HSET', KEYS[3], 'ann', 'o1')
        return redis.call('seckill.buy', KEYS[1], 'bob', 'o3', 'LOCK', KEYS[2], 'ann', 'RELEASE').ok
    ";
    let script = script.replace('\n', " ");
    play(&mut connection, &format!("EVAL \"{script}\" 3 sale lock hash => \"SOLD\"")).await;
    assert_eq!(stream.replicated(&mut connection).await, IN_ONE_STEP);
}
