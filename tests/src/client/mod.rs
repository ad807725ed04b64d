//! The client crate: what it adds to the commands.

mod failovers;
mod guards;
mod lines;
mod link;
mod polled;
mod purchases;
