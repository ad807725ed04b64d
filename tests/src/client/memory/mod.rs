//! What a client knows of a sale that refuses, and how that ends.

mod clocks;
mod counter;
mod endings;
mod failovers;
mod refusals;
mod staleness;
mod unsupported;
mod waiting;
