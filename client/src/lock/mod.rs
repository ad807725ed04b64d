//! Locks.

mod claim;
mod guard;
mod handle;
mod hold;
mod keeper;
mod one_server;
mod redlock;
mod release_on_drop;
mod votes;

pub use guard::{Guard, Lost};
pub use handle::Lock;
pub use keeper::Release;
pub use redlock::Redlock;
