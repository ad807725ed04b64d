//! What a process knows of a sale, so that it refuses new orders by itself.

mod connections;
mod figures;
mod handle;
mod knowledge;
mod purchase;
mod sale;
#[cfg(test)]
mod speed;
mod verdict;

pub(crate) use handle::Memory;
pub use sale::RememberingSale;
