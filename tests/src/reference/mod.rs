//! `module/README.md` against a real server, in both directions: what the server shows stands on the page,
//! and what stands on the page is what the server shows.
//!
//! The page is read by its headings and tables. The tests of the README run its sessions. Of the client's page
//! only the lists of words are compared.

mod changes;
mod client;
mod commands;
mod configs;
mod errors;
mod links;
mod replies;
mod section;
mod shards;
mod users;

/// Each command, with `%` as its key and as few arguments as make it one that could succeed.
const CALLS: [&str; 20] = [
    "SECKILL.LOCK % t 60000",
    "SECKILL.UNLOCK % t",
    "SECKILL.RENEW % t 60000",
    "SECKILL.WAITERS %",
    "SECKILL.CREATE % STOCK 1",
    "SECKILL.ALTER % LIMIT 1",
    "SECKILL.RESTOCK % 1",
    "SECKILL.BUY % b o",
    "SECKILL.BUYALL 1 % b o",
    "SECKILL.CONFIRM % o",
    "SECKILL.EXTEND % o 60000",
    "SECKILL.CANCEL % o",
    "SECKILL.ORDER % o",
    "SECKILL.BUYER % b",
    "SECKILL.EVENTS % 0",
    "SECKILL.INFO %",
    "SECKILL.AUDIT %",
    "SECKILL.APPLY % x",
    "SECKILL.GRANT % t 9007199254740991 1",
    "SECKILL.FENCE 1",
];

/// The command of a line.
fn command_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}
