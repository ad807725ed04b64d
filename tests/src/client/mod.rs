//! The client crate: what it adds to the commands.

mod failovers;
mod guards;
mod link;
mod polled;
mod purchases;
