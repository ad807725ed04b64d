//! Commands that are sent to several servers at once, each by a thread of its own.

use std::thread;

use crate::blocking::blocking;
use crate::failure::Failure;
use crate::pipe::{Batch, Pipe, Reply};

/// What a server is sent.
pub(super) struct Stream {
    pub(super) pipe: Pipe,
    pub(super) batches: Vec<Batch>,
}

/// Buys by all of these. Each order must be accepted.
pub(super) async fn send_to_all(streams: Vec<Stream>) -> Result<(), Failure> {
    blocking(move || {
        thread::scope(|scope| {
            let send = |Stream { mut pipe, batches }| pipe.exchange(batches, Reply::Word("SOLD"));
            let sending: Vec<_> =
                streams.into_iter().map(|stream| scope.spawn(move || send(stream))).collect();
            let ended = sending.into_iter().map(|thread| thread.join().map_err(|_| "a thread has failed")?);
            ended.collect()
        })
    })
    .await
}
