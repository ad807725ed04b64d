//! Seeds, and commands in pieces of one round trip each.

use std::ops::Range;

use redis::aio::ConnectionLike;
use redis::{Cmd, Value};

use crate::harness::server::Connection;

/// How many are sent in one piece.
const PIECE: u64 = 250;

/// The seeds of a test: so many, or the one to repeat.
pub(super) fn seeds(many: u64) -> Range<u64> {
    match std::env::var("HOSTILE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("HOSTILE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..many,
    }
}

/// The seeds in pieces.
pub(super) fn pieces(many: u64) -> impl Iterator<Item = Range<u64>> {
    let seeds = seeds(many);
    let end = seeds.end;
    seeds.step_by(PIECE as usize).map(move |first| first..(first + PIECE).min(end))
}

/// The replies to commands that are sent in one piece.
pub(super) async fn replies(connection: &mut Connection, commands: Vec<Cmd>, what: &str) -> Vec<Value> {
    if commands.is_empty() {
        return vec![];
    }
    let mut pipe = redis::pipe();
    let count = commands.len();
    for command in commands {
        pipe.add_command(command);
    }
    let replies = connection.req_packed_commands(&pipe, 0, count).await;
    replies.unwrap_or_else(|error| panic!("{what}: {error}"))
}
