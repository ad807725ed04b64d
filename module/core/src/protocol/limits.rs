//! The limits on everything that comes from outside.

/// The most sales of one BUYALL.
pub const MAX_SALES: usize = 64;
/// The most arguments of a well-formed command, its name included: those of BUYALL, with a quantity for each
/// sale and a lock to release.
pub const MAX_ARGS: usize = 2 * MAX_SALES + 9;
/// The longest token, buyer, order and restock id, in bytes.
pub const MAX_NAME: usize = 128;
/// The largest integer that every client language holds: 2^53 - 1.
pub const MAX_INT: u64 = (1 << 53) - 1;
const _: () = assert!(MAX_INT <= i64::MAX as u64);
/// The first instant, in unix ms, that a window may name besides 0. Instants in unix seconds lie below it, up to the
/// year 5138.
pub const FIRST_INSTANT: u64 = 100_000_000_000;
/// The largest quantity of an order and the largest limit: 2^32 - 1.
pub const MAX_QTY: u64 = u32::MAX as u64;
/// Orders that one buyer may place for each unit of LIMIT, unless ATTEMPTS is given.
pub const ATTEMPTS_PER_UNIT: u64 = 10;
/// Orders that one buyer may place at least, unless ATTEMPTS is given.
pub const LEAST_ATTEMPTS: u64 = 100;
/// How far ahead of this server's clock a term or a fence from a client may be, in µs: a day. A server goes on
/// above the numbers that it has seen; so its own are soon back at its clock, and other servers accept them.
pub const FOREIGN_LEAD: u64 = 24 * 60 * 60 * 1_000_000;
/// The latest time of an event from a client: in September 2112.
pub const LATEST_FOREIGN_MS: u64 = (1 << 52) / 1_000;
/// Events that EVENTS replies when COUNT is not given.
pub const EVENTS_DEFAULT: u64 = 100;
/// The largest COUNT of EVENTS.
pub const EVENTS_MAX: u64 = 1_000;
/// Order ids that BUYER replies at most.
pub const BUYER_ORDERS: usize = 100;
/// Waiters that WAITERS replies at most.
pub const WAITERS_MAX: usize = 1_000;
/// Orders up to which a primary runs AUDIT without FORCE.
pub const AUDIT_ORDERS: u32 = 100_000;
/// Due holds that a BUY expires at most before it is decided.
pub const BUY_EXPIRES: usize = 32;
/// The largest value of the config `seckill.max-events`.
pub const MAX_EVENTS: u64 = 1 << 32;
/// The largest value of the config `seckill.max-orders`: what 32-bit record numbers and name addresses reach.
pub const MAX_ORDERS: u32 = 30_000_000;

const _: () = assert!(1 <= EVENTS_DEFAULT && EVENTS_DEFAULT <= EVENTS_MAX && EVENTS_MAX <= MAX_INT);
