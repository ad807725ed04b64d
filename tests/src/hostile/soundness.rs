//! Whether a sale from malicious input is sound, or marked as diverged.

use redis::{Cmd, Value, cmd};
use seckill_core::protocol::{Refusal, State};

use super::batches::replies;
use crate::harness::dump::restore_command;
use crate::harness::server::Connection;
use crate::harness::session::{command, show};

/// The outcomes of inputs.
#[derive(Default, Debug)]
pub(crate) struct Tally {
    pub(crate) refused: u64,
    pub(crate) sound: u64,
    pub(crate) diverged: u64,
}

/// Sends commands of every kind to the sales. Returns which of them are marked as diverged.
pub(crate) async fn examine(connection: &mut Connection, seeds: &[u64], tally: &mut Tally) -> Vec<bool> {
    const LINES: [&str; 8] = [
        "SECKILL.INFO %",
        "SECKILL.AUDIT %",
        "SECKILL.EVENTS % 0 COUNT 20",
        "SECKILL.BUY % mallory order",
        "SECKILL.ORDER % order",
        "SECKILL.BUYER % buyer1",
        "SECKILL.CANCEL % order REFUND",
        "SECKILL.AUDIT %",
    ];
    let commands =
        seeds.iter().flat_map(|seed| LINES.map(|line| command(&line.replace('%', &seed.to_string()))));
    let shown: Vec<String> =
        replies(connection, commands.collect(), "examining").await.iter().map(show).collect();
    let mut diverged = vec![];
    for (seed, replies) in seeds.iter().zip(shown.chunks(LINES.len())) {
        let what = format!("HOSTILE_SEED={seed}: {replies:?}");
        let [info, audited, events, bought, _, buyer, cancelled, audited_again] = replies else {
            panic!("{what}")
        };
        assert!(events.starts_with('[') && buyer.starts_with('{'), "{what}");
        diverged.push(info.contains("\"diverged\" 1 "));
        if info.contains("\"diverged\" 1 ") {
            tally.diverged += 1;
            for reply in [audited, bought, cancelled, audited_again] {
                assert!(reply.starts_with("-CORRUPT "), "{what}");
            }
        } else {
            tally.sound += 1;
            assert!(info.contains("\"diverged\" 0 "), "{what}");
            assert_eq!((&audited[..], &audited_again[..]), ("OK", "OK"), "{what}");
            let refused = Refusal::from_word(bought).is_some();
            assert!(refused || State::from_word(bought).is_some(), "{what}");
            assert_eq!(cancelled.starts_with("-NOORDER "), refused, "{what}");
        }
    }
    diverged
}

/// Each sale equals the one that is restored from its dump. Transactions keep holds from running out in
/// between.
pub(crate) async fn must_survive_restore(connection: &mut Connection, seeds: &[u64]) {
    let transaction = |seed: &u64, first: Cmd| {
        let digest = command(&format!("DEBUG DIGEST-VALUE {seed}"));
        [cmd("MULTI"), first, digest, cmd("EXEC")]
    };
    let mut dumping = vec![];
    for seed in seeds {
        dumping.extend(transaction(seed, cmd("DUMP").arg(*seed).take()));
    }
    let dumped = replies(connection, dumping, "dumping").await;
    let (mut restoring_again, mut digests) = (vec![], vec![]);
    for (seed, replies) in seeds.iter().zip(dumped.chunks(4)) {
        let Value::Array(dumped) = &replies[3] else { panic!("HOSTILE_SEED={seed}: {replies:?}") };
        let [Value::BulkString(payload), digest] = &dumped[..] else {
            panic!("HOSTILE_SEED={seed}: {dumped:?}")
        };
        restoring_again.extend(transaction(seed, restore_command(*seed, payload)));
        digests.push(digest.clone());
    }
    let restored = replies(connection, restoring_again, "restoring again").await;
    for ((seed, digest), replies) in seeds.iter().zip(digests).zip(restored.chunks(4)) {
        assert_eq!(replies[3], Value::Array(vec![Value::Okay, digest]), "HOSTILE_SEED={seed}");
    }
}
