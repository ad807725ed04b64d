//! The rules of `protocol.md`, as stories: at what time, which command, the reply, the events.
//!
//! After each line the books must be right, and a copy that was fed the events alone must be the same.

mod buy;
mod history;
mod holds;
mod stock;
#[path = "../support/mod.rs"]
mod support;
mod views;
