//! Whether the server may evict sales and locks, and what it evicted.
//!
//! A sale that is evicted is created again with all its stock; a lock that is evicted gets a second owner.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::redis::{Context, HeldString, Str};
use crate::{configs, counters};

/// What the server may evict, least first.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Evictable {
    Nothing,
    /// Locks, and no sale but those that EXPIRE was called for.
    KeysWithExpiry,
    AllKeys,
}

impl Evictable {
    /// What the settings of the server say.
    fn read(context: &Context, policy: &str) -> Self {
        let limit = context.server_info("memory", "maxmemory");
        if limit.is_some_and(|limit| limit == "0") || policy == "noeviction" {
            Self::Nothing
        } else if policy.starts_with("volatile-") {
            Self::KeysWithExpiry
        } else {
            Self::AllKeys
        }
    }
}

/// An [`Evictable`]: calls do not read the settings.
static EVICTABLE: AtomicU8 = AtomicU8::new(Evictable::Nothing as u8);

/// The key of the sale that was removed last. The server removes a key before it reports that it evicted the
/// key, by the same string.
static REMOVED: HeldString = HeldString::new();

/// The policy when the settings were read last.
static POLICY: Mutex<String> = Mutex::new(String::new());

/// Reads the settings of the server, and warns when they changed and anything may be evicted.
pub(crate) fn settings_changed(context: &Context) {
    let policy = context.server_info("memory", "maxmemory_policy").unwrap_or_default();
    let evictable = Evictable::read(context, &policy);
    let is_same_policy = {
        let mut last = POLICY.lock().unwrap_or_else(PoisonError::into_inner);
        policy == std::mem::replace(&mut *last, policy.clone())
    };
    if EVICTABLE.swap(evictable as u8, Relaxed) == evictable as u8 && is_same_policy {
        return;
    }
    let endangered = match evictable {
        Evictable::Nothing => return,
        Evictable::KeysWithExpiry => "locks may be evicted, and get a second owner",
        Evictable::AllKeys => "sales may be evicted with their orders, and locks get a second owner",
    };
    context.warn(&format!(
        "maxmemory is set and maxmemory-policy is {policy}: {endangered}; set it to noeviction"
    ));
}

/// Whether the server evicts no sale, unless EXPIRE was called for it.
pub(crate) fn are_sales_safe() -> bool {
    EVICTABLE.load(Relaxed) < Evictable::AllKeys as u8
}

/// Whether the server evicts no lock.
pub(crate) fn are_locks_safe() -> bool {
    EVICTABLE.load(Relaxed) == Evictable::Nothing as u8
}

/// Whether no sale may be created, because the server could evict it.
pub(crate) fn forbids_sales() -> bool {
    !are_sales_safe() && !configs::allow_eviction()
}

/// A sale is removed from its key, for whatever reason.
pub(crate) fn sale_removed(key: Str<'_>) {
    if !are_locks_safe() {
        REMOVED.hold(key);
    }
}

/// The server evicted a key.
pub(crate) fn key_evicted(key: Str<'_>) {
    let was_sale = REMOVED.release(key);
    if was_sale { &counters::EVICTED_SALES } else { &counters::EVICTED_OTHER_KEYS }.add(1);
}
