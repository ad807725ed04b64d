//! Locks: leases, fences, purchases under a lock, lines of callers that wait, and clients that do not know the module.

mod clock_steps;
mod crowd;
mod fences;
mod freeing;
mod interoperation;
mod leases;
mod leaving;
mod order;
mod purchases;
mod queue;
mod waiters;
