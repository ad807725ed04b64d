//! Holds run out by themselves.

mod clock_steps;
mod expiry;
mod moved_sales;
mod timing;
