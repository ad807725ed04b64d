//! Every command with random arguments: alone, in transactions, and in scripts.

use std::collections::BTreeMap;

use fastrand::Rng;
use redis::{Cmd, Value, cmd};
use seckill_core::protocol::{CommandName, Keyword};

use super::batches::{replies, seeds};
use super::reply_shapes::is_known;
use super::sample_sales::varied_sale;
use super::watched_server::{CONFIG, Watch};
use crate::harness::local_sale::FUTURE;
use crate::harness::server::Server;
use crate::harness::session::{ask, play, show};

/// Each is a session with calls of its own.
const SESSIONS: u64 = 400;
const CALLS: usize = 250;
/// Calls of a transaction.
const STEPS: usize = 3;

/// What each session begins with.
const SETUP: &str = "
    FLUSHALL => OK
    SECKILL.CREATE sale STOCK 90 HOLD 60000 => OK
    SECKILL.BUY sale ann o1 => HELD
    SECKILL.BUY sale bob o2 QTY 2 => HELD
    SECKILL.CONFIRM sale o2 => SOLD
    SECKILL.CREATE soon STOCK 3 LIMIT 2 OPENS 9007199254740991 => OK
    SECKILL.CREATE brief STOCK 3 HOLD 1 => OK
    SET text x => OK
    RPUSH list x => 1
    SECKILL.LOCK lock ann 60000 => <us>
";

const KEYS: [&str; 9] = ["sale", "soon", "brief", "new", "text", "list", "lock", "none", ""];
/// The keys that can hold a sale afterwards.
const SALES: [&str; 6] = ["sale", "soon", "brief", "new", "none", "lock"];

/// Calls that are correct before they are varied.
const CORRECT: [&str; 28] = [
    "SECKILL.LOCK lock ann 60000",
    "SECKILL.LOCK none bob 1",
    "SECKILL.UNLOCK lock ann",
    "SECKILL.RENEW lock ann 60000",
    "SECKILL.LOCK lock bob 60000 BLOCK 1",
    "SECKILL.WAITERS lock",
    "SECKILL.CREATE new STOCK 9 LIMIT 5 HOLD 60000 OPENS 1000000000001 CLOSES 9007199254740991",
    "SECKILL.CREATE none STOCK 0",
    "SECKILL.ALTER sale LIMIT 3 HOLD 1",
    "SECKILL.ALTER soon OPENS 0",
    "SECKILL.RESTOCK sale 5 ID r1",
    "SECKILL.RESTOCK sale -1",
    "SECKILL.BUY sale ann o3 QTY 2 LOCK lock ann RELEASE",
    "SECKILL.BUY sale bob o4",
    "SECKILL.BUY brief bob o1",
    "SECKILL.CONFIRM sale o1",
    "SECKILL.EXTEND sale o1 60000",
    "SECKILL.CANCEL sale o1",
    "SECKILL.CANCEL sale o2 REFUND",
    "SECKILL.ORDER sale o1",
    "SECKILL.BUYER sale ann",
    "SECKILL.EVENTS sale 1 TERM 5 COUNT 10",
    "SECKILL.EVENTS sale 0 COUNT 1000",
    "SECKILL.INFO sale",
    "SECKILL.AUDIT sale",
    "SECKILL.GRANT lock ann 9007199254740991 1",
    "SECKILL.FENCE 1",
    "SECKILL.BUYALL 2 sale brief bob o5 QTY 1 2 LOCK lock ann RELEASE",
];

const WORDS: [&str; 27] = [
    "0",
    "1",
    "2",
    "-1",
    "-0",
    "00",
    "+1",
    "1e3",
    "60000",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "-9007199254740991",
    "9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "ann",
    "bob",
    "o1",
    "o2",
    "o3",
    "r1",
    "01234567-89ab-cdef-0123-456789abcdef",
    "LOCK\0",
    "NX",
    "",
];

type Call = Vec<Vec<u8>>;

/// How the calls of a session are sent.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Plain,
    Transactions,
    Scripts,
}

struct Session<'b> {
    rng: Rng,
    way: Way,
    batches: &'b [Vec<u8>],
}

impl Session<'_> {
    fn call(&mut self) -> Call {
        let mut call = match self.rng.u8(..9) {
            0 => vec![b"SECKILL.APPLY".to_vec(), b"new".to_vec(), self.batch()],
            1..5 => CORRECT[self.rng.usize(..CORRECT.len())]
                .split(' ')
                .map(|word| word.as_bytes().to_vec())
                .collect(),
            _ => return self.random_call(),
        };
        for _ in 0..self.rng.u8(..3) {
            let at = self.rng.usize(1..=call.len());
            match self.rng.u8(..4) {
                0 => call.truncate(at),
                1 => call.insert(at, self.argument()),
                2 if at < call.len() => call.insert(at, call[at].clone()),
                _ if at < call.len() => call[at] = self.argument(),
                _ => {}
            }
        }
        call
    }

    fn random_call(&mut self) -> Call {
        let name = CommandName::ALL[self.rng.usize(..CommandName::ALL.len())].as_str();
        let name = if self.rng.bool() { name.to_owned() } else { name.to_lowercase() };
        let mut call = vec![name.into_bytes()];
        let many = if self.rng.u8(..) == 0 { 1_000 } else { self.rng.usize(..=14) };
        if many > 0 && self.rng.u8(..4) > 0 {
            call.push(self.key());
        }
        while call.len() <= many {
            call.push(self.argument());
        }
        call
    }

    fn key(&mut self) -> Vec<u8> {
        KEYS[self.rng.usize(..KEYS.len())].into()
    }

    /// A random batch, in half of the cases the first one, which creates a sale.
    fn batch(&mut self) -> Vec<u8> {
        let at = if self.rng.bool() { 0 } else { self.rng.usize(..self.batches.len()) };
        self.batches[at].clone()
    }

    fn argument(&mut self) -> Vec<u8> {
        match self.rng.u8(..) {
            0 => vec![b'x'; 64 << 10],
            1..10 => vec![0xff; 128],
            10..20 => vec![0xff; 129],
            20..40 => (0..self.rng.usize(..40)).map(|_| self.rng.u8(..)).collect(),
            40..50 => self.batch(),
            50..90 => self.key(),
            90..150 => self.keyword(),
            _ => WORDS[self.rng.usize(..WORDS.len())].into(),
        }
    }

    /// Never BLOCK where a command could block.
    fn keyword(&mut self) -> Vec<u8> {
        let keyword = Keyword::ALL[self.rng.usize(..Keyword::ALL.len())];
        if keyword == Keyword::Block && self.way == Way::Plain {
            b"BLOCKS".into()
        } else {
            keyword.as_str().into()
        }
    }

    /// The commands that these calls are sent as.
    fn commands(&self, calls: &[Call]) -> Vec<Cmd> {
        match self.way {
            Way::Plain => calls.iter().map(|call| cmd_of(&[], call)).collect(),
            Way::Scripts => {
                let script: [&[u8]; 3] = [b"EVAL", b"return redis.pcall(unpack(ARGV))", b"0"];
                calls.iter().map(|call| cmd_of(&script, call)).collect()
            }
            Way::Transactions => calls
                .chunks(STEPS)
                .flat_map(|steps| {
                    let steps = steps.iter().map(|call| cmd_of(&[], call));
                    [cmd("MULTI")].into_iter().chain(steps).chain([cmd("EXEC")])
                })
                .collect(),
        }
    }

    /// The replies to the calls themselves. A call that could not be queued was replied to at once.
    fn replies_to_calls(&self, calls: &[Call], replies: Vec<Value>) -> Vec<Value> {
        if self.way != Way::Transactions {
            return replies;
        }
        let mut replies = replies.into_iter();
        let mut all = vec![];
        for steps in calls.chunks(STEPS) {
            assert_eq!(replies.next(), Some(Value::Okay));
            let queued: Vec<Value> = replies.by_ref().take(steps.len()).collect();
            match replies.next() {
                Some(Value::Array(executed)) => all.extend(executed),
                Some(Value::ServerError(error)) if error.code() == "EXECABORT" => {
                    let aborted = Value::ServerError(error);
                    let is_queued = |reply: &Value| show(reply) == "QUEUED";
                    all.extend(
                        queued
                            .into_iter()
                            .map(|reply| if is_queued(&reply) { aborted.clone() } else { reply }),
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        all
    }
}

fn cmd_of(prefix: &[&[u8]], call: &Call) -> Cmd {
    let mut command = Cmd::new();
    for word in prefix.iter().copied().chain(call.iter().map(Vec::as_slice)) {
        command.arg(word);
    }
    command
}

#[tokio::test]
async fn random_arguments_get_a_reply_or_an_error() {
    let server = Server::with(CONFIG).await;
    let mut connections =
        [server.connect_as("protocol=resp2").await, server.connect_as("protocol=resp3").await];
    let mut watch = Watch::begin(&server).await;
    let batches = varied_sale(FUTURE, 20).batches(0, 200);
    let mut accepted: BTreeMap<CommandName, u64> = BTreeMap::new();
    for seed in seeds(SESSIONS) {
        let what = format!("HOSTILE_SEED={seed}");
        let way = [Way::Plain, Way::Transactions, Way::Scripts][seed as usize % 3];
        let mut session = Session { rng: Rng::with_seed(seed), way, batches: &batches };
        let connection = &mut connections[session.rng.usize(..2)];
        let from_clients = session.rng.bool();
        let choice = if from_clients { "yes" } else { "no" };
        play(connection, &format!("CONFIG SET seckill.apply-from-clients {choice} => OK\n{SETUP}")).await;

        let calls: Vec<Call> = (0..CALLS).map(|_| session.call()).collect();
        let replies = replies(connection, session.commands(&calls), &what).await;
        let replies = session.replies_to_calls(&calls, replies);
        assert_eq!(replies.len(), CALLS);
        for (call, reply) in calls.iter().zip(&replies) {
            let name = CommandName::from_word(&String::from_utf8_lossy(&call[0]).to_uppercase()).unwrap();
            assert!(is_known(name, reply), "{what}: {} is the reply to {}", show(reply), text_of(call));
            if !matches!(reply, Value::ServerError(_)) {
                *accepted.entry(name).or_default() += 1;
            }
        }
        watch.piece(&what).await;
        for key in SALES {
            let audited = ask(connection, &format!("SECKILL.AUDIT {key}")).await;
            let sound = ["OK", "-NOSALE", "-WRONGTYPE"].contains(&audited.split(' ').next().unwrap());
            let info = ask(connection, &format!("SECKILL.INFO {key}")).await;
            let diverged = info.contains("\"diverged\" 1 ");
            assert!(if diverged { from_clients } else { sound }, "{what}: {key}: {audited}, {info}");
        }
    }
    play(&mut connections[0], "FLUSHALL => OK").await;
    watch.end().await;
    if seeds(SESSIONS).end == SESSIONS {
        // A command that was never accepted was not tested.
        for name in CommandName::ALL {
            assert!(accepted.get(name).is_some_and(|times| *times > SESSIONS / 4), "{name}: {accepted:?}");
        }
    }
}

/// A call as text, with long arguments cut.
fn text_of(call: &Call) -> String {
    let words = call.iter().map(|word| word[..word.len().min(200)].escape_ascii().to_string());
    words.collect::<Vec<_>>().join(" ")
}
