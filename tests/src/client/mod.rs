//! The client crate: what it adds to the commands.

mod failovers;
mod purchases;
