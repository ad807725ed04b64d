//! The client crate: what it adds to the commands.

mod failed_over_feeds;
mod feeds;
mod failovers;
mod guards;
mod lines;
mod link;
mod polled;
mod purchases;
