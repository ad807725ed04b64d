//! A sale of many shards: to its buyers it is one, under load and while clients and servers fail.

mod books;
mod crowd;
mod load;
mod reader;
mod stage;
