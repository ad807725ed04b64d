//! Malicious input: payloads of RESTORE with a correct checksum, batches of APPLY, and arguments. The server
//! refuses it, or has a sale that is sound or marked as diverged. It does not crash, hang, or use much
//! memory.
//!
//! All input is random and follows from seeds: `HOSTILE_SEED=n` repeats one.

mod apply;
mod batches;
mod calls;
mod mutations;
mod reply_shapes;
mod restore;
mod sample_sales;
mod soundness;
mod watched_server;
