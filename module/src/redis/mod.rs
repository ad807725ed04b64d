//! All that touches the C API of the server, and all `unsafe`.
//!
//! The server calls the module on one thread, save that it frees values on others. What is a pointer here is
//! valid for the call in which the server passed it, and the wrappers live no longer than that.

#![allow(unsafe_code)]

#[macro_use]
mod api;
mod alloc;
mod args;
mod clock;
mod command;
mod config;
mod context;
mod defrag;
mod events;
mod info;
mod key;
mod load;
mod replication;
mod reply;
mod sale_type;
mod timer;

pub(crate) use args::{Args, Owned, Str};
pub(crate) use clock::cpu_time;
pub(crate) use config::{Config, Switch};
pub(crate) use context::{Context, Flags};
pub(crate) use key::{Key, Kind, Stored};
pub(crate) use replication::Class;
pub(crate) use timer::Timer;
