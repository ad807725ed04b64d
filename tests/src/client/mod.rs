//! The client crate: what it adds to the commands.

mod purchases;
