//! What a client knows of a sale that refuses, and how that ends.

mod counter;
mod endings;
mod refusals;
