//! Flash sales that do not oversell: the Redis module. `README.md` beside this crate is the reference.
//!
//! A call goes one way: `hooks` takes it from the server, `commands` parses it, opens the keys, asks
//! `seckill-core` for a decision, applies and replicates that, and replies.
//!
//! | folder or file | concept |
//! | --- | --- |
//! | `hooks` | where the server calls the module: load, command table, data type, events, timer, INFO |
//! | `commands` | the commands, one file a family, and what a change takes: apply, replicate, notify |
//! | `redis` | safe wrappers over the C API, and all `unsafe` |
//! | `stored` | a sale as a key holds it |
//! | `schedule` | which sale has holds that fall due, and when |
//! | `lines` | who waits for which lock, and when to look at it |
//! | `deliveries` | grants whose replies are not sent yet |
//! | `readers` | who waits for the events of which sale |
//! | `key_name` | the name of a key, to find it again later |
//! | `clocks` | the present time, fences, terms, the leadership epoch |
//! | `configs`, `counters` | what the operator sets, and what INFO shows |
//! | `eviction` | whether the server may evict sales and locks, and what it evicted |
//! | `persistence` | whether the server saves anything |
//! | `replicas` | whether a primary has as many replicas as it needs to write |
//! | `version` | the version of the module |
//!
//! Imports point one way: `hooks` to `commands`, both to the single files, all to `redis`, which imports
//! nothing of ours.

#![deny(unsafe_code)]

#[macro_use]
mod redis;
mod clocks;
mod commands;
mod configs;
mod counters;
mod deliveries;
mod eviction;
mod hooks;
mod key_name;
mod lines;
mod persistence;
mod readers;
mod replicas;
mod schedule;
mod stored;
mod version;
