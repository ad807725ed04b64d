//! Locks.

mod claim;
mod guard;
mod handle;
mod hold;
mod keeper;
mod one_server;
mod release_on_drop;

pub use guard::{Guard, Lost};
pub use handle::Lock;
pub use keeper::Release;
