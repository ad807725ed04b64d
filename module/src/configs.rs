//! The configs.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use seckill_core::protocol::MAX_ORDERS;

use crate::redis::config::{BoolConfig, NumberConfig};

static MAX_ORDERS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_ORDERS);
static APPLY_FROM_CLIENTS: AtomicI64 = AtomicI64::new(0);

const DEFAULT_MAX_ORDERS: i64 = 5_000_000;
const _: () = assert!(DEFAULT_MAX_ORDERS <= MAX_ORDERS as i64);

/// The configs that are integers.
pub(crate) static NUMBERS: [NumberConfig; 1] = [NumberConfig {
    name: c"max-orders",
    default: DEFAULT_MAX_ORDERS,
    min: 1,
    max: MAX_ORDERS as i64,
    value: &MAX_ORDERS_SET,
}];

/// The configs that are yes or no.
pub(crate) static BOOLS: [BoolConfig; 1] =
    [BoolConfig { name: c"apply-from-clients", value: &APPLY_FROM_CLIENTS }];

/// Orders that a sale may have.
pub(crate) fn max_orders() -> u32 {
    u32::try_from(MAX_ORDERS_SET.load(Relaxed)).unwrap_or(MAX_ORDERS)
}

/// Whether clients may send the internal commands, which else only a primary sends.
pub(crate) fn apply_from_clients() -> bool {
    APPLY_FROM_CLIENTS.load(Relaxed) != 0
}
