//! A cluster: who owns a slot decides, and the slot takes its sales along wherever it goes.

mod buyers;
mod by_keys;
mod failover;
mod large;
mod migrate;
mod nodes;
mod ownership;
mod slots;
mod whole_slots;
