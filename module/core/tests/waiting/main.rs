//! Callers that wait, against naive models: random histories, driven in the way that the module drives them.

mod lines;
mod readers;
mod server;
