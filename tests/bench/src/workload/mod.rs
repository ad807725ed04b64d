//! The commands that are measured, and their alternatives without Seckill.

mod bundles;
mod lock_setup;
mod locks;
mod measured;
mod plain;
mod sales;

pub(crate) use bundles::{bundle, bundles};
pub(crate) use locks::{FLOOR, LOCK, UNLOCK, locks};
pub(crate) use measured::{Numbers, Workload};
pub(crate) use plain::{HINCRBY, LUA_DELETE, SET, plain};
pub(crate) use sales::{ACCEPTED, RELEASED, SOLD_OUT, Size, by_lua, fill, grow, sales};
