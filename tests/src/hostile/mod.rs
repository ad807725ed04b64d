//! Bytes from anyone: as payloads of RESTORE with a right checksum, as batches of APPLY, as arguments. A server
//! refuses them, or has a sale that is sound; it neither ends nor hangs nor grows.
//!
//! Chance makes them, and a seed decides what chance does: `HOSTILE_SEED=n` repeats one.

mod apply;
mod batches;
mod calls;
mod mutations;
mod reply_shapes;
mod restore;
mod sample_sales;
mod soundness;
mod watched_server;
