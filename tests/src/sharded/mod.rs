//! A sale of many shards: to its buyers it is one, under load and while clients and servers fail.

mod balancers;
mod books;
mod crowd;
mod endings;
mod failovers;
mod forgotten;
mod halves;
mod homes;
mod killed;
mod late;
mod lifecycles;
mod load;
mod memory;
mod moves;
mod outages;
mod reader;
mod selling_out;
mod shop;
mod stage;
mod strangers;
