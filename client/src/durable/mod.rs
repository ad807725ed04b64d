//! Purchases that are reported as durable only when replicas have them.

mod barrier;
mod demand;
mod lock_key;
mod queue;
mod receipt;
mod sale;

pub(crate) use barrier::Barrier;
pub(crate) use demand::Demand;
pub use receipt::{Durability, DurableReceipt};
pub use sale::DurableSale;
pub(crate) use sale::LONGEST;
