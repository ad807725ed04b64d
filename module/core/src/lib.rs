//! Flash sales that do not oversell: the rules. No Redis, no I/O, no randomness, and no clock is read: the
//! present time is an argument.
//!
//! # The model
//!
//! A **sale** has stock, orders and a history of **events**. A request is *decided* by a pure function that
//! reads the sale, and returns an outcome and the events that it causes. *Applying* an event is the only way
//! in which a sale changes:
//!
//! ```text
//!            parse                decide                      commit
//! arguments ───────▶ Request ─────────────▶ Outcome + events ───────▶ Sale
//!                            (&Sale, Moment)         │
//!                                                    └──▶ batch ───▶ apply ──▶ another copy of the Sale
//! ```
//!
//! The primary's copy decides; all others apply. They reach the same state, for the history is all there is:
//! a snapshot of a sale is its history, too.
//!
//! # What always holds
//!
//! - All units ever put in, less those taken out, are available, held or sold. None is negative.
//! - Each order is accepted once. It is held or sold at first; from held it goes to sold, cancelled or
//!   expired, from sold to cancelled. Cancelled and expired are final.
//! - Events are numbered 1, 2, 3 … Their times and their terms never fall.
//! - A copy that was sent an event that cannot be applied is marked ([`Sale::diverged`]) and decides nothing
//!   more.
//!
//! [`Sale::audit`] recomputes every figure from the history. What cannot happen is asserted: the assertions
//! run in the tests, in the simulator and in the fuzzers (`make test`), and cost nothing in a release.
//!
//! # Where things are
//!
//! | folder or file | concept |
//! | --- | --- |
//! | [`protocol`] | what crosses the wire: words, limits, commands, errors |
//! | `sale` | sales: state, decide, apply, replicate, read, audit, snapshot |
//! | [`lock`] | the rules of locks |
//! | [`deadlines`] | a queue of deadlines |
//! | [`waiting`] | callers that wait: the lines of locks, the readers of sales |
//! | [`clock`] | the hybrid logical clock that fences and terms come from |
//! | [`format`](mod@format) | the bytes on disks and replicas, and the policy for changing them |
//! | `storage` | how millions of records are kept in memory, and found |
//!
//! Imports point one way: `sale` to `storage`, `protocol` and `format`; `waiting` to
//! `lock`, `deadlines` and `protocol`; `storage`, `lock`, `deadlines` and `clock` to `protocol`; `protocol` to
//! `format`. No two files import each other. `tests/layers` checks it.
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

pub mod clock;
pub mod deadlines;
pub mod format;
pub mod lock;
pub mod protocol;
mod sale;
mod storage;
pub mod waiting;

pub use sale::{
    ApplyError, AuditError, BatchReader, Bundle, Claim, Decision, Entry, Event, Info, LoadError, Loading,
    MalformedBatch, Moment, NamedEvent, OpenStatus, OrderStatus, OrderView, Origin, Outcome, PART, Part,
    Role, Sale, Units,
};
pub use storage::{Relocator, Seed};
