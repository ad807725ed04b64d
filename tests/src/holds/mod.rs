//! Holds run out by themselves.

mod expiry;
mod moved_sales;
mod timing;
