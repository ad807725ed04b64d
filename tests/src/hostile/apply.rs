//! Batches of APPLY that were tampered with.

use fastrand::Rng;
use redis::cmd;

use super::batches::{pieces, replies, seeds};
use super::mutations::edits;
use super::sample_sales::varied_sale;
use super::soundness::{Tally, examine, must_survive_restore};
use super::watched_server::{CONFIG, Watch};
use crate::harness::local_sale::FUTURE;
use crate::harness::server::Server;
use crate::harness::session::{play, show};

/// Batches that are applied.
const BATCHES: u64 = 20_000;

#[tokio::test]
async fn a_batch_that_was_tampered_with_is_applied_or_marks_the_sale() {
    let server = Server::with(&format!("{CONFIG}\nseckill.apply-from-clients yes")).await;
    let mut connection = server.connect().await;
    // No hold may run out meanwhile: that would be another event.
    let histories = [3, 20, 60].map(|orders| varied_sale(FUTURE, orders).batches(0, 200));
    let mut watch = Watch::begin(&server).await;
    let mut tally = Tally::default();
    for piece in pieces(BATCHES) {
        let what = format!("HOSTILE_SEED={} or one after it", piece.start);
        let sequences: Vec<_> = piece.clone().map(|seed| tampered_sequence(&histories, seed)).collect();
        let applying = piece.clone().zip(&sequences).flat_map(|(seed, sequence)| {
            sequence.iter().map(move |batch| cmd("SECKILL.APPLY").arg(seed).arg(&batch[..]).take())
        });
        let mut received = replies(&mut connection, applying.collect(), &what).await.into_iter();
        let mut applied = vec![];
        for (seed, sequence) in piece.clone().zip(&sequences) {
            let replies: Vec<String> =
                received.by_ref().take(sequence.len()).map(|reply| show(&reply)).collect();
            let wrong = replies.iter().position(|reply| reply != "OK").unwrap_or(replies.len());
            // The last two are the one that was tampered with and the one after it.
            assert!(wrong + 2 >= replies.len(), "HOSTILE_SEED={seed}: {replies:?}");
            let corrupt = replies[wrong..].iter().all(|reply| reply.starts_with("-CORRUPT "));
            assert!(corrupt, "HOSTILE_SEED={seed}: {replies:?}");
            applied.push(wrong == replies.len());
        }
        let seeds: Vec<u64> = piece.collect();
        let diverged = examine(&mut connection, &seeds, &mut tally).await;
        for (seed, (applied, diverged)) in seeds.iter().zip(applied.into_iter().zip(diverged)) {
            assert_ne!(applied, diverged, "HOSTILE_SEED={seed}");
        }
        must_survive_restore(&mut connection, &seeds).await;
        watch.piece(&what).await;
        play(&mut connection, "FLUSHDB => OK").await;
    }
    watch.end().await;
    if seeds(BATCHES).end == BATCHES {
        assert!(tally.sound > BATCHES / 20 && tally.diverged > BATCHES / 4, "{tally:?}");
    }
}

/// A history up to a batch that was tampered with, and the batch that would have come next.
fn tampered_sequence(histories: &[Vec<Vec<u8>>], seed: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let history = &histories[rng.usize(..histories.len())];
    let at = rng.usize(..history.len());
    let mut sequence = history[..(at + 2).min(history.len())].to_vec();
    edits(&mut sequence[at], &mut rng);
    sequence
}
