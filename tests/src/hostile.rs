//! Bytes from anyone: as payloads of RESTORE with a right checksum, as batches of APPLY, as arguments. A server
//! refuses them, or has a sale that is sound; it neither ends nor hangs nor grows.
//!
//! Chance makes them, and a seed decides what chance does: `HOSTILE_SEED=n` repeats one.

mod apply;
mod calls;
mod edits;
mod judge;
pub(crate) mod payload;
mod restore;
mod sales;
mod shapes;
mod watch;

use std::ops::Range;

use redis::aio::ConnectionLike;
use redis::{Cmd, Value};

use crate::server::Connection;

/// How many are sent in one piece.
const PIECE: u64 = 250;

/// The seeds of a test: so many, or the one to repeat.
fn seeds(many: u64) -> Range<u64> {
    match std::env::var("HOSTILE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("HOSTILE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..many,
    }
}

/// The seeds in pieces.
fn pieces(many: u64) -> impl Iterator<Item = Range<u64>> {
    let seeds = seeds(many);
    let end = seeds.end;
    seeds.step_by(PIECE as usize).map(move |first| first..(first + PIECE).min(end))
}

/// The replies to commands that are sent in one piece.
async fn replies(connection: &mut Connection, commands: Vec<Cmd>, what: &str) -> Vec<Value> {
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
