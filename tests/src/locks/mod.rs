//! Locks: leases, fences, purchases under a lock, and clients that do not know the module.

mod clock_steps;
mod fences;
mod interoperation;
mod leases;
mod purchases;
