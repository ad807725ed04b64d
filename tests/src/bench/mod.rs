//! The program behind `make bench` and `make instructions`.

mod instructions;
mod report;
