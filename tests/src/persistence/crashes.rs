//! The server is killed while buyers buy: what was acknowledged is there, and the figures are right.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use seckill_client::Seckill;

use crate::harness::aof::AOF;
use crate::harness::buyers::{Buyers, scarce};
use crate::harness::conditions::wait_until;
use crate::harness::history::History;
use crate::harness::info::stat;
use crate::harness::persistence::rewrite;
use crate::harness::processes::kill;
use crate::harness::server::{Connection, Server};
use crate::harness::session::{ask, play};

const EVERYSEC: &str = "appendonly yes\nappendfsync everysec";

/// A sale, its buyers, and a reader of its events.
struct Market {
    server: Server,
    buyers: Buyers,
    history: History,
}

impl Market {
    async fn open(config: &str) -> Self {
        let server = Server::with(config).await;
        server.connect().await.seckill().create("sale", scarce()).await.unwrap();
        Self { server, buyers: Buyers::new(8, 1), history: History::of("sale") }
    }

    /// Buyers buy until they got so many replies. Then the reader reads on.
    async fn buy(&mut self, count: usize) {
        self.buyers.buy_while(&mut self.server, async |_, replies| more(replies, count).await).await;
        self.history.read_on(&mut self.server.connect().await).await;
    }

    /// Buyers buy and the reader reads until `meanwhile` returns. Then the server is killed.
    async fn kill_after(&mut self, meanwhile: impl AsyncFnOnce(&mut Connection, &Cell<usize>)) {
        let Self { server, buyers, history } = self;
        let (mut reader, mut connection) = (server.connect().await, server.connect().await);
        let reading = async {
            loop {
                assert_eq!(history.read_on(&mut reader).await, 0);
            }
        };
        let killing = async |server: &mut Server, replies: &Cell<usize>| {
            tokio::select! {
                () = meanwhile(&mut connection, replies) => server.kill(),
                () = reading => {}
            }
        };
        buyers.buy_while(server, killing).await;
    }

    /// After a crash that loses nothing: the sale matches what the buyers and the reader know, and decides
    /// more.
    async fn reopen(&mut self) {
        self.server.restart().await;
        let mut connection = self.server.connect().await;
        assert_eq!(self.history.read_on(&mut connection).await, 0, "events that were read are lost");
        let ledger = self.history.ledger();
        self.buyers.must_match(&mut connection, &ledger).await;
        self.buyers.repeat_pending(&mut connection, &ledger).await;
        play(&mut connection, "GET lock => nil").await;
        self.history.continue_after_restart(&mut connection).await;
        self.buyers.must_match(&mut connection, &self.history.ledger()).await;
    }

    /// After a crash that may lose the newest events: the rest is a prefix of the history. Returns how many
    /// events are left.
    async fn reopen_with_less(&mut self) -> u64 {
        self.server.restart().await;
        let mut connection = self.server.connect().await;
        let left = History::read(&mut connection, "sale").await;
        left.must_share_prefix(&self.history);
        self.buyers.take_over(&left.ledger());
        ask(&mut connection, "DEL lock").await;
        self.history.continue_after_restart(&mut connection).await;
        left.len() as u64
    }
}

/// Waits for so many more replies to the buyers.
async fn more(replies: &Cell<usize>, count: usize) {
    let enough = replies.get() + count;
    wait_until("the buyers get their replies", async || replies.get() >= enough).await;
}

async fn save(connection: &mut Connection) {
    ask(connection, "BGSAVE").await;
    wait_until("it is saved", async || {
        stat(connection, "persistence", "rdb_bgsave_in_progress").await == "0"
    })
    .await;
    assert_eq!(stat(connection, "persistence", "rdb_last_bgsave_status").await, "ok");
}

/// Waits until all that was acknowledged is written to the AOF.
async fn flush(connection: &mut Connection) {
    wait_until("the AOF is written", async || {
        stat(connection, "persistence", "aof_buffer_length").await == "0"
            && stat(connection, "persistence", "aof_pending_bio_fsync").await == "0"
    })
    .await;
}

async fn seq(connection: &mut Connection) -> u64 {
    connection.seckill().info("sale").await.unwrap().seq
}

#[tokio::test]
async fn fifty_kills_lose_nothing_that_was_acknowledged() {
    let mut market = Market::open(AOF).await;
    let mut moments = fastrand::Rng::with_seed(2);
    for _ in 0..50 {
        let moment = moments.usize(1..500);
        market.kill_after(async |_, replies| more(replies, moment).await).await;
        market.reopen().await;
    }
}

async fn rewrites_under_load_lose_nothing(preamble: &str) {
    let mut market = Market::open(&format!("{AOF}\naof-use-rdb-preamble {preamble}")).await;
    for _ in 0..3 {
        let rewriting = async |connection: &mut Connection, replies: &Cell<usize>| {
            for _ in 0..3 {
                rewrite(connection).await;
                more(replies, 100).await;
            }
            // The kill comes during another rewrite, or after it.
            ask(connection, "BGREWRITEAOF").await;
            more(replies, 100).await;
        };
        market.kill_after(rewriting).await;
        market.reopen().await;
    }
}

#[tokio::test]
async fn rewrites_of_the_aof_under_load_lose_nothing() {
    rewrites_under_load_lose_nothing("yes").await;
}

#[tokio::test]
async fn rewrites_of_a_plain_aof_under_load_lose_nothing() {
    rewrites_under_load_lose_nothing("no").await;
}

#[tokio::test]
async fn with_everysec_nothing_is_lost_that_was_written() {
    let mut market = Market::open(EVERYSEC).await;
    for _ in 0..3 {
        market.buy(500).await;
        flush(&mut market.server.connect().await).await;
        market.reopen().await;
    }
}

#[tokio::test]
async fn with_everysec_only_the_newest_is_lost_under_load() {
    let mut market = Market::open(EVERYSEC).await;
    for _ in 0..3 {
        let mut written = 0;
        let buying = async |connection: &mut Connection, replies: &Cell<usize>| {
            more(replies, 500).await;
            written = seq(connection).await;
            flush(connection).await;
            more(replies, 500).await;
        };
        market.kill_after(buying).await;
        assert!(market.reopen_with_less().await >= written);
    }
}

#[tokio::test]
async fn an_rdb_file_saved_under_load_has_a_prefix_of_the_history() {
    let mut market = Market::open("").await;
    for _ in 0..3 {
        let (mut before, mut after) = (0, 0);
        let saving = async |connection: &mut Connection, replies: &Cell<usize>| {
            more(replies, 500).await;
            before = seq(connection).await;
            save(connection).await;
            more(replies, 500).await;
            after = seq(connection).await;
        };
        market.kill_after(saving).await;
        let left = market.reopen_with_less().await;
        assert!((before..after).contains(&left), "{left} of {before} to {after}");
    }
}

/// The file that a child process writes while it saves, and the child's id.
fn unfinished(home: &Path) -> Option<(PathBuf, u32)> {
    fs::read_dir(home).unwrap().find_map(|file| {
        let path = file.unwrap().path();
        let child = path.file_name()?.to_str()?.strip_prefix("temp-")?.strip_suffix(".rdb")?.parse().ok()?;
        Some((path, child))
    })
}

/// A market whose server is saving for the second time: with the seq of the first save, and the child that
/// saves.
async fn saving() -> (Market, u64, u32) {
    let mut market = Market::open("").await;
    let mut connection = market.server.connect().await;
    market.buy(2_000).await;
    play(&mut connection, "SAVE => OK").await;
    let saved = seq(&mut connection).await;
    market.buy(2_000).await;
    // The child writes the sale and then waits until it is killed.
    play(&mut connection, "CONFIG SET rdb-key-save-delay 60000000 => OK").await;
    ask(&mut connection, "BGSAVE").await;
    let mut child = None;
    wait_until("a part is written", async || {
        child = unfinished(market.server.home()).filter(|(file, _)| fs::metadata(file).unwrap().len() > 0);
        child.is_some()
    })
    .await;
    (market, saved, child.unwrap().1)
}

#[tokio::test]
async fn a_crash_while_saving_leaves_the_last_save() {
    let (mut market, saved, child) = saving().await;
    market.server.kill();
    kill(child);
    assert_eq!(market.reopen_with_less().await, saved);
}

#[tokio::test]
async fn a_child_that_is_killed_while_saving_leaves_the_last_save() {
    let (mut market, saved, child) = saving().await;
    kill(child);
    let mut connection = market.server.connect().await;
    wait_until("it failed", async || {
        stat(&mut connection, "persistence", "rdb_last_bgsave_status").await == "err"
    })
    .await;
    market.buy(100).await;
    assert_eq!(market.reopen_with_less().await, saved);
}
