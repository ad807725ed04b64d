//! RDB files and AOFs: restarts, crashes, truncated and newer files.

mod crashes;
mod newer_versions;
mod restart;
mod truncated_aof;
