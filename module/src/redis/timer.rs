//! One timer that can be set again.

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use redis_module::raw;

use super::api::guarded;
use super::clock::unix_time;
use super::context::Context;

/// A timer that is late by this, in ms, is set again.
const STALE_AFTER: u64 = 100;
/// When a timer that found writes paused tries again, in ms.
const PAUSED_RETRY: u64 = 20;
/// The longest period, in ms: a day. The server adds the period to a clock and must not overflow.
const LONGEST: i64 = 86_400_000;

/// A timer. The function that it calls may set it again.
pub(crate) struct Timer {
    on_timer: OnceLock<fn(&Context)>,
    /// The instant for which it is set, in unix ms; 0 when it is not set.
    due: AtomicU64,
    id: AtomicU64,
}

impl Timer {
    pub(crate) const fn new() -> Self {
        Self { on_timer: OnceLock::new(), due: AtomicU64::new(0), id: AtomicU64::new(0) }
    }

    /// Names what is called when the timer fires. The first call counts.
    pub(crate) fn install(&self, on_timer: fn(&Context)) {
        self.on_timer.get_or_init(|| on_timer);
    }

    /// Sets the timer for when writes that are paused may go on.
    pub(crate) fn try_again(&'static self, context: &Context) {
        self.set(context, now().saturating_add(PAUSED_RETRY));
    }

    /// Sets the timer for when the present commands have been served. Not for use by the function that it calls,
    /// which would keep everybody else waiting.
    pub(crate) fn soon(&'static self, context: &Context) {
        self.set_after(context, now(), 0);
    }

    /// Sets the timer for an instant, in unix ms, unless it is set for one that is not later; in 1 ms at the
    /// earliest.
    pub(crate) fn set(&'static self, context: &Context, due: u64) {
        self.set_after(context, due, 1);
    }

    fn set_after(&'static self, context: &Context, due: u64, least: i64) {
        let now = now();
        let set = self.due.load(Relaxed);
        // When the time jumps ahead, a timer that should have fired still waits: the server counts on another
        // clock.
        if set != 0 && set <= due && now <= set.saturating_add(STALE_AFTER) {
            return;
        }
        if set != 0 {
            // SAFETY: the timer is pending: `fire` clears `due` before anything else, so a timer that has
            // fired is never stopped.
            unsafe {
                api!(RedisModule_StopTimer(context.as_ptr(), self.id.load(Relaxed), std::ptr::null_mut()));
            }
        }
        let period = i64::try_from(due.saturating_sub(now)).unwrap_or(i64::MAX).clamp(least, LONGEST);
        let this = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the context is valid; the timer is static, so the pointer is valid when it fires.
        let id = unsafe { api!(RedisModule_CreateTimer(context.as_ptr(), period, Some(fire), this)) };
        self.id.store(id, Relaxed);
        self.due.store(due.max(now), Relaxed);
    }
}

/// Unix ms.
fn now() -> u64 {
    u64::try_from(unix_time().as_millis()).unwrap_or(u64::MAX)
}

unsafe extern "C" fn fire(context: *mut raw::RedisModuleCtx, timer: *mut c_void) {
    guarded(|| {
        // SAFETY: the pointer is that of a static timer, as it was set.
        let timer = unsafe { timer.cast::<Timer>().as_ref() };
        // SAFETY: the server passed the context.
        if let (Some(timer), Some(context)) = (timer, unsafe { Context::new(context) }) {
            timer.due.store(0, Relaxed);
            if let Some(on_timer) = timer.on_timer.get() {
                on_timer(&context);
            }
        }
    });
}
