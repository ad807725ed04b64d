//! An AOF that ends within a command, as after a power failure: complete commands are loaded.

use std::collections::BTreeSet;
use std::fs;

use seckill_client::State;

use crate::harness::aof::{AOF, appended_files};
use crate::harness::history::History;
use crate::harness::server::Server;
use crate::harness::session::{ask, play};

/// Cuts in each line of the protocol: before its first byte, and after it.
fn cuts(aof: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let lines = (from..aof.len()).filter(|&place| aof[place - 1] == b'\n');
    lines.flat_map(|line| [line, line + 1]).chain([aof.len()])
}

#[tokio::test]
async fn complete_commands_are_loaded_wherever_the_aof_ends() {
    let mut server = Server::with(&format!("{AOF}\naof-load-truncated yes")).await;
    let mut connection = server.connect().await;
    let setup = "
        SECKILL.CREATE sale STOCK 9 HOLD 3600000 => OK
        SECKILL.LOCK lock ann 3600000 => <us>
    ";
    play(&mut connection, setup).await;
    let aof = appended_files(&server).pop().expect("an AOF");
    let set = fs::read(&aof).unwrap().len();
    let session = "
        SECKILL.BUY sale ann alone => HELD
        SECKILL.BUY sale ann locked LOCK lock ann RELEASE => HELD
        MULTI => OK
        SECKILL.BUY sale ann first => QUEUED
        SECKILL.BUY sale ann second => QUEUED
        SECKILL.CONFIRM sale alone => QUEUED
        EXEC => [HELD HELD SOLD]
        SECKILL.CANCEL sale locked => CANCELLED
    ";
    play(&mut connection, session).await;
    let (whole, bytes) = (History::read(&mut connection, "sale").await, fs::read(&aof).unwrap());

    let mut lengths = BTreeSet::from([1]);
    for cut in cuts(&bytes, set) {
        server.kill();
        fs::write(&aof, &bytes[..cut]).unwrap();
        server.restart().await;
        let mut connection = server.connect().await;
        let left = History::read(&mut connection, "sale").await;
        left.must_share_prefix(&whole);
        assert!(lengths.last() <= Some(&left.len()), "the longer file holds less: {cut}");
        lengths.insert(left.len());

        let ledger = left.ledger();
        let locked = ask(&mut connection, "EXISTS lock").await == "1";
        assert_ne!(locked, ledger.state("locked").is_some(), "a purchase and the release of its lock: {cut}");
        let transaction = [
            ledger.state("first").is_some(),
            ledger.state("second").is_some(),
            ledger.state("alone") == Some(State::Sold),
        ];
        assert!(transaction == [true; 3] || transaction == [false; 3], "a transaction in parts: {cut}");

        let lost = whole.len() - left.len();
        assert_eq!(whole.clone().continue_after_restart(&mut connection).await, lost);
    }
    assert_eq!(Vec::from_iter(lengths), [1, 2, 3, 6, 7]);
}
