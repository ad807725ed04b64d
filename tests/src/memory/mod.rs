//! Memory: what sales take and give back, and its limit.

mod defrag;
mod eviction;
mod lazy_free;
mod leaks;
mod limit;
mod usage;
mod waiters;
