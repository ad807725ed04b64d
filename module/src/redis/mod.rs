//! Safe wrappers over the C API of the server, and all `unsafe`. Nothing here knows of sales or locks.
//!
//! The server calls the module on one thread, except that it frees values on others. What is a pointer here
//! is valid for the call in which the server passed it, and the wrappers live no longer than that.

#![allow(unsafe_code)]

#[macro_use]
mod api;
#[macro_use]
mod load;
mod alloc;
mod args;
pub(crate) mod blocking;
mod clock;
pub(crate) mod command;
pub(crate) mod config;
mod context;
pub(crate) mod data_type;
mod defrag;
pub(crate) mod events;
pub(crate) mod info;
mod key;
pub(crate) mod key_spec;
pub(crate) mod options;
mod rdb;
mod replication;
mod reply;
mod timer;

pub(crate) use args::{Args, HeldString, MAX_ARGS, Owned, Str};
pub(crate) use clock::{cpu_time, monotonic_time, unix_time};
pub(crate) use context::{Context, Flags};
pub(crate) use data_type::{DataType, TypeHandle};
pub(crate) use defrag::Defrag;
pub(crate) use key::{Key, KeyKind};
pub(crate) use load::load_module;
pub(crate) use rdb::{CutShort, RdbReader};
pub(crate) use replication::Class;
pub(crate) use reply::{Field, Value};
pub(crate) use timer::Timer;
