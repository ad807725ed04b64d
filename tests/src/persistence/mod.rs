//! RDB files and AOFs: restarts, crashes, truncated, older and newer files.

mod crashes;
mod handoffs;
mod newer_versions;
mod old_files;
mod restart;
mod truncated_aof;
mod warnings;
mod without_module;
