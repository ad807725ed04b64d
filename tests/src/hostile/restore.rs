//! Payloads of RESTORE that were tampered with and have a correct checksum.

use fastrand::Rng;
use redis::Value;
use seckill_client::Seckill;
use seckill_core::Origin;

use super::batches::{pieces, replies, seeds};
use super::mutations::{edits, rearrange};
use super::sample_sales::{PAST, plain_sale, varied_sale};
use super::soundness::{Tally, examine, must_survive_restore};
use super::watched_server::{CONFIG, Watch};
use crate::harness::conditions::now_ms;
use crate::harness::dump::{Envelope, body_of, restore_command};
use crate::harness::local_sale::{FUTURE, LocalSale};
use crate::harness::server::{Connection, Server};
use crate::harness::session::{get, play};

/// Payloads that are restored.
const PAYLOADS: u64 = 100_000;

#[tokio::test]
async fn a_payload_that_was_tampered_with_is_refused_or_a_sale_that_is_sound() {
    let server = Server::with(CONFIG).await;
    let mut connection = server.connect().await;
    let payloads = Payloads::of(&mut connection).await;
    let mut watch = Watch::begin(&server).await;
    let mut tally = Tally::default();
    for piece in pieces(PAYLOADS) {
        let what = format!("HOSTILE_SEED={} or one after it", piece.start);
        let commands = piece.clone().map(|seed| restore_command(seed, &payloads.tampered(seed)));
        let restored = replies(&mut connection, commands.collect(), &what).await;
        let mut accepted = vec![];
        for (seed, reply) in piece.zip(restored) {
            match &reply {
                Value::Okay => accepted.push(seed),
                Value::ServerError(error) if error.code() == "ERR" => tally.refused += 1,
                other => panic!("HOSTILE_SEED={seed}: {other:?}"),
            }
        }
        examine(&mut connection, &accepted, &mut tally).await;
        must_survive_restore(&mut connection, &accepted).await;
        watch.piece(&what).await;
        play(&mut connection, "FLUSHDB => OK").await;
    }
    // An implausible term in a payload does not exhaust the fences of the server.
    let fence: u64 = get(&mut connection, "SECKILL.LOCK lock ann 1").await;
    assert!(fence < 1 << 53);
    play(&mut connection, "FLUSHDB => OK").await;
    watch.end().await;
    if seeds(PAYLOADS).end == PAYLOADS {
        // An outcome that never happened was not tested.
        assert!(
            tally.refused > PAYLOADS / 4 && tally.sound > PAYLOADS / 20 && tally.diverged > PAYLOADS / 100
        );
    }
}

/// A payload that is varied.
struct Base {
    body: Vec<u8>,
    /// The strings that the body consists of, unless it is compressed.
    strings: Option<Vec<Vec<u8>>>,
}

struct Payloads {
    envelope: Envelope,
    short: Vec<Base>,
    long: Base,
}

impl Payloads {
    async fn of(connection: &mut Connection) -> Self {
        play(connection, "CONFIG SET rdbcompression no => OK\nSECKILL.CREATE sale STOCK 1 => OK").await;
        let envelope = Envelope::of(&dump(connection).await);
        let framed = |strings: Vec<Vec<u8>>| Base { body: envelope.body(&strings), strings: Some(strings) };
        let mut diverged = varied_sale(PAST, 5);
        diverged.sale.apply_batch(&[], Origin::Trusted).unwrap_err();
        let mut short = vec![
            framed(vec![vec![1, 1, 0]]),
            framed(diverged.snapshot()),
            framed(LocalSale::open(PAST, "STOCK 1").snapshot()),
        ];
        for begin in [PAST, FUTURE] {
            short.extend([1, 7, 20, 60].map(|orders| framed(varied_sale(begin, orders).snapshot())));
        }
        let long = framed(plain_sale(6_000).snapshot());
        assert_eq!(long.strings.as_ref().map(Vec::len), Some(3), "a head and two parts");

        // All of these are valid, and the server saves the same bytes.
        for base in short.iter().chain([&long]) {
            restore(connection, envelope.seal(base.body.clone())).await;
        }
        assert!(body_of(&dump(connection).await) == long.body);

        restore(connection, envelope.seal(envelope.body(&plain_sale(60).snapshot()))).await;
        play(connection, "CONFIG SET rdbcompression yes => OK").await;
        short.push(Base { body: body_of(&dump(connection).await).to_vec(), strings: None });
        play(connection, "DEL sale => 1").await;
        Self { envelope, short, long }
    }

    /// The payload of a seed, with a correct checksum.
    fn tampered(&self, seed: u64) -> Vec<u8> {
        let mut rng = Rng::with_seed(seed);
        let base = if seed % 500 == 7 { &self.long } else { &self.short[rng.usize(..self.short.len())] };
        let body = match &base.strings {
            Some(strings) if rng.u8(..4) > 0 => {
                let mut strings = strings.clone();
                rearrange(&mut strings, &mut rng);
                while rng.u8(..3) == 0 {
                    rearrange(&mut strings, &mut rng);
                }
                self.envelope.body(&strings)
            }
            _ => {
                // The first byte stays, for another one names a type of the server itself. The server reads
                // the lengths in the frame: it may allocate that much, but does not touch it, so the peak
                // does not show it.
                let (first, rest) = base.body.split_at(1);
                let mut rest = rest.to_vec();
                edits(&mut rest, &mut rng);
                [first, &rest].concat()
            }
        };
        self.envelope.seal(body)
    }
}

async fn dump(connection: &mut Connection) -> Vec<u8> {
    get(connection, "DUMP sale").await
}

async fn restore(connection: &mut Connection, payload: Vec<u8>) {
    restore_command("sale", &payload).exec_async(connection).await.unwrap();
}

/// A payload from the far future is refused. One that is nearly a day ahead moves the terms of the server, and
/// what this one decides then is accepted by another server as well.
#[tokio::test]
async fn a_payload_from_the_far_future_is_refused() {
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;
    let server = Server::start().await;
    let mut connection = server.connect().await;
    play(&mut connection, "SECKILL.CREATE sale STOCK 1 => OK").await;
    let envelope = Envelope::of(&dump(&mut connection).await);
    let last_ms = (1 << 52) / 1_000;
    let term = |ahead: u64| now_ms() * 1_000 + ahead;
    let far = [(term(DAY + 60_000_000), now_ms()), (term(0), last_ms + 1), ((1 << 53) - 1, now_ms())];
    let near = [(term(DAY - 60_000_000), now_ms())];
    let payloads = far.map(|payload| (payload, false)).into_iter().chain(near.map(|payload| (payload, true)));
    for ((epoch, now), is_accepted) in payloads {
        let mut local = LocalSale::open(now_ms(), "STOCK 1");
        (local.epoch, local.now) = (epoch, now);
        local.run("RESTOCK sale 1");
        let payload = envelope.seal(envelope.body(&local.snapshot()));
        let result = restore_command("sale", &payload).exec_async(&mut connection).await;
        assert_eq!(result.is_ok(), is_accepted, "term {epoch}, at {now}: {result:?}");
    }
    play(&mut connection, "SECKILL.CREATE fresh STOCK 1 => OK\nSECKILL.BUY sale ann o1 => SOLD").await;
    let (fresh, sold) =
        (connection.seckill().info("fresh").await.unwrap(), connection.seckill().info("sale").await.unwrap());
    assert!(
        sold.term > fresh.term && fresh.term > near[0].0,
        "terms of the server's own, above the payload's"
    );
    let other = Server::start().await;
    for key in ["fresh", "sale"] {
        let payload: Vec<u8> = get(&mut connection, &format!("DUMP {key}")).await;
        restore_command(key, &payload).exec_async(&mut other.connect().await).await.unwrap();
    }
}
