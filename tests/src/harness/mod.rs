//! What the tests share: servers, sessions as text, histories of sales, and buyers.

pub(crate) mod aof;
pub(crate) mod built;
pub(crate) mod buyers;
pub(crate) mod c_library;
pub(crate) mod callers;
pub(crate) mod clock;
pub(crate) mod conditions;
pub(crate) mod contenders;
pub(crate) mod copies;
pub(crate) mod divergence;
pub(crate) mod dump;
pub(crate) mod history;
pub(crate) mod info;
pub(crate) mod listener;
pub(crate) mod local_sale;
pub(crate) mod markdown;
pub(crate) mod names;
pub(crate) mod persistence;
pub(crate) mod processes;
pub(crate) mod proxy;
pub(crate) mod readers;
pub(crate) mod sample;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod tenures;
pub(crate) mod waiting;
