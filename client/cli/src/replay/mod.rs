//! The incident, replayed: many buyers, a hundred bottles, and a user service that now and then takes longer
//! than the lease of the lock.
//!
//! [`play()`] runs one [`Strategy`] with all buyers at once, each with a [`Handler`] in a task of its own. A
//! handler takes the lock, asks the user service and sells a bottle. While the lock is busy it pauses and
//! tries again, until it has sold a bottle to its buyer, any handler has found the stock empty, or the
//! deadline has passed. The handler with a guard, which is that of the client's example `checkout`, waits in line
//! instead.
//!
//! The orders of the strategies that use SECKILL commands are then compared with INFO, EVENTS and AUDIT of
//! the sale.

mod by_hand;
#[path = "../../../examples/checkout/handler.rs"]
mod checkout;
mod error;
mod figures;
mod handler;
mod load;
mod play;
mod request;
mod service;
mod strategy;
mod verify;

pub use by_hand::{HandWritten, Keys, Seen};
pub use error::Error;
pub use figures::StrategyFigures;
pub use handler::{Attempt, Handler};
pub use load::Load;
pub use play::play;
pub use strategy::Strategy;
