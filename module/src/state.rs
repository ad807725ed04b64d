//! What the module knows besides the keyspace: the fence, the tenure, configs and counters.
//!
//! The server calls on one thread. The statics are atomic or locked because Rust wants that of statics, not
//! because anything races.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use seckill_core::fence::Fence;
use seckill_core::wire::{MAX_ORDERS, Refusal};

use crate::redis::{Config, Switch};

/// The version of the module, as MODULE LIST shows it.
pub(crate) const VERSION: c_int = 1;

/// The present time. A command reads it once.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// Unix time in µs.
    pub(crate) us: u64,
}

impl Now {
    pub(crate) fn read() -> Self {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { us: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX) }
    }

    /// Unix time in ms.
    pub(crate) fn ms(self) -> u64 {
        self.us / 1_000
    }
}

/// The clock of fences.
static FENCES: Mutex<Fence> = Mutex::new(Fence::new());
/// The clock of terms. Where many terms begin at once it runs ahead of real time, which fences must not: they
/// rise from one server to the next because both go by the time.
static TERMS: Mutex<Fence> = Mutex::new(Fence::new());

fn clock(clock: &'static Mutex<Fence>) -> MutexGuard<'static, Fence> {
    clock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out a fence.
pub(crate) fn next_fence(now: Now) -> u64 {
    clock(&FENCES).advance(now.us)
}

/// The term that would begin now.
pub(crate) fn next_term(now: Now) -> u64 {
    let [low, high, ..] = tenure().to_le_bytes();
    clock(&TERMS).term(now.us, u16::from_le_bytes([low, high]))
}

/// A fence or term beyond is no time of a real clock before the year 2112. A hostile payload may hold one; it is
/// not followed, for with it this server's own would end.
const WILD: u64 = 1 << 52;

/// Takes note of a fence that was given out.
pub(crate) fn observe_fence(seen: u64) {
    if seen < WILD {
        clock(&FENCES).observe(seen);
    }
}

/// Takes note of a term that began.
pub(crate) fn observe_term(seen: u64) {
    if seen < WILD {
        clock(&TERMS).observe(seen);
    }
}

/// The last fence given out or seen.
pub(crate) fn last_fence() -> u64 {
    clock(&FENCES).last()
}

static TENURE: AtomicU64 = AtomicU64::new(0);

/// The reign of this server as a decider.
pub(crate) fn tenure() -> u64 {
    TENURE.load(Relaxed)
}

/// Begins another reign: when the module is loaded, and with each change of role. The low 16 bits of its number
/// are its mark, drawn by chance, and the high ones count.
pub(crate) fn begin_tenure(mark: u16) {
    let count = (tenure() >> u16::BITS) + 1;
    TENURE.store(count << u16::BITS | u64::from(mark), Relaxed);
}

const DEFAULT_MAX_ORDERS: i64 = 5_000_000;
static MAX_ORDERS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_ORDERS);
static APPLY_FROM_CLIENTS: AtomicI64 = AtomicI64::new(0);

/// Orders that a sale may have.
pub(crate) fn max_orders() -> u32 {
    u32::try_from(MAX_ORDERS_SET.load(Relaxed)).unwrap_or(MAX_ORDERS)
}

/// Whether clients may send what only a primary sends.
pub(crate) fn apply_from_clients() -> bool {
    APPLY_FROM_CLIENTS.load(Relaxed) != 0
}

/// The configs that are integers.
pub(crate) static NUMBERS: [Config; 1] = [Config {
    name: c"max-orders",
    default: DEFAULT_MAX_ORDERS,
    min: 1,
    max: MAX_ORDERS as i64,
    value: &MAX_ORDERS_SET,
}];

/// The configs that are yes or no.
pub(crate) static SWITCHES: [Switch; 1] =
    [Switch { name: c"apply-from-clients", value: &APPLY_FROM_CLIENTS }];

/// What is counted since the module was loaded.
pub(crate) static GRANTS: AtomicU64 = AtomicU64::new(0);
/// Orders that became held or sold.
pub(crate) static ORDERS_ACCEPTED: AtomicU64 = AtomicU64::new(0);
/// Holds that ran out.
pub(crate) static HOLDS_EXPIRED: AtomicU64 = AtomicU64::new(0);
/// The longest go of letting holds run out, in µs of processor time.
pub(crate) static LONGEST_SWEEP_US: AtomicU64 = AtomicU64::new(0);
/// Sales that were marked diverged.
pub(crate) static SALES_DIVERGED: AtomicU64 = AtomicU64::new(0);
static REFUSALS: [AtomicU64; Refusal::ALL.len()] = [const { AtomicU64::new(0) }; Refusal::ALL.len()];

/// Counts a refusal.
pub(crate) fn count_refusal(refusal: Refusal) {
    if let Some(at) = Refusal::ALL.iter().position(|other| *other == refusal) {
        REFUSALS[at].fetch_add(1, Relaxed);
    }
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Relaxed);
}

/// Takes note of a value, if it is the greatest so far.
pub(crate) fn record(greatest: &AtomicU64, value: u128) {
    greatest.fetch_max(u64::try_from(value).unwrap_or(u64::MAX), Relaxed);
}

/// All counters with their names, for INFO.
pub(crate) fn counters() -> impl Iterator<Item = (String, u64)> {
    let plain = [
        ("grants", &GRANTS),
        ("orders_accepted", &ORDERS_ACCEPTED),
        ("holds_expired", &HOLDS_EXPIRED),
        ("longest_sweep_us", &LONGEST_SWEEP_US),
        ("sales_diverged", &SALES_DIVERGED),
    ];
    let refusals = Refusal::ALL.iter().zip(&REFUSALS);
    plain.into_iter().map(|(name, counter)| (name.to_owned(), counter.load(Relaxed))).chain(refusals.map(
        |(refusal, counter)| {
            (format!("refused_{}", refusal.as_str().to_ascii_lowercase()), counter.load(Relaxed))
        },
    ))
}
