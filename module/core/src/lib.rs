//! Flash sales that do not oversell: the rules, without Redis, clock, randomness or I/O.
//!
//! # The model
//!
//! A **sale** has stock, orders and a history of **events**. A request is *decided* by a pure function that
//! reads the sale, and answers with an outcome and the events that it causes. *Applying* an event is the only
//! way in which a sale changes:
//!
//! ```text
//!            parse                decide                      commit
//! arguments ───────▶ Request ─────────────▶ Outcome + events ───────▶ Sale
//!                            (&Sale, Moment)         │
//!                                                    └──▶ batch ───▶ follow ──▶ another copy of the Sale
//! ```
//!
//! The copy that decides is the primary's; all others follow. They reach the same state, for the history
//! is all there is: a snapshot of a sale is its history, too.
//!
//! # What always holds
//!
//! - All units ever put in, less those taken out, are available, held or sold. None is negative.
//! - Each order is accepted once. It is held or sold at first; from held it goes to sold, cancelled or
//!   expired, from sold to cancelled, and from these two nowhere.
//! - Events are numbered 1, 2, 3 … Their times and their terms never fall.
//! - A sale that was told what does not follow says so ([`Sale::diverged`]) and decides nothing more.
//!
//! [`Sale::audit`] checks the books against the history.
//!
//! # Where things are
//!
//! | module | concept |
//! | --- | --- |
//! | [`wire`] | every name that crosses the wire, and every limit |
//! | [`command`] | the commands |
//! | [`arguments`] | bytes to commands and back |
//! | [`error`] | mistakes |
//! | [`decide`] | the rules: requests to decisions |
//! | `change` | what is applied: events whose names have been looked up |
//! | `sale` | the state, and applying a change |
//! | `follow` | what one copy tells another |
//! | [`read`] | what is read from a sale |
//! | [`events`] | events, and batches of them as they travel |
//! | `log` | the history in memory |
//! | [`snapshot`] | a sale to bytes and back |
//! | `audit` | the books, checked |
//! | [`blocks`] | its memory, to be moved |
//! | [`fence`] | the hybrid clock |
//! | `holds` | deadlines in order |
//! | `directory`, `index`, `names`, `chunked`, `varint` | how millions of records are kept and found |
//!
//! # What is deliberately absent
//!
//! Anything that can fail for another reason than its arguments. There is no `unsafe` here and no panic: sums
//! are checked, and errors are values.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

pub mod arguments;
mod audit;
pub mod blocks;
mod change;
mod chunked;
pub mod command;
pub mod decide;
mod directory;
pub mod error;
pub mod events;
pub mod fence;
mod follow;
mod holds;
mod index;
mod log;
mod names;
pub mod read;
mod sale;
pub mod snapshot;
mod varint;
pub mod wire;

pub use change::Unfit;
pub use index::Seed;
pub use names::{Name, Text};
pub use sale::{Sale, Units};
