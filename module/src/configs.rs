//! The configs, and the arguments of the module, which replace their defaults.

use std::ffi::CStr;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use seckill_core::protocol::{MAX_EVENTS, MAX_ORDERS};

use crate::redis::config::{BoolConfig, NumberConfig};

static MAX_ORDERS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_ORDERS);
static MAX_EVENTS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_EVENTS);
static MAX_WAITERS_SET: AtomicI64 = AtomicI64::new(DEFAULT_MAX_WAITERS);
static APPLY_FROM_CLIENTS: AtomicI64 = AtomicI64::new(0);
static ALLOW_EVICTION: AtomicI64 = AtomicI64::new(0);

const DEFAULT_MAX_ORDERS: i64 = 5_000_000;
const _: () = assert!(DEFAULT_MAX_ORDERS <= MAX_ORDERS as i64);
/// Four events for each of the most orders: those that an order needs are three.
const DEFAULT_MAX_EVENTS: i64 = 4 * DEFAULT_MAX_ORDERS;
const MOST_EVENTS: i64 = MAX_EVENTS.cast_signed();
const _: () = assert!(DEFAULT_MAX_EVENTS <= MOST_EVENTS);
const DEFAULT_MAX_WAITERS: i64 = 65_536;
/// More than a server has connections.
const MOST_WAITERS: i64 = 1_000_000;

/// The configs that are integers.
pub(crate) static NUMBERS: [NumberConfig; 3] = [
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
    NumberConfig {
        name: c"max-waiters",
        default: DEFAULT_MAX_WAITERS,
        min: 0,
        max: MOST_WAITERS,
        value: &MAX_WAITERS_SET,
    },
];

/// The configs that are yes or no.
pub(crate) static BOOLS: [BoolConfig; 2] = [
    BoolConfig { name: c"apply-from-clients", value: &APPLY_FROM_CLIENTS },
    BoolConfig { name: c"allow-eviction", value: &ALLOW_EVICTION },
];

/// Orders that a sale may have.
pub(crate) fn max_orders() -> u32 {
    u32::try_from(MAX_ORDERS_SET.load(Relaxed)).unwrap_or(MAX_ORDERS)
}

/// Events from which on a sale takes none that no order needs.
pub(crate) fn max_events() -> u64 {
    u64::try_from(MAX_EVENTS_SET.load(Relaxed)).unwrap_or(MAX_EVENTS)
}

/// Callers that may wait at once.
pub(crate) fn max_waiters() -> usize {
    usize::try_from(MAX_WAITERS_SET.load(Relaxed)).unwrap_or(0)
}

/// Whether clients may send the internal commands, which else only a primary sends.
pub(crate) fn apply_from_clients() -> bool {
    APPLY_FROM_CLIENTS.load(Relaxed) != 0
}

/// Whether sales may be created although the server may evict them.
pub(crate) fn allow_eviction() -> bool {
    ALLOW_EVICTION.load(Relaxed) != 0
}

/// Why the arguments of the module are refused.
pub(crate) enum ArgumentError {
    /// No config has this name.
    Unknown(String),
    /// The last name has no value.
    NoValue(String),
    /// The value of a config that is an integer.
    NoNumber { name: &'static CStr, min: i64, max: i64 },
    /// The value of a config that is yes or no.
    NoSwitch(&'static CStr),
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let names = names().map(|name| name.to_string_lossy()).collect::<Vec<_>>().join(", ");
                write!(
                    f,
                    "the module has no argument {name}; it takes these, each followed by its value: {names}"
                )
            }
            Self::NoValue(name) => write!(f, "the argument {name} of the module lacks its value"),
            Self::NoNumber { name, min, max } => {
                let name = name.to_string_lossy();
                write!(f, "the argument {name} of the module must be an integer between {min} and {max}")
            }
            Self::NoSwitch(name) => {
                write!(f, "the argument {} of the module must be yes or no", name.to_string_lossy())
            }
        }
    }
}

fn names() -> impl Iterator<Item = &'static CStr> {
    NUMBERS.iter().map(|config| config.name).chain(BOOLS.iter().map(|config| config.name))
}

/// Sets each config to what the arguments of the module say, which are names of configs, each followed by its
/// value; the others to their defaults.
pub(crate) fn read_arguments(arguments: &[&[u8]]) -> Result<(), ArgumentError> {
    // An attempt to load the module that failed may have left values.
    NUMBERS.iter().for_each(|config| config.value.store(config.default, Relaxed));
    BOOLS.iter().for_each(|config| config.value.store(0, Relaxed));
    for pair in arguments.chunks(2) {
        match *pair {
            [name, value] => read_argument(name, value)?,
            [name] => return Err(ArgumentError::NoValue(name.escape_ascii().to_string())),
            _ => {}
        }
    }
    Ok(())
}

fn read_argument(name: &[u8], value: &[u8]) -> Result<(), ArgumentError> {
    let is_named = |config: &CStr| config.to_bytes().eq_ignore_ascii_case(name);
    if let Some(config) = NUMBERS.iter().find(|config| is_named(config.name)) {
        let NumberConfig { name, min, max, value: target, .. } = *config;
        let number = str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        let number = number.filter(|number| (min..=max).contains(number));
        target.store(number.ok_or(ArgumentError::NoNumber { name, min, max })?, Relaxed);
    } else if let Some(config) = BOOLS.iter().find(|config| is_named(config.name)) {
        let on = value.eq_ignore_ascii_case(b"yes");
        if !on && !value.eq_ignore_ascii_case(b"no") {
            return Err(ArgumentError::NoSwitch(config.name));
        }
        config.value.store(i64::from(on), Relaxed);
    } else {
        return Err(ArgumentError::Unknown(name.escape_ascii().to_string()));
    }
    Ok(())
}
