//! The configs.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use seckill_core::protocol::{MAX_EVENTS, MAX_ORDERS};

use crate::redis::config::{BoolConfig, NumberConfig};

static MAX_ORDERS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_ORDERS);
static MAX_EVENTS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_EVENTS);
static APPLY_FROM_CLIENTS: AtomicI64 = AtomicI64::new(0);

const DEFAULT_MAX_ORDERS: i64 = 5_000_000;
const _: () = assert!(DEFAULT_MAX_ORDERS <= MAX_ORDERS as i64);
/// Four events for each of the most orders: those that an order needs are three.
const DEFAULT_MAX_EVENTS: i64 = 4 * DEFAULT_MAX_ORDERS;
const MOST_EVENTS: i64 = MAX_EVENTS.cast_signed();
const _: () = assert!(DEFAULT_MAX_EVENTS <= MOST_EVENTS);

/// The configs that are integers.
pub(crate) static NUMBERS: [NumberConfig; 2] = [
    NumberConfig {
        name: c"max-orders",
        default: DEFAULT_MAX_ORDERS,
        min: 1,
        max: MAX_ORDERS as i64,
        value: &MAX_ORDERS_SET,
    },
    NumberConfig {
        name: c"max-events",
        default: DEFAULT_MAX_EVENTS,
        min: 1,
        max: MOST_EVENTS,
        value: &MAX_EVENTS_SET,
    },
];

/// The configs that are yes or no.
pub(crate) static BOOLS: [BoolConfig; 1] =
    [BoolConfig { name: c"apply-from-clients", value: &APPLY_FROM_CLIENTS }];

/// Orders that a sale may have.
pub(crate) fn max_orders() -> u32 {
    u32::try_from(MAX_ORDERS_SET.load(Relaxed)).unwrap_or(MAX_ORDERS)
}

/// Events from which on a sale takes none that no order needs.
pub(crate) fn max_events() -> u64 {
    u64::try_from(MAX_EVENTS_SET.load(Relaxed)).unwrap_or(MAX_EVENTS)
}

/// Whether clients may send the internal commands, which else only a primary sends.
pub(crate) fn apply_from_clients() -> bool {
    APPLY_FROM_CLIENTS.load(Relaxed) != 0
}
