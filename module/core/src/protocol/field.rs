//! The field names of replies that are maps.

#![allow(missing_docs, reason = "each constant is the word that it holds")]

pub const AT: &str = "at";
pub const ATTEMPTS: &str = "attempts";
pub const AVAILABLE: &str = "available";
pub const BUYER: &str = "buyer";
pub const BUYERS: &str = "buyers";
pub const CLOSES: &str = "closes";
pub const CREATED: &str = "created";
pub const DEADLINE: &str = "deadline";
pub const DIVERGED: &str = "diverged";
pub const EVENT: &str = "event";
pub const FENCE: &str = "fence";
pub const HELD: &str = "held";
pub const HOLD: &str = "hold";
pub const ID: &str = "id";
pub const LEASE: &str = "lease";
pub const LIMIT: &str = "limit";
pub const NOW: &str = "now";
pub const OPENS: &str = "opens";
pub const ORDER: &str = "order";
pub const ORDERS: &str = "orders";
pub const QTY: &str = "qty";
pub const ROOM: &str = "room";
pub const SEQ: &str = "seq";
pub const SOLD: &str = "sold";
pub const STATE: &str = "state";
pub const TERM: &str = "term";
pub const TIMEOUT: &str = "timeout";
pub const TOKEN: &str = "token";
pub const WAITED: &str = "waited";
pub const WAITERS: &str = "waiters";
