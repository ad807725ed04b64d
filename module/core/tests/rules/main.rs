//! The rules of sales as scenarios: the time, a command, the reply, the events.
//!
//! After each line both the sale and a replica that was sent its batches are audited and compared.

mod attempts;
mod buy;
mod capacity;
mod diverged;
mod holds;
mod readers;
mod stock;
#[path = "../support/mod.rs"]
mod support;
mod terms;
mod views;
